import { describe, expect, it } from "vitest";
import { defaultSpec, NOON, noonPlus } from "../../../test/builders.ts";
import type { PodEnd } from "../../workloads/pod-end.ts";
import {
  afterEnd,
  cooldownSeconds,
  isBudgetSpent,
  policyOf,
  restartDefaults,
  type RestartStatus,
  withFreshBudget,
} from "./restart.ts";

const policy = { cooldownSeconds: 60, maxRestarts: 2, windowSeconds: 3600 };

const failure: PodEnd = { class: "AgentError", code: 1, reason: "Error", time: noonPlus(-10) };
const success: PodEnd = { class: "Success", code: 0, reason: "Completed", time: noonPlus(-10) };
const eviction: PodEnd = { class: "Evicted", reason: "Evicted" };

const failed = (...secondsFromNoon: readonly number[]): RestartStatus => ({
  failuresInWindow: secondsFromNoon.length,
  consecutiveFailures: secondsFromNoon.length,
  failureTimes: secondsFromNoon.map(noonPlus),
  lastFailureTime: noonPlus(secondsFromNoon.at(-1) ?? 0),
});

const after = (before: RestartStatus | undefined, end: PodEnd) => afterEnd(before, { start: 7, end }, policy, NOON);

describe("the cooldown (L2)", () => {
  it.each([
    [60, 1, 60],
    [60, 2, 120],
    [60, 4, 480],
    [60, 5, 600],
    [60, 5000, 600],
    [1, 11, 600],
    [900, 1, 900],
    [900, 9, 900],
  ])("of %i s is, after %i failures in a row, %i s", (cooldown, failures, seconds) => {
    expect(cooldownSeconds({ ...policy, cooldownSeconds: cooldown }, failures)).toBe(seconds);
  });
});

describe("the record of restarts after an end (L2, L3)", () => {
  it("says how it ended, when, and when the next start is", () => {
    expect(after(undefined, failure)).toEqual({
      failuresInWindow: 1,
      consecutiveFailures: 1,
      failureTimes: [noonPlus(-10)],
      lastFailureTime: noonPlus(-10),
      nextStartTime: noonPlus(50),
      lastExit: { start: 7, class: "AgentError", code: 1, reason: "Error", time: noonPlus(-10) },
    });
  });

  it.each([
    ["a failure counts, and lengthens the row", failure, { failuresInWindow: 3, consecutiveFailures: 3 }],
    ["a finished pass does not count, and ends the row", success, { failuresInWindow: 2, consecutiveFailures: 0 }],
    ["an eviction does not count, and leaves the row", eviction, { failuresInWindow: 2, consecutiveFailures: 2 }],
  ])("%s", (_, end, counts) => {
    expect(after(failed(-600, -300), end)).toMatchObject(counts);
  });

  it.each([
    ["a finished pass", success, 50],
    ["an eviction that nobody timed", eviction, 60],
    ["a third failure", failure, 230],
  ])("lets the next start wait after %s", (_, end, seconds) => {
    expect(after(failed(-600, -300), end).nextStartTime).toBe(noonPlus(seconds));
  });

  it("forgets failures that left the window", () => {
    expect(after(failed(-3600, -3599), failure)).toMatchObject({
      failuresInWindow: 2,
      failureTimes: [noonPlus(-3599), noonPlus(-10)],
    });
  });

  it("keeps no more failures than the budget needs to be spent", () => {
    const many = after(failed(-50, -40, -30, -20), failure);
    expect(many.failureTimes).toEqual([-30, -20, -10].map(noonPlus));
    expect(isBudgetSpent(many, policy)).toBe(true);
  });

  it("takes our own time where a node's clock runs ahead", () => {
    const early = after(undefined, { ...failure, time: noonPlus(3600) });
    expect(early.lastExit?.time).toBe(noonPlus(0));
    expect(early.nextStartTime).toBe(noonPlus(60));
  });
});

describe("the budget of restarts (L3)", () => {
  it.each([
    [2, false],
    [3, true],
  ])("of 2 restarts after %i failures is spent: %s", (failures, spent) => {
    expect(isBudgetSpent({ failuresInWindow: failures }, policy)).toBe(spent);
  });

  it("of no restarts is spent by the first failure", () => {
    const none = { ...policy, maxRestarts: 0 };
    expect(isBudgetSpent(afterEnd(undefined, { start: 1, end: failure }, none, NOON), none)).toBe(true);
  });

  it("is as new after a person's act, and the last exit stays known", () => {
    const { failureTimes: _, ...rest } = after(failed(-600, -300), failure);
    expect(withFreshBudget(after(failed(-600, -300), failure), NOON)).toEqual({
      ...rest,
      failuresInWindow: 0,
      consecutiveFailures: 0,
      nextStartTime: noonPlus(0),
    });
  });

  it("has Kubernetes-style defaults for what a spec leaves out", () => {
    expect(policyOf(defaultSpec)).toEqual(restartDefaults);
  });
});
