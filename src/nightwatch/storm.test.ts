import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { NOON, noonPlus } from "../../test/builders.ts";
import {
  needsRound,
  stormBeganEvent,
  stormBegins,
  stormCondition,
  stormEndedEvent,
  stormEnds,
  type StormMember,
} from "./storm.ts";

const ago = (seconds: number) => NOON - seconds * 1000;
const guard = { now: NOON, intervalSeconds: 300, percent: 30 };

/** So many running agents, of which the first few are affected since so many seconds. */
const group = (running: number, affected: number, since = 60): StormMember[] =>
  Array.from({ length: running }, (_, n) => ({ uid: `u${n}`, ...(n < affected ? { affectedSince: ago(since) } : {}) }));

describe("a storm begins (C6)", () => {
  it.each<[number, number, number, number, boolean, string]>([
    [3, 3, 60, 30, true, "all of three"],
    [2, 2, 60, 30, false, "two are no storm"],
    [9, 3, 60, 30, true, "a third"],
    [10, 3, 60, 30, false, "30 % are not more than 30 %"],
    [1000, 301, 60, 30, true, "30.1 %"],
    [9, 3, 600, 30, true, "an onset two intervals ago"],
    [9, 3, 601, 30, false, "an onset before that is no news"],
    [3, 3, 60, 100, false, "100 % is off"],
    [4, 3, 60, 0, true, "any share, with three at least"],
    [4, 0, 60, 0, false, "none"],
  ])(
    "of %i running agents, %i affected since %i s, at a guard of %i %%: %s (%s)",
    (running, affected, since, percent, expected) => {
      expect(stormBegins(group(running, affected, since), { ...guard, percent }) !== undefined).toBe(expected);
    },
  );

  it("with the share, the earliest onset and who was affected by it", () => {
    const members = [
      ...group(4, 3, 60),
      { uid: "early", affectedSince: ago(500) },
      { uid: "chronic", affectedSince: ago(9999) },
    ];
    expect(stormBegins(members, guard)).toEqual({
      begin: NOON,
      onset: ago(500),
      affected: ["u0", "u1", "u2", "early"],
      running: 6,
    });
  });

  it("whenever three more than before and more than the share are affected: never for fewer", () => {
    fc.assert(
      fc.property(fc.nat(200), fc.nat(200), fc.nat(100), (a, b, percent) => {
        const [affected, running] = [Math.min(a, b), Math.max(a, b)];
        const begins = stormBegins(group(running, affected), { ...guard, percent }) !== undefined;
        expect(begins).toBe(affected >= 3 && affected / running > percent / 100);
      }),
    );
  });
});

describe("a storm ends (C6)", () => {
  const begun = { affected: ["u0", "u1", "u2", "u3"] };

  it.each<[number, boolean]>([
    [4, false],
    [2, false],
    [1, true],
    [0, true],
  ])("of four at its begin %i are still affected: %s", (still, expected) => {
    expect(stormEnds(begun, group(10, still))).toBe(expected);
  });

  it("whoever does not run any more, or is affected only since, is not one that still is", () => {
    const others = Array.from({ length: 9 }, (_, n) => ({ uid: `other${n}`, affectedSince: ago(10) }));
    expect(stormEnds(begun, [...group(1, 1), ...others])).toBe(true);
    expect(stormEnds(begun, [...group(2, 2), ...others])).toBe(false);
  });

  it("that nobody was affected by", () => {
    expect(stormEnds({ affected: [] }, group(3, 3))).toBe(true);
  });
});

describe("before a Reload or stronger (C6)", () => {
  const members = [
    { uid: "fresh", lastEvaluation: ago(10) },
    { uid: "old", lastEvaluation: ago(10.001) },
    { uid: "never" },
  ];

  it("those are evaluated whose last evaluation is older than 10 s", () => {
    expect(needsRound(members, guard)).toEqual(["old", "never"]);
  });

  it("where half an interval is less than 10 s, those whose last evaluation is older than that", () => {
    const recent = [2.5, 2.6].map((seconds) => ({ uid: `${seconds}`, lastEvaluation: ago(seconds) }));
    expect(needsRound(recent, { ...guard, intervalSeconds: 5 })).toEqual(["2.6"]);
  });

  it("at most once an interval", () => {
    expect(needsRound(members, { ...guard, lastRound: ago(299) })).toEqual([]);
    expect(needsRound(members, { ...guard, lastRound: ago(300) })).toEqual(["old", "never"]);
  });
});

describe("a storm in words", () => {
  const storm = { begin: NOON, onset: ago(240), affected: ["a", "b", "c"], running: 8 };
  const message =
    `3 of 8 running agents (37 %) began to drift since ${noonPlus(-240)}: one incident, such as a provider or a node that is down; ` +
    "nothing is reloaded, restarted or paused until fewer than half of them drift";

  it("names the share and the onset", () => {
    expect(stormCondition(storm)).toEqual({ type: "StormGuard", status: "True", reason: "Storm", message });
    expect(stormBeganEvent(storm)).toMatchObject({ type: "Warning", reason: "StormBegan", note: message });
  });

  it("says when it is over", () => {
    expect(stormCondition(undefined)).toMatchObject({ status: "False", reason: "NoStorm" });
    expect(stormEndedEvent(storm).note).toMatch(
      /^fewer than half of the 3 agents that drifted at 2026-03-01T12:00:00Z/,
    );
  });
});
