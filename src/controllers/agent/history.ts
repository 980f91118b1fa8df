import { toInstant } from "../../workloads/time.ts";
import type { StoredRun } from "../agent-run/observed.ts";
import { hasEnded } from "../agent-run/run-state.ts";

/** How many ended runs of an agent are kept. */
export interface HistoryLimits {
  readonly keepSucceeded: number;
  readonly keepFailed: number;
}

/**
 * The ended runs that are beyond the limits, oldest first (R5). A scheduled run stays until its occurrence stands in the
 * agent's status: without it the occurrence could be run once more after a crash (K3).
 */
export function beyondHistory(
  runs: readonly StoredRun[],
  limits: HistoryLimits,
  lastScheduleTime: string | undefined,
): readonly StoredRun[] {
  const ended = runs
    .filter((run) => hasEnded(run) && run.metadata.deletionTimestamp === undefined && isRecorded(run, lastScheduleTime))
    .sort((a, b) => endOf(a) - endOf(b) || (a.metadata.name < b.metadata.name ? -1 : 1));
  const succeeded = ended.filter(hasSucceeded);
  const failed = ended.filter((run) => !hasSucceeded(run));
  return [
    ...succeeded.slice(0, Math.max(0, succeeded.length - limits.keepSucceeded)),
    ...failed.slice(0, Math.max(0, failed.length - limits.keepFailed)),
  ];
}

function isRecorded(run: StoredRun, lastScheduleTime: string | undefined): boolean {
  const { scheduledTime } = run.spec;
  if (scheduledTime === undefined) return true;
  return lastScheduleTime !== undefined && toInstant(scheduledTime) <= toInstant(lastScheduleTime);
}

export function hasSucceeded(run: StoredRun): boolean {
  return run.status?.exit?.class === "Success";
}

function endOf(run: StoredRun): number {
  return toInstant(run.status?.completionTime ?? run.metadata.creationTimestamp);
}
