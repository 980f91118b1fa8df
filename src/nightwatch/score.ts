import type { Nightwatch } from "../api/v1alpha1/nightwatch.ts";
import type { Counters } from "./counters.ts";

/** The three rates of D2, each 0–1. */
export interface Rates {
  readonly errorRate: number;
  readonly commandSuccessRate: number;
  readonly healthScore: number;
}

/** What each rate adds to the score, its weight included. */
export interface Terms {
  readonly errorRate: number;
  readonly commandSuccessRate: number;
  readonly healthScore: number;
}

/** D2. Where no command was seen, lines alone say how well the agent does; where nothing was seen, nothing is wrong. */
export function ratesOf(counts: Counters): Rates {
  const errorRate = counts.lines === 0 ? 0 : counts.errorLines / counts.lines;
  return {
    errorRate,
    commandSuccessRate: counts.commands === 0 ? 1 - errorRate : 1 - counts.failedCommands / counts.commands,
    healthScore: counts.healthChecks === 0 ? 1 : counts.healthyChecks / counts.healthChecks,
  };
}

/** D3. Percent divided by 100 is the same double as the decimal that is meant: 40 / 100 is 0.4. */
export function termsOf(rates: Rates, weights: Nightwatch["weights"]): Terms {
  return {
    errorRate: (weights.errorRatePercent / 100) * rates.errorRate,
    commandSuccessRate: (weights.commandSuccessRatePercent / 100) * (1 - rates.commandSuccessRate),
    healthScore: (weights.healthScorePercent / 100) * (1 - rates.healthScore),
  };
}

/** D3: 0–1, in doubles, left to right; reordered, 20 errors in 100 lines would no longer be exactly 0.2 (D5). */
export function scoreOf(terms: Terms): number {
  return terms.errorRate + terms.commandSuccessRate + terms.healthScore;
}
