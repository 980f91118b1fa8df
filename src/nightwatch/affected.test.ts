import { describe, expect, it } from "vitest";
import { NOON, noonPlus } from "../../test/builders.ts";
import { counts, defaults } from "../../test/drift-counts.ts";
import { type Affected, affectedSince, joinStorm, nextAffected } from "./affected.ts";
import type { Counters } from "./counters.ts";
import type { Bucket } from "./window.ts";

const later = (seconds: number) => NOON + seconds * 1000;
const bucket = (at: number, some: Partial<Counters>): Bucket => ({ start: noonPlus(at), ...counts(some) });
const bad = (at: number) => bucket(at, { lines: 4, errorLines: 4 });
const good = (at: number) => bucket(at, { lines: 4 });
const grid = (seconds: number) => ({ now: later(seconds), windowSeconds: 3600, windowStart: noonPlus(-600) });

/** One evaluation at which just these buckets came. */
const after = (before: Affected | undefined, at: number, came: readonly Bucket[], storm?: number) =>
  nextAffected(
    before,
    { fresh: came, added: came, ...(storm === undefined ? {} : { storm: later(storm) }) },
    defaults,
    grid(at),
  );

describe("an agent is affected (C6)", () => {
  it.each<[string, Partial<Counters>, boolean]>([
    [
      "when its fresh evidence is Minor: 1 of 7 lines and 1 of 2 commands",
      { lines: 7, errorLines: 1, commands: 2, failedCommands: 1 },
      true,
    ],
    ["not when it is just below: 1 of 7 lines", { lines: 7, errorLines: 1 }, false],
    ["from 3 samples on", { lines: 3, errorLines: 3 }, true],
    ["by 2 samples never", { lines: 2, errorLines: 2 }, false],
    ["by failed health checks alone", { healthChecks: 3 }, true],
    ["not when nothing came", {}, false],
  ])("%s", (_, came, expected) => {
    expect(after(undefined, 0, [bucket(0, came)]) !== undefined).toBe(expected);
  });

  it("since the evaluation that first found it so, whose evidence counts from the onset", () => {
    expect(after(undefined, 10, [bad(10)])).toEqual({
      since: noonPlus(10),
      buckets: [{ ...bad(0), start: noonPlus(0) }],
    });
  });

  it("at the thresholds and weights of its window", () => {
    const deaf = {
      ...defaults,
      weights: { errorRatePercent: 0, commandSuccessRatePercent: 0, healthScorePercent: 100 },
    };
    expect(nextAffected(undefined, { fresh: [bad(0)], added: [bad(0)] }, deaf, grid(0))).toBeUndefined();
  });
});

describe("an affected agent (C6)", () => {
  const onset = after(undefined, 0, [bad(0)]);

  it("keeps its onset and gathers what comes while it drifts on", () => {
    const next = after(onset, 300, [bad(300)]);
    expect(next).toEqual({ since: noonPlus(0), buckets: [bad(0), bad(300)] });
  });

  it("stays affected by fewer than 3 samples, which are gathered all the same", () => {
    const one = bucket(300, { lines: 1 });
    expect(after(onset, 300, [one])).toEqual({ since: noonPlus(0), buckets: [bad(0), one] });
  });

  it("is forgotten when its fresh evidence is in order, without a storm", () => {
    expect(after(onset, 300, [good(300)])).toBeUndefined();
  });

  it("in a storm stays, notes since when it is in order, and gathers on until the storm's end", () => {
    const inOrder = after(onset, 300, [good(300)], 60);
    expect(inOrder).toEqual({
      since: noonPlus(0),
      storm: noonPlus(60),
      until: noonPlus(300),
      buckets: [bad(0), good(300)],
    });
    expect(affectedSince(inOrder === undefined ? {} : { affected: inOrder })).toBeUndefined();
    const still = after(inOrder, 600, [good(600)], 60);
    expect(still).toMatchObject({ until: noonPlus(300), buckets: [{}, {}, good(600)] });
  });

  it("that drifts again in the same storm is affected since its first onset", () => {
    const inOrder = after(onset, 300, [good(300)], 60);
    const again = after(inOrder, 600, [bad(600)], 60);
    expect(again).not.toHaveProperty("until");
    expect(affectedSince(again === undefined ? {} : { affected: again })).toBe(NOON);
  });

  it("joins a storm once", () => {
    const affected = { since: noonPlus(0) };
    expect(joinStorm(joinStorm(affected, later(60)), later(999))).toEqual({ ...affected, storm: noonPlus(60) });
    expect(joinStorm(affected, undefined)).toBe(affected);
  });

  it("that becomes so in a storm is part of it from its onset", () => {
    expect(after(undefined, 300, [bad(300)], 60)).toMatchObject({ since: noonPlus(300), storm: noonPlus(60) });
  });

  it("holds what is new of the window, not what the previous evaluation was given: health that no status held", () => {
    const quiet = bucket(-300, { healthChecks: 9, healthyChecks: 9 });
    const first = nextAffected(undefined, { fresh: [bad(0)], added: [quiet, bad(0)] }, defaults, grid(0));
    expect(first?.buckets).toEqual([bad(0)]);
    const next = nextAffected(
      first,
      { fresh: [bad(600)], added: [bucket(300, { healthChecks: 9 }), bad(600)] },
      defaults,
      grid(600),
    );
    expect(next?.buckets?.map(({ healthChecks }) => healthChecks)).toEqual([0, 9, 0]);
  });
});
