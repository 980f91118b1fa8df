import type { AgentStatus } from "../api/v1alpha1/agent-status.ts";
import type { Nightwatch } from "../api/v1alpha1/nightwatch.ts";
import { type Instant } from "../schedule/instant.ts";
import { fromInstant } from "../workloads/time.ts";
import { type Affected, nextAffected, withBuckets } from "./affected.ts";
import type { Counters } from "./counters.ts";
import { type Drift, type Drifted, figuresOf, judge, type Judgement, type Verdict } from "./judgement.ts";
import { recordAll, totalOf, windowOf, type Bucket, type DriftWindow } from "./window.ts";

/** What of an agent's status an evaluation builds on: its figures, and what Drifted said. */
export type DriftBefore = Pick<AgentStatus, "drift" | "conditions">;

/** What one read of an agent's output brought. */
export interface Read {
  /** Lines and commands that were not counted yet. */
  readonly counts: Counters;
  /** When they were read: where in the window they count, unless `buckets` says it better. Milliseconds since the epoch. */
  readonly at: Instant;
  /** The same counts by when the lines were written: a log that was read late counts when it happened (D1). */
  readonly buckets?: readonly Bucket[] | undefined;
  /** Where counting stands now; absent: where it stood. */
  readonly cursor?: Drift["cursor"] | undefined;
  readonly runs?: Drift["runs"] | undefined;
}

/** What an evaluation goes by. */
export interface Evidence extends Read {
  /** Health checks since the previous evaluation. */
  readonly health: readonly Bucket[];
  /** Health checks from before the previous evaluation which no status holds, because that one was no news (D12). */
  readonly unwrittenHealth?: readonly Bucket[];
  /** What `withRead` counted since the previous evaluation: it stands in the window, and is fresh all the same (S5). */
  readonly readBefore?: readonly Bucket[];
  /** See freshness.ts (D9). */
  readonly isStale: boolean;
  /** Begin of the storm that is on in the agent's group (C6). */
  readonly storm?: Instant | undefined;
}

/**
 * One evaluation (D1–D9, D11, D12): the whole next status.drift, and whether it is worth a write. Call it for what runs, and
 * once more when a run has ended, never for an agent that does not run: its last figures stand (D11).
 */
export function nextDrift(before: DriftBefore, evidence: Evidence, settings: Nightwatch, now: Instant): Judgement {
  const old = before.drift ?? freshDrift(undefined, now);
  const { health, unwrittenHealth = [], readBefore = [] } = evidence;
  const came = [...health, ...bucketsOfRead(evidence)];
  const added = [...unwrittenHealth, ...came];
  const window = windowAfter(old, added, settings, now);
  const verdict = judge(window, settings, evidence.isStale);
  const affected = nextAffected(
    old.affected,
    { fresh: [...readBefore, ...came], added, storm: evidence.storm },
    settings,
    { now, windowSeconds: settings.windowSeconds, windowStart: window.windowStart },
  );
  const isNews =
    hasLinesOrCommands(evidence.counts) || hasMoved(before, verdict) || !isSameOnset(old.affected, affected);
  return {
    ...verdict,
    isNews,
    drift: {
      ...verdict.drift,
      ...rest(old, evidence),
      ...evaluatedAt(old, isNews, now),
      ...optional("affected", affected),
    },
  };
}

/**
 * What was only read, not evaluated, because an agent writes so much that its log would be lost before its evaluation (S5):
 * it is counted, and nothing is judged by it yet.
 */
export function withRead(before: Drift | undefined, read: Read, settings: Nightwatch, now: Instant): Drift {
  const old = before ?? freshDrift(undefined, now);
  const added = bucketsOfRead(read);
  const window = windowAfter(old, added, settings, now);
  const grid = { now, windowSeconds: settings.windowSeconds, windowStart: window.windowStart };
  const affected = old.affected === undefined ? undefined : withBuckets(old.affected, added, grid);
  return { ...old, ...figuresOf(totalOf(window)), ...window, ...rest(old, read), ...optional("affected", affected) };
}

/** What `withRead` counted, as the next evaluation's `readBefore` takes it. */
export function bucketsOfRead({ counts, at, buckets }: Read): readonly Bucket[] {
  return buckets ?? [{ start: fromInstant(at), ...counts }];
}

/**
 * The empty window that a start of the agent, a Reload or Restart, or a resume begins (D7, C2, C5). Kept is what is not
 * evidence: where counting stands, and that the agent is part of a storm. Drifted is then `notYetDrifted`.
 */
export function freshDrift(before: Drift | undefined, now: Instant): Drift {
  return {
    level: "Normal",
    samples: 0,
    windowStart: fromInstant(now),
    ...optional("lastEvaluationTime", before?.lastEvaluationTime),
    ...optional("cursor", before?.cursor),
    ...optional("runs", before?.runs),
    ...optional("affected", inStorm(before?.affected)),
  };
}

/** Of an agent that is part of a storm, what is left when its window is emptied. */
function inStorm(affected: Affected | undefined): Affected | undefined {
  if (affected?.storm === undefined) return undefined;
  const { buckets: _, ...others } = affected;
  return others;
}

/** An empty window with the level and score of the one before, which stand until the next evaluation (D11): who looks sees why. */
export function withLastFigures(fresh: Drift, { level, scorePercent }: Drift): Drift {
  return { ...fresh, ...optional("level", level), ...optional("scorePercent", scorePercent) };
}

function windowAfter(old: Drift, added: readonly Bucket[], settings: Nightwatch, now: Instant): DriftWindow {
  const window = windowOf(old) ?? { windowStart: fromInstant(now), buckets: [] };
  return recordAll(window, added, { now, windowSeconds: settings.windowSeconds });
}

/** What an evaluation does not touch by itself. */
function rest(old: Drift, read: Pick<Read, "cursor" | "runs">): Pick<Drift, "cursor" | "runs"> {
  return { ...optional("cursor", read.cursor ?? old.cursor), ...optional("runs", read.runs ?? old.runs) };
}

function evaluatedAt(old: Drift, isNews: boolean, now: Instant): Pick<Drift, "lastEvaluationTime"> {
  return optional("lastEvaluationTime", isNews ? fromInstant(now) : old.lastEvaluationTime);
}

function hasLinesOrCommands({ lines, commands }: Counters): boolean {
  return lines + commands > 0;
}

function hasMoved({ drift, conditions }: DriftBefore, { drift: next, drifted }: Verdict): boolean {
  const was = conditions?.find(({ type }) => type === "Drifted");
  return drift?.level !== next.level || drift?.scorePercent !== next.scorePercent || !isSame(was, drifted);
}

function isSame(was: { readonly status: string; readonly reason: string } | undefined, drifted: Drifted): boolean {
  return was?.status === drifted.status && was.reason === drifted.reason;
}

/** That evidence was added to it moves with the window, and is no news by itself. */
function isSameOnset(a: Affected | undefined, b: Affected | undefined): boolean {
  return a?.since === b?.since && a?.until === b?.until && a?.storm === b?.storm;
}

/** A field, or nothing where it has no value: in a status a field that is not set is absent. */
function optional<Key extends keyof Drift>(key: Key, value: Drift[Key] | undefined): Pick<Drift, Key> {
  return (value === undefined ? {} : { [key]: value }) as Pick<Drift, Key>;
}
