import { type Instant } from "../schedule/instant.ts";
import { fromInstant, toInstant } from "../workloads/time.ts";
import { evaluate, type ScoreSettings } from "./evaluation.ts";
import type { Drift } from "./judgement.ts";
import { bucketsOf, recordAll, totalOf, type Bucket, type WindowSpan } from "./window.ts";

/** status.drift.affected: present while an agent's fresh evidence drifts, and until the storm that it is part of ends. */
export type Affected = NonNullable<Drift["affected"]>;

/** C6: fewer fresh samples say nothing about now. */
const MIN_FRESH_SAMPLES = 3;

/** Where an agent's window lies: what was counted since the onset is kept in the same cells. */
export interface WindowGrid extends WindowSpan {
  /** RFC 3339. */
  readonly windowStart: string;
}

/** What an evaluation brings. */
export interface FreshEvidence {
  /** All that came since the previous evaluation: by it alone an agent is affected or not. */
  readonly fresh: readonly Bucket[];
  /** All that the window is given by this evaluation. */
  readonly added: readonly Bucket[];
  /** Begin of the storm that is on in the agent's group. */
  readonly storm?: Instant | undefined;
}

/**
 * Whether an agent is affected now (C6): drifting by its fresh evidence alone, with at least 3 samples, at the levels and
 * weights of its window. Its onset is the evaluation that first finds it so, and the evidence of that evaluation counts from it. In
 * order again, it is forgotten; in a storm it is only noted, because what came until the storm's end is taken out then.
 */
export function nextAffected(
  before: Affected | undefined,
  { fresh, added, storm }: FreshEvidence,
  settings: ScoreSettings,
  grid: WindowGrid,
): Affected | undefined {
  const verdict = verdictOf(fresh, settings);
  if (before === undefined) {
    if (verdict !== "drifts") return undefined;
    return joinStorm(withBuckets({ since: fromInstant(grid.now) }, fresh, grid), storm);
  }
  const joined = joinStorm(before, storm);
  if (verdict === "in order" && joined.storm === undefined) return undefined;
  const { until, ...others } = withBuckets(joined, added, grid);
  switch (verdict) {
    case "drifts":
      return others;
    case "in order":
      return { ...others, until: until ?? fromInstant(grid.now) };
    case "unknown":
      return until === undefined ? others : { ...others, until };
  }
}

/** Adds what was counted since the onset: it stands in the window as well. */
export function withBuckets(affected: Affected, added: readonly Bucket[], grid: WindowGrid): Affected {
  const { windowStart } = grid;
  const before = { windowStart, buckets: bucketsOf(affected.buckets) };
  return { ...affected, buckets: recordAll(before, added, grid).buckets };
}

/** Marks an affected agent as part of the storm that is on since `begin`. One that is part of a storm stays with that one. */
export function joinStorm(affected: Affected, begin: Instant | undefined): Affected {
  if (begin === undefined || affected.storm !== undefined) return affected;
  return { ...affected, storm: fromInstant(begin) };
}

/** Since when an agent has been affected; undefined where it is not, or is in order again. */
export function affectedSince(drift: Drift | undefined): Instant | undefined {
  const { since, until } = drift?.affected ?? {};
  return since === undefined || until !== undefined ? undefined : toInstant(since);
}

function verdictOf(fresh: readonly Bucket[], settings: ScoreSettings): "drifts" | "in order" | "unknown" {
  const { level, hasEnoughSamples } = evaluate(totalOf({ buckets: fresh }), {
    ...settings,
    minSamples: MIN_FRESH_SAMPLES,
  });
  if (!hasEnoughSamples) return "unknown";
  return level === "Normal" ? "in order" : "drifts";
}
