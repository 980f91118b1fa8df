import { describe, expect, it } from "vitest";
import { NOON, noonPlus } from "../../test/builders.ts";
import { counts, defaults } from "../../test/drift-counts.ts";
import { withoutStorm } from "./after-storm.ts";
import type { Counters } from "./counters.ts";
import { type DriftBefore, nextDrift } from "./drift.ts";
import type { Judgement } from "./judgement.ts";

const later = (seconds: number) => NOON + seconds * 1000;

/** Evaluations one after the other: when, what came, and whether a storm is on since noon. */
function live(...evaluations: readonly (readonly [number, Partial<Counters>, "storm"?])[]): Judgement {
  let before: DriftBefore = {};
  let judged: Judgement | undefined;
  for (const [seconds, came, storm] of evaluations) {
    const at = later(seconds);
    const evidence = { counts: counts(came), at, health: [], isStale: false, storm: storm && NOON };
    judged = nextDrift(before, evidence, defaults, at);
    before = { drift: judged.drift };
  }
  return judged!;
}

describe("after a storm (C6)", () => {
  const calm = [-600, { lines: 40, errorLines: 2 }] as const;
  const hit = [-10, { lines: 20, errorLines: 20 }] as const;
  const stormy = [300, { lines: 20, errorLines: 20 }, "storm"] as const;
  const calmAgain = [600, { lines: 20 }, "storm"] as const;

  it("what came between the onset and its end is taken out, and what is left is judged", () => {
    const judged = live(calm, hit, stormy, calmAgain);
    expect(judged.drift).toMatchObject({
      level: "Moderate",
      samples: 100,
      affected: { storm: noonPlus(0), until: noonPlus(600) },
    });
    const after = withoutStorm(judged, defaults, later(601));
    expect(after).toMatchObject({
      drifted: { status: "False", reason: "Normal" },
      message: "3 %: 2 of 40 lines were errors",
      isNews: true,
    });
    expect(after.drift).toMatchObject({
      counts: counts({ lines: 40, errorLines: 2 }),
      lastEvaluationTime: noonPlus(601),
    });
    expect(after.drift).not.toHaveProperty("affected");
  });

  it("what came before the onset in the same part of the window stays", () => {
    const judged = live([0, { lines: 40, errorLines: 2 }], [10, { lines: 20, errorLines: 20 }, "storm"]);
    expect(judged.drift.buckets).toHaveLength(1);
    expect(withoutStorm(judged, defaults, later(20)).drift.counts).toEqual(counts({ lines: 40, errorLines: 2 }));
  });

  it("an agent whose window began in the storm has no level any more (D4)", () => {
    const after = withoutStorm(live(hit, stormy), defaults, later(301));
    expect(after.drift).toMatchObject({ level: "Normal", samples: 0, buckets: [] });
    expect(after.drift).not.toHaveProperty("scorePercent");
    expect(after.drifted.reason).toBe("InsufficientSamples");
  });

  it("stale evidence stays stale (D9)", () => {
    const judged = { ...live(calm, hit, stormy), drifted: { status: "Unknown", reason: "StaleEvidence" } } as const;
    expect(withoutStorm(judged, defaults, later(301)).drifted.reason).toBe("StaleEvidence");
  });

  it("an agent that was no part of it stays as it is", () => {
    const judged = live(calm);
    expect(withoutStorm(judged, defaults, later(601))).toBe(judged);
  });
});
