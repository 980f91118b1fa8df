import { describe, expect, it } from "vitest";
import { aCondition, NOON, noonPlus } from "../../test/builders.ts";
import { counts, defaults } from "../../test/drift-counts.ts";
import type { Counters } from "./counters.ts";
import { bucketsOfRead, type DriftBefore, type Evidence, freshDrift, nextDrift, withRead } from "./drift.ts";
import type { Judgement } from "./judgement.ts";
import type { Bucket } from "./window.ts";

const later = (seconds: number) => NOON + seconds * 1000;
const checks = (at: number, healthChecks: number, healthyChecks = healthChecks): Bucket => ({
  start: noonPlus(at),
  ...counts({ healthChecks, healthyChecks }),
});
const evidence = (some: Partial<Counters> = {}, more: Partial<Evidence> = {}): Evidence => ({
  counts: counts(some),
  at: NOON,
  health: [],
  isStale: false,
  ...more,
});

/** The status as the controller would write it after a judgement. */
const written = ({ drift, drifted }: Judgement): DriftBefore => ({
  drift,
  conditions: [aCondition("Drifted", drifted.status, drifted.reason)],
});
const thirtyOfHundred = () => nextDrift({}, evidence({ lines: 100, errorLines: 30 }), defaults, NOON);

describe("an evaluation of what was never evaluated", () => {
  it("says it all: figures, parts, the condition and why (D1–D6)", () => {
    const judged = nextDrift(
      {},
      evidence({ lines: 100, errorLines: 30 }, { health: [checks(0, 12)], cursor: { pod: "sentinel-1" } }),
      defaults,
      NOON,
    );
    const all = counts({ lines: 100, errorLines: 30, healthChecks: 12, healthyChecks: 12 });
    expect(judged).toMatchObject({
      drifted: { status: "True", reason: "Moderate" },
      message: "21 %: 30 of 100 lines were errors; 12 of 12 health checks passed",
      isNews: true,
    });
    expect(judged.drift).toEqual({
      level: "Moderate",
      scorePercent: 21,
      samples: 112,
      errorRatePercent: 30,
      commandSuccessRatePercent: 70,
      healthScorePercent: 100,
      counts: all,
      windowStart: noonPlus(0),
      buckets: [{ start: noonPlus(0), ...all }],
      lastEvaluationTime: noonPlus(0),
      cursor: { pod: "sentinel-1" },
      affected: { since: noonPlus(0), buckets: [{ start: noonPlus(0), ...all }] },
    });
  });

  it("gives no percentage and no level below minSamples (D4)", () => {
    const { drift, drifted } = nextDrift({}, evidence({ lines: 9, errorLines: 9 }), defaults, NOON);
    expect(drift).toMatchObject({ level: "Normal", samples: 9 });
    expect(drift).not.toHaveProperty("scorePercent");
    expect(drifted).toEqual({ status: "Unknown", reason: "InsufficientSamples" });
  });

  it("says False and Normal of an agent that is in order", () => {
    const { drift, drifted } = nextDrift({}, evidence({ lines: 10 }), defaults, NOON);
    expect(drift).toMatchObject({ level: "Normal", scorePercent: 0 });
    expect(drifted).toEqual({ status: "False", reason: "Normal" });
  });
});

describe("the next evaluation", () => {
  it("adds what came to what the status holds (D1)", () => {
    const { drift } = nextDrift(
      written(thirtyOfHundred()),
      evidence({ lines: 50 }, { at: later(300) }),
      defaults,
      later(300),
    );
    expect(drift).toMatchObject({ counts: { lines: 150, errorLines: 30 }, windowStart: noonPlus(0) });
    expect(drift.buckets).toHaveLength(2);
  });

  it("lets go of what is older than the window, however long the agent did not run (D11)", () => {
    const { drift, drifted } = nextDrift(
      written(thirtyOfHundred()),
      evidence({ lines: 10 }, { at: later(86_400) }),
      defaults,
      later(86_400),
    );
    expect(drift.counts).toEqual(counts({ lines: 10 }));
    expect(drifted.reason).toBe("Normal");
  });

  it("of stale evidence counts it and judges nothing by it; the one after that judges (D9)", () => {
    const stale = nextDrift({}, evidence({ lines: 100, errorLines: 30 }, { isStale: true }), defaults, NOON);
    expect(stale).toMatchObject({
      drifted: { status: "Unknown", reason: "StaleEvidence" },
      drift: { counts: { lines: 100 }, scorePercent: 21 },
      isNews: true,
    });
    expect(stale.message).toBe(
      "no fresh evidence for longer than two intervals of 300 s; of what is known: 21 %: 30 of 100 lines were errors",
    );
    const next = nextDrift(written(stale), evidence({}, { at: later(300) }), defaults, later(300));
    expect(next).toMatchObject({ drifted: { status: "True", reason: "Moderate" }, isNews: true });
  });

  it("keeps where counting stands unless the evidence says otherwise (S5)", () => {
    const before = nextDrift(
      {},
      evidence({ lines: 10 }, { cursor: { lines: 1 }, runs: [{ name: "a", uid: "1" }] }),
      defaults,
      NOON,
    );
    const next = nextDrift(written(before), evidence({ lines: 1 }, { cursor: { lines: 2 } }), defaults, later(300));
    expect(next.drift).toMatchObject({ cursor: { lines: 2 }, runs: [{ name: "a", uid: "1" }] });
  });
});

describe("an evaluation is news (D12)", () => {
  const before = written(thirtyOfHundred());
  const at = { at: later(300) };

  it.each<[string, boolean, DriftBefore, Evidence, number]>([
    ["where nothing came", false, before, evidence({}, at), 300],
    ["where health checks passed", false, before, evidence({}, { ...at, health: [checks(290, 10)] }), 300],
    ["where a line came that changes no figure", true, before, evidence({ lines: 1 }, at), 300],
    ["where a command came", true, before, evidence({ commands: 1 }, at), 300],
    ["where failed checks move the score", true, before, evidence({}, { ...at, health: [checks(290, 10, 5)] }), 300],
    ["where the evidence has become stale", true, before, evidence({}, { ...at, isStale: true }), 300],
    ["where the last bad line is too old now", true, before, evidence({}, at), 7200],
    ["where nobody has written Drifted yet", true, { drift: before.drift! }, evidence({}, at), 300],
    [
      "of an agent that said nothing, as before",
      false,
      written(nextDrift({}, evidence(), defaults, NOON)),
      evidence(),
      300,
    ],
  ])("%s: %s", (_, expected, status, came, seconds) => {
    // As long as it drifts by no fresh evidence, onset and end of being affected are no news here.
    const { affected: _affected, ...drift } = status.drift ?? {};
    expect(nextDrift({ ...status, drift }, came, defaults, later(seconds)).isNews).toBe(expected);
  });

  it("when thresholds change the level of the same figures", () => {
    const strict = { ...defaults, thresholds: { ...defaults.thresholds, severePercent: 21 } };
    expect(nextDrift(before, evidence({}, at), strict, later(300))).toMatchObject({
      isNews: true,
      drift: { level: "Severe" },
    });
  });

  it("when an agent has come to be affected, though its score stays", () => {
    const calm = written(nextDrift({}, evidence({}, { health: [checks(0, 100, 0)] }), defaults, NOON));
    const { affected: _, ...drift } = calm.drift ?? {};
    const next = nextDrift(
      { ...calm, drift },
      evidence({}, { ...at, health: [checks(290, 10, 0)] }),
      defaults,
      later(300),
    );
    expect(next).toMatchObject({ isNews: true, drift: { scorePercent: 30, affected: { since: noonPlus(300) } } });
  });

  it("and only then moves lastEvaluationTime", () => {
    expect(nextDrift(before, evidence({}, at), defaults, later(300)).drift.lastEvaluationTime).toBe(noonPlus(0));
    expect(nextDrift(before, evidence({ lines: 1 }, at), defaults, later(300)).drift.lastEvaluationTime).toBe(
      noonPlus(300),
    );
  });

  it("and where it is not, the health checks that were not written count in the next one (S6)", () => {
    const quiet = [checks(290, 10)];
    const next = nextDrift(
      before,
      evidence({ lines: 1 }, { at: later(600), health: [checks(590, 10)], unwrittenHealth: quiet }),
      defaults,
      later(600),
    );
    expect(next.drift.counts).toMatchObject({ lines: 101, healthChecks: 20 });
  });
});

describe("what is only read (S5)", () => {
  const read = { counts: counts({ lines: 100, errorLines: 100 }), at: later(5), cursor: { lines: 7 } };

  it("is counted, and moves neither level nor score", () => {
    const calm = nextDrift({}, evidence({ lines: 10 }), defaults, NOON).drift;
    expect(withRead(calm, read, defaults, later(5))).toEqual({
      ...calm,
      samples: 110,
      errorRatePercent: 90,
      commandSuccessRatePercent: 9,
      counts: counts({ lines: 110, errorLines: 100 }),
      buckets: [{ start: noonPlus(0), ...counts({ lines: 110, errorLines: 100 }) }],
      cursor: { lines: 7 },
    });
  });

  it("is fresh evidence of the next evaluation, and counts from the onset (C6)", () => {
    const drift = withRead(undefined, read, defaults, later(5));
    const came = evidence({ lines: 1 }, { at: later(300), readBefore: bucketsOfRead(read) });
    const judged = nextDrift({ drift }, came, defaults, later(300));
    expect(judged.drift.counts).toMatchObject({ lines: 101, errorLines: 100 });
    expect(judged.drift.affected?.buckets?.map(({ lines }) => lines)).toEqual([100, 1]);
  });

  it("counts from the onset too of an agent that is affected already (C6)", () => {
    const drift = withRead(thirtyOfHundred().drift, read, defaults, later(5));
    expect(drift.affected?.buckets).toEqual(drift.buckets);
  });
});

describe("the window that a start, a correction or a resume begins (D7)", () => {
  it("is empty and keeps where counting stands", () => {
    const { drift } = nextDrift({}, evidence({ lines: 100, errorLines: 30 }, { cursor: { lines: 3 } }), defaults, NOON);
    expect(freshDrift(drift, later(7.9))).toEqual({
      level: "Normal",
      samples: 0,
      windowStart: noonPlus(7),
      lastEvaluationTime: noonPlus(0),
      cursor: { lines: 3 },
    });
  });

  it("keeps that the agent is part of a storm, without its evidence (C6)", () => {
    const { drift } = nextDrift({}, evidence({ lines: 9, errorLines: 9 }, { storm: NOON }), defaults, NOON);
    expect(freshDrift(drift, later(7)).affected).toEqual({ since: noonPlus(0), storm: noonPlus(0) });
  });

  it("is the same window for a quiet agent as no window at all: nothing to write (D12)", () => {
    const fresh = freshDrift(undefined, NOON);
    const next = nextDrift(
      { drift: fresh, conditions: [aCondition("Drifted", "Unknown", "InsufficientSamples")] },
      evidence(),
      defaults,
      later(300),
    );
    expect(next.isNews).toBe(false);
  });

  it("counts what was read late when it was written, and what is older than the window not at all (D1)", () => {
    const buckets = [
      { start: noonPlus(-7200), ...counts({ lines: 50, errorLines: 50 }) },
      { start: noonPlus(-1800), ...counts({ lines: 10 }) },
    ];
    const before = { drift: { ...freshDrift(undefined, NOON - 10_800_000) } };
    const late = { ...evidence({ lines: 60, errorLines: 50 }, { at: NOON }), buckets };
    const { drift } = nextDrift(before, late, defaults, NOON);
    expect(drift.counts).toMatchObject({ lines: 10, errorLines: 0 });
    expect(drift.buckets?.map(({ start }) => start)).toEqual([noonPlus(-1800)]);
  });
});
