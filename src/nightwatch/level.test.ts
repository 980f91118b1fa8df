import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { anySettings, defaults } from "../../test/drift-counts.ts";
import { driftLevels } from "../api/v1alpha1/nightwatch.ts";
import { levelOf, percentOf } from "./level.ts";

describe("the level (D5)", () => {
  it.each([
    [0, "Normal"],
    [0.09999999999999998, "Normal"],
    [0.1, "Minor"],
    [0.19999999999999998, "Minor"],
    [0.2, "Moderate"],
    [0.39999999999999997, "Moderate"],
    [0.4, "Severe"],
    [0.6999999999999998, "Severe"],
    [0.7, "Critical"],
    [1, "Critical"],
  ])("of %d is %s: thresholds are inclusive", (score, level) => {
    expect(levelOf(score, defaults.thresholds)).toBe(level);
  });
});

describe("the percentage (D6)", () => {
  it.each([
    [0.09999999999999998, 9, "rounds down"],
    [0.19999999999999998, 19, "stays below the level that was not reached, though times 100 it is 20"],
    [0.2, 20, "is exact where the score is"],
    [0.999, 99, "rounds down at the top too"],
    [1, 100, "ends at 100"],
  ])("of %d is %d: it %s", (score, percent) => {
    expect(percentOf(score, defaults.thresholds)).toBe(percent);
  });

  it("reaches a threshold together with the level, though 0.29 times 100 is below 29", () => {
    expect(percentOf(0.29, { ...defaults.thresholds, moderatePercent: 29 })).toBe(29);
  });

  const nearThreshold = fc
    .tuple(fc.nat(100), fc.integer({ min: -3, max: 3 }))
    .map(([percent, steps]) => Math.min(1, Math.max(0, percent / 100 + steps * 2 ** -54)));

  it("never contradicts the level, whatever the thresholds", () => {
    fc.assert(
      fc.property(
        fc.oneof(nearThreshold, fc.double({ min: 0, max: 1, noNaN: true })),
        anySettings,
        (score, settings) => {
          const { minorPercent, moderatePercent, severePercent, criticalPercent } = settings.thresholds;
          const percent = percentOf(score, settings.thresholds);
          const reached = [minorPercent, moderatePercent, severePercent, criticalPercent].filter((t) => percent >= t);
          expect(levelOf(score, settings.thresholds)).toBe(driftLevels[reached.length]);
          expect(Math.abs(percent - score * 100)).toBeLessThan(1 + 1e-9);
        },
      ),
      { numRuns: 2000 },
    );
  });
});
