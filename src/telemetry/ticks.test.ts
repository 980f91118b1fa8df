import { describe, expect, it } from "vitest";
import { NOON } from "../../test/builders.ts";
import { nextEvaluation } from "../nightwatch/evaluation-time.ts";
import { createTicks } from "./ticks.ts";

const grid = { agentUID: "uid-sentinel", intervalSeconds: 300 };
const first = nextEvaluation(grid.agentUID, grid.intervalSeconds, NOON);

describe("what runs", () => {
  it("is due at the next tick of its agent's grid after it was first looked at, and at each one after (D8, D10)", () => {
    const ticks = createTicks();
    expect(ticks.due("pod", grid, NOON)).toBeUndefined();
    expect(ticks.next("pod", grid, NOON)).toBe(first);
    expect(ticks.due("pod", grid, first)).toBe("evaluation");
    ticks.done("pod", { what: "evaluation" }, first + 40);
    expect(ticks.due("pod", grid, first + 40)).toBeUndefined();
    expect(ticks.next("pod", grid, first + 40)).toBe(first + 300_000);
  });

  it("that was looked at late is due once, not once for each tick that was missed", () => {
    const ticks = createTicks();
    ticks.due("pod", grid, NOON);
    const late = first + 3 * 300_000 + 10_000;
    expect(ticks.due("pod", grid, late)).toBe("evaluation");
    ticks.done("pod", { what: "evaluation" }, late);
    expect(ticks.due("pod", grid, late)).toBeUndefined();
    expect(ticks.next("pod", grid, late)).toBe(first + 4 * 300_000);
  });

  it("that has more to read is read again 5 s later, and that is no evaluation (S5)", () => {
    const ticks = createTicks();
    ticks.due("pod", grid, NOON);
    ticks.done("pod", { what: "evaluation", hasMore: true }, NOON);
    expect(ticks.next("pod", grid, NOON)).toBe(Math.min(NOON + 5000, first));
    expect(ticks.due("pod", grid, NOON + 5000)).toBe("reading");
    ticks.done("pod", { what: "reading" }, NOON + 5000);
    expect(ticks.due("pod", grid, NOON + 5000)).toBeUndefined();
    expect(ticks.due("pod", grid, first)).toBe("evaluation");
  });

  it.each<[number, number | undefined, string]>([
    [1, undefined, "1 MiB is not more than 1 MiB"],
    [2, 50, "half the time for twice as much"],
    [10, 10, "a tenth of it"],
    [1000, 5, "never sooner than 5 s"],
  ])("that wrote %d MiB in 100 s is read again after %s s (S5: %s)", (mebibytes, seconds) => {
    const [ticks, far] = [createTicks(), { ...grid, intervalSeconds: 100_000 }];
    ticks.due("pod", far, NOON);
    const now = NOON + 100_000;
    ticks.done("pod", { what: "evaluation", bytes: mebibytes * 1024 * 1024 }, now);
    const next = ticks.next("pod", far, now);
    if (seconds === undefined) expect(next).toBe(nextEvaluation(far.agentUID, far.intervalSeconds, now));
    else expect(next).toBe(now + 1000 * seconds);
  });

  it("that is asked for is due at once, and a reading does not answer that (C6)", () => {
    const ticks = createTicks();
    ticks.due("pod", grid, NOON);
    ticks.ask("pod", NOON);
    expect(ticks.due("pod", grid, NOON)).toBe("evaluation");
    ticks.done("pod", { what: "reading" }, NOON);
    expect(ticks.due("pod", grid, NOON)).toBe("evaluation");
    ticks.done("pod", { what: "evaluation" }, NOON);
    expect(ticks.due("pod", grid, NOON)).toBeUndefined();
  });

  it("that is asked for is due when whoever looks lets as much time pass as others need first (C6)", () => {
    const ticks = createTicks();
    ticks.due("agent", grid, NOON);
    ticks.ask("agent", NOON + 1000);
    expect(ticks.due("agent", grid, NOON + 999)).toBeUndefined();
    expect(ticks.next("agent", grid, NOON)).toBe(NOON + 1000);
    expect(ticks.due("agent", grid, NOON + 1000)).toBe("evaluation");
  });

  it("was last evaluated when it was, whatever was only read since", () => {
    const ticks = createTicks();
    expect(ticks.evaluatedAt("pod")).toBeUndefined();
    ticks.due("pod", grid, NOON);
    expect(ticks.evaluatedAt("pod")).toBe(NOON);
    ticks.done("pod", { what: "evaluation" }, first);
    ticks.done("pod", { what: "reading" }, first + 5000);
    expect(ticks.evaluatedAt("pod")).toBe(first);
    ticks.forget("pod");
    expect(ticks.evaluatedAt("pod")).toBeUndefined();
  });

  it("is as fresh as the evidence of its looks, the newest that there was (D9)", () => {
    const ticks = createTicks();
    expect(ticks.freshAt("pod")).toBeUndefined();
    ticks.due("pod", grid, NOON);
    expect(ticks.freshAt("pod")).toBe(NOON);
    ticks.done("pod", { what: "evaluation", freshAt: NOON + 10 }, NOON + 20);
    ticks.done("pod", { what: "evaluation" }, NOON + 30);
    ticks.done("pod", { what: "evaluation", freshAt: NOON + 5 }, NOON + 40);
    expect(ticks.freshAt("pod")).toBe(NOON + 10);
  });

  it("that was postponed is due again within 1.25 s, each at a moment of its own, and not postponed for good", () => {
    const ticks = createTicks();
    const uids = Array.from({ length: 1000 }, (_, n) => `pod-${n}`);
    const times = uids.map((uid) => {
      ticks.due(uid, grid, NOON);
      ticks.postpone(uid, first);
      expect(ticks.due(uid, grid, first)).toBeUndefined();
      const again = ticks.next(uid, grid, first);
      expect(ticks.due(uid, grid, again)).toBe("evaluation");
      ticks.done(uid, { what: "evaluation" }, again);
      expect(ticks.next(uid, grid, again)).toBe(first + 300_000);
      return again - first;
    });
    expect([Math.min(...times), Math.max(...times)].map((ms) => Math.round(ms / 50) * 50)).toEqual([250, 1250]);
    const tenths = Map.groupBy(times, (ms) => Math.floor((ms - 250) / 100));
    expect(Math.max(...tenths.values().map(({ length }) => length))).toBeLessThan(150);
  });

  it("goes on at the next tick when the clock was set back an hour", () => {
    const ticks = createTicks();
    ticks.due("pod", grid, NOON);
    ticks.done("pod", { what: "evaluation" }, NOON);
    expect(ticks.next("pod", grid, NOON - 3_600_000)).toBe(first - 3_600_000);
  });

  it("begins anew once it was forgotten", () => {
    const ticks = createTicks();
    ticks.due("pod", grid, NOON);
    ticks.forget("pod");
    expect(ticks.due("pod", grid, first + 10_000)).toBeUndefined();
  });
});
