import { describe, expect, it } from "vitest";
import type { Condition } from "../kube/types.ts";
import { condition, nextConditions, type Standing, standingConditions } from "./conditions.ts";

const THEN = "2026-03-01T11:00:00Z";
const NOW = "2026-03-01T12:00:00Z";

const ready = (status: "True" | "False", more: Partial<Condition> = {}): Condition => ({
  type: "Ready",
  status,
  observedGeneration: 1,
  lastTransitionTime: THEN,
  reason: "Running",
  message: "",
  ...more,
});

const standing = (parts: Partial<Standing> = {}): Standing => ({
  ready: "True",
  reason: "Running",
  message: "m",
  ...parts,
});

const next = (before: readonly Condition[] | undefined, parts: Partial<Standing>) =>
  nextConditions(before, standingConditions(standing(parts)), 2, NOW);

describe("the next conditions", () => {
  it("are those of metav1, of the generation that was looked at", () => {
    expect(next(undefined, {})).toEqual([
      {
        type: "Ready",
        status: "True",
        observedGeneration: 2,
        lastTransitionTime: NOW,
        reason: "Running",
        message: "m",
      },
    ]);
  });

  it.each([
    ["keep their time while the status is the same, whatever the reason", "True", THEN],
    ["take the time when the status changes", "False", NOW],
  ] as const)("%s", (_, status, time) => {
    const [first] = next([ready("True", { reason: "PassFinished" })], { ready: status });
    expect(first?.lastTransitionTime).toBe(time);
  });

  it.each([
    ["Reconciling", ["Ready", "Reconciling", "Drifted"]],
    ["Stalled", ["Ready", "Stalled", "Drifted"]],
    [undefined, ["Ready", "Drifted"]],
  ] as const)("hold %s alone beside Ready, in one order, and leave others' conditions", (also, types) => {
    const before = [
      { ...ready("True"), type: "Drifted" },
      { ...ready("True"), type: "Stalled" },
      { ...ready("True"), type: "Reconciling" },
      ready("True"),
    ];
    const after = next(before, also === undefined ? {} : { ready: "False", also });
    expect(after.map(({ type }) => type)).toEqual(types);
    expect(condition(after, "Drifted")).toEqual(before[0]);
  });

  it("cut a message that the API server would refuse, and no character in two", () => {
    const long = next(undefined, { message: "x".repeat(32_768) })[0]?.message;
    expect(long).toHaveLength(32_768);
    const cut = next(undefined, { message: `${"x".repeat(32_765)}😀😀` })[0]?.message ?? "";
    expect(cut.length).toBeLessThanOrEqual(32_768);
    expect(cut.endsWith("…")).toBe(true);
    expect(cut.isWellFormed()).toBe(true);
  });
});
