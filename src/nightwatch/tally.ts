import { addCounters, countSignal, noCounts, type Counters, type Counting } from "./counters.ts";
import type { RunResult, Signal, Usage } from "./signal.ts";

/** Everything that the signals of one run add up to: what AgentRun.status shows, and what drift is computed from. */
export interface Tally extends Counters {
  /** Requests to the provider that failed, rate limits aside. */
  readonly apiErrors: number;
  readonly rateLimits: number;
  /** The latest announced end of a rate limit. RFC 3339. */
  readonly rateLimitResetTime?: string;
  readonly unknownEvents: number;
  /** Only what was told. */
  readonly usage: Partial<Usage>;
  readonly result: RunResult;
}

export const emptyTally: Tally = { ...noCounts, apiErrors: 0, rateLimits: 0, unknownEvents: 0, usage: {}, result: {} };

/** `before` and the signals, together. */
export function tally(before: Tally, signals: Iterable<Signal>): Tally {
  const sum: Counting<Tally> = { ...before };
  for (const signal of signals) {
    countSignal(sum, signal);
    switch (signal.kind) {
      case "api":
        if (signal.outcome === "error") sum.apiErrors += 1;
        if (signal.outcome === "rate-limited") sum.rateLimits += 1;
        break;
      case "rate-limit-reset":
        sum.rateLimitResetTime = signal.time;
        break;
      case "usage":
        sum.usage = addUsage(sum.usage, signal.usage);
        break;
      case "result":
        sum.result = { ...sum.result, ...signal.result };
        break;
      case "unknown-event":
        sum.unknownEvents += 1;
        break;
      case "line":
      case "command":
      case "health":
        break;
    }
  }
  return sum;
}

/** Two tallies of the same or of different runs, together: of what was told twice, `later` has the last word. */
export function addTally(earlier: Tally, later: Tally): Tally {
  return {
    ...earlier,
    ...later,
    ...addCounters(earlier, later),
    apiErrors: earlier.apiErrors + later.apiErrors,
    rateLimits: earlier.rateLimits + later.rateLimits,
    unknownEvents: earlier.unknownEvents + later.unknownEvents,
    usage: addUsage(earlier.usage, later.usage),
    result: { ...earlier.result, ...later.result },
  };
}

/** Sums field by field; a field that neither told stays untold, not 0. */
function addUsage(a: Partial<Usage>, b: Partial<Usage>): Partial<Usage> {
  const sum: { -readonly [Name in keyof Usage]?: number } = { ...a };
  for (const name of ["inputTokens", "outputTokens", "cacheReadTokens", "costMicroUSD"] as const) {
    const more = b[name];
    if (more !== undefined) sum[name] = (sum[name] ?? 0) + more;
  }
  return sum;
}
