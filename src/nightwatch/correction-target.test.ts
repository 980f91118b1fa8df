import { describe, expect, it } from "vitest";
import { counts, defaults } from "../../test/drift-counts.ts";
import { evidenceAt } from "../../test/judgements.ts";
import type { DriftLevel } from "../api/v1alpha1/nightwatch.ts";
import { farthestOff, levelOfTarget } from "./correction-target.ts";

describe("how far off a target is (C3)", () => {
  it.each<[DriftLevel, DriftLevel, DriftLevel]>([
    ["Severe", "Severe", "Severe"],
    ["Severe", "Minor", "Minor"],
    ["Minor", "Severe", "Minor"],
    ["Normal", "Critical", "Normal"],
  ])("of an agent at %s whose run is at %s by itself is %s", (level, own, expected) => {
    expect(levelOfTarget({ kind: "AgentRun", name: "r", counts: evidenceAt[own] }, level, defaults)).toBe(expected);
  });

  it("is its agent's level for a Pod, whose window is its own", () => {
    expect(levelOfTarget({ kind: "Pod", name: "p" }, "Severe", defaults)).toBe("Severe");
  });

  it("is Normal for a run of too few samples to judge (D4)", () => {
    const few = { kind: "AgentRun", name: "r", counts: counts({ lines: 9, errorLines: 9 }) } as const;
    expect(levelOfTarget(few, "Severe", defaults)).toBe("Normal");
  });
});

describe("of several runs", () => {
  const run = (name: string, own: Parameters<typeof counts>[0]) => ({ name, counts: counts(own) });

  it("the one that is farthest off is the one to correct", () => {
    const runs = [run("a", evidenceAt.Minor), run("b", evidenceAt.Severe), run("c", evidenceAt.Moderate)];
    expect(farthestOff(runs, defaults)?.name).toBe("b");
  });

  it("one of too few samples comes last", () => {
    expect(farthestOff([run("a", { lines: 2, errorLines: 2 }), run("b", { lines: 10 })], defaults)?.name).toBe("b");
  });

  it("none is to be corrected where none runs", () => {
    expect(farthestOff([], defaults)).toBeUndefined();
  });
});
