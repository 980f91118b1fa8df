import * as fc from "fast-check";
import { type Nightwatch, nightwatchDefaults } from "../src/api/v1alpha1/nightwatch.ts";
import { noCounts, type Counters } from "../src/nightwatch/counters.ts";
import type { ScoreSettings } from "../src/nightwatch/evaluation.ts";

/** Counts of what was seen; everything that is not named is 0. */
export const counts = (some: Partial<Counters>): Counters => ({ ...noCounts, ...some });

/** A whole and a part of it. */
const share = (most: number) => fc.nat(most).chain((whole) => fc.nat(whole).map((part) => ({ whole, part })));

/** Any counts that can happen: no part is greater than its whole. */
export const anyCounts = (most = 200): fc.Arbitrary<Counters> =>
  fc.tuple(share(most), share(most), share(most)).map(([lines, commands, checks]) => ({
    lines: lines.whole,
    errorLines: lines.part,
    commands: commands.whole,
    failedCommands: commands.part,
    healthChecks: checks.whole,
    healthyChecks: checks.part,
  }));

/** Any settings that the schema lets through: weights that sum to 100, thresholds that rise strictly. */
export const anySettings: fc.Arbitrary<ScoreSettings> = fc
  .record({
    cuts: fc.tuple(fc.nat(100), fc.nat(100)),
    thresholds: fc.uniqueArray(fc.integer({ min: 1, max: 100 }), { minLength: 4, maxLength: 4 }),
    minSamples: fc.integer({ min: 1, max: 50 }),
  })
  .map(({ cuts, thresholds, minSamples }) => {
    const [low, high] = [Math.min(...cuts), Math.max(...cuts)];
    const [minorPercent = 1, moderatePercent = 2, severePercent = 3, criticalPercent = 4] = thresholds.sort(
      (a, b) => a - b,
    );
    return {
      minSamples,
      thresholds: { minorPercent, moderatePercent, severePercent, criticalPercent },
      weights: {
        errorRatePercent: low,
        commandSuccessRatePercent: high - low,
        healthScorePercent: 100 - high,
      },
    };
  });

export const defaults: Nightwatch = nightwatchDefaults;
