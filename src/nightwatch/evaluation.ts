import type { DriftLevel, Nightwatch } from "../api/v1alpha1/nightwatch.ts";
import { samplesOf, type Counters } from "./counters.ts";
import { levelOf, percentOf } from "./level.ts";
import { ratesOf, scoreOf, termsOf, type Terms } from "./score.ts";

/** What of an agent's settings its score depends on. */
export type ScoreSettings = Pick<Nightwatch, "minSamples" | "thresholds" | "weights">;

/** What Nightwatch makes of some counts. */
export interface Evaluation {
  /** 0–1; exactly 0 without samples (D4). Computed below minSamples too, where it decides nothing. */
  readonly score: number;
  readonly terms: Terms;
  readonly level: DriftLevel;
  /** Absent below minSamples: an empty cell, not a 0 that nobody measured (D4). */
  readonly scorePercent?: number;
  readonly samples: number;
  readonly hasEnoughSamples: boolean;
}

/** Scores counts of a window, of one interval or of one log: whatever they were taken over (D2–D6). */
export function evaluate(counts: Counters, { minSamples, thresholds, weights }: ScoreSettings): Evaluation {
  const terms = termsOf(ratesOf(counts), weights);
  const score = scoreOf(terms);
  const samples = samplesOf(counts);
  const hasEnoughSamples = samples >= minSamples;
  if (!hasEnoughSamples) return { score, terms, level: "Normal", samples, hasEnoughSamples };
  const level = levelOf(score, thresholds);
  return { score, terms, level, scorePercent: percentOf(score, thresholds), samples, hasEnoughSamples };
}

/** The rates of D2 as whole percent, rounded down: computed in whole numbers, because 29 / 100 · 100 is below 29 in doubles. */
export interface RatePercents {
  readonly errorRatePercent: number;
  readonly commandSuccessRatePercent: number;
  readonly healthScorePercent: number;
}

export function ratePercentsOf(counts: Counters): RatePercents {
  const { lines, errorLines, commands, failedCommands, healthChecks, healthyChecks } = counts;
  return {
    errorRatePercent: lines === 0 ? 0 : percentage(errorLines, lines),
    commandSuccessRatePercent:
      commands > 0
        ? percentage(commands - failedCommands, commands)
        : lines === 0
          ? 100
          : percentage(lines - errorLines, lines),
    healthScorePercent: healthChecks === 0 ? 100 : percentage(healthyChecks, healthChecks),
  };
}

function percentage(part: number, whole: number): number {
  return Math.floor((100 * part) / whole);
}
