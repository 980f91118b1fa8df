import type { AgentStatus } from "../api/v1alpha1/agent-status.ts";
import type { CorrectionAction, DriftLevel, Nightwatch } from "../api/v1alpha1/nightwatch.ts";
import { type Instant, MILLISECONDS } from "../schedule/instant.ts";
import { fromInstant, toInstant } from "../workloads/time.ts";

/** status.correction of an Agent. */
export type CorrectionRecord = NonNullable<AgentStatus["correction"]>;

/** C8: corrections that a status remembers. */
const HISTORY_MAX = 10;

/** What one correction was. */
export interface Corrected {
  readonly level: DriftLevel;
  readonly action: CorrectionAction;
  readonly scorePercent?: number | undefined;
  /** Name of the Pod or run that it was about. */
  readonly run?: string | undefined;
}

/** The record with one correction more, newest first (C8). Only Reload and Restart spend the budget (C4). */
export function withCorrection(
  before: CorrectionRecord | undefined,
  { level, action, scorePercent, run }: Corrected,
  limit: Nightwatch["maxCorrections"],
  now: Instant,
): CorrectionRecord {
  const time = fromInstant(now);
  const entry = {
    time,
    level,
    action,
    ...(scorePercent === undefined ? {} : { scorePercent }),
    ...(run === undefined ? {} : { run }),
  };
  const spent = spentBudget(before, limit, now);
  const budgetTimes = isBudgeted(action) ? [...spent, time] : spent;
  const { budgetTimes: _, ...kept } = before ?? {};
  return {
    ...kept,
    level,
    action,
    time,
    total: (before?.total ?? 0) + 1,
    ...(budgetTimes.length === 0 ? {} : { budgetTimes }),
    history: [entry, ...(before?.history ?? [])].slice(0, HISTORY_MAX),
  };
}

/** Whether a correction spends the budget: a Warn corrects nothing, and a Pause is what the budget ends in. */
export function isBudgeted(action: CorrectionAction): boolean {
  return action === "Reload" || action === "Restart";
}

/** How many corrections count against the budget now: those within maxCorrections.windowSeconds since the last resume (C4). */
export function budgetUsed(
  record: CorrectionRecord | undefined,
  limit: Nightwatch["maxCorrections"],
  now: Instant,
): number {
  return spentBudget(record, limit, now).length;
}

/** A resume renews the budget (C5). What was done stays known. */
export function withRenewedBudget(before: CorrectionRecord | undefined, now: Instant): CorrectionRecord {
  const { budgetTimes: _, ...kept } = before ?? {};
  return { ...kept, budgetStart: fromInstant(now) };
}

/** The times that still count, oldest first. */
function spentBudget(
  record: CorrectionRecord | undefined,
  { windowSeconds }: Nightwatch["maxCorrections"],
  now: Instant,
): readonly string[] {
  const from = now - windowSeconds * MILLISECONDS.perSecond;
  const start = record?.budgetStart === undefined ? -Infinity : toInstant(record.budgetStart);
  return (record?.budgetTimes ?? []).filter((time) => toInstant(time) > from && toInstant(time) >= start);
}
