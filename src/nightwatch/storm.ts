import { type Instant, MILLISECONDS } from "../schedule/instant.ts";
import { fromInstant } from "../workloads/time.ts";
import type { DriftEvent } from "./drift-event.ts";

/** A running agent of a fleet, or of no fleet in a namespace, as the storm guard sees it. */
export interface StormMember {
  readonly uid: string;
  /** See `affectedSince`: absent where its fresh evidence is in order. */
  readonly affectedSince?: Instant | undefined;
  /** When it was last evaluated, whether or not that was written; absent: not since this operator started. */
  readonly lastEvaluation?: Instant | undefined;
}

/** A storm that is on. */
export interface Storm {
  readonly begin: Instant;
  /** When the first of those affected at its begin was. */
  readonly onset: Instant;
  /** Uids of those affected at its begin. */
  readonly affected: readonly string[];
  /** How many agents ran at its begin. */
  readonly running: number;
}

/** When and by which settings a group is looked at. */
export interface StormGuard {
  readonly now: Instant;
  readonly intervalSeconds: number;
  /** stormGuardPercent: more than this share of the running agents; 100 is off. */
  readonly percent: number;
}

/** C6: below this, agents that drift at once are no storm, however few there are. */
export const MIN_AFFECTED = 3;

/** C6: an evaluation younger than this still holds for the storm guard; younger than half an interval where that is less. */
export const RECENT_MS = 10 * MILLISECONDS.perSecond;

/** The storm that begins now, if one does (C6). `members` are the running agents of the group. */
export function stormBegins(members: readonly StormMember[], guard: StormGuard): Storm | undefined {
  const { now, intervalSeconds, percent } = guard;
  const from = now - 2 * intervalSeconds * MILLISECONDS.perSecond;
  const recent = members.flatMap(({ uid, affectedSince }) =>
    affectedSince !== undefined && affectedSince >= from ? [{ uid, affectedSince }] : [],
  );
  if (recent.length < MIN_AFFECTED || 100 * recent.length <= percent * members.length) return undefined;
  return {
    begin: now,
    onset: Math.min(...recent.map(({ affectedSince }) => affectedSince)),
    affected: recent.map(({ uid }) => uid),
    running: members.length,
  };
}

/** Whether fewer than half of those affected at the storm's begin still are (C6). One that is no member any more is not. */
export function stormEnds({ affected }: Pick<Storm, "affected">, members: readonly StormMember[]): boolean {
  if (affected.length === 0) return true;
  const now = new Set(members.filter(({ affectedSince }) => affectedSince !== undefined).map(({ uid }) => uid));
  return 2 * affected.filter((uid) => now.has(uid)).length < affected.length;
}

/**
 * Uids of those that must be evaluated before anything stronger than a Warn is carried out in their group (C6): whose last
 * evaluation is older than 10 s. None while the last such round ended less than an interval ago.
 */
export function needsRound(
  members: readonly StormMember[],
  {
    now,
    intervalSeconds,
    lastRound,
  }: Pick<StormGuard, "now" | "intervalSeconds"> & { readonly lastRound?: Instant | undefined },
): readonly string[] {
  const interval = intervalSeconds * MILLISECONDS.perSecond;
  if (lastRound !== undefined && now - lastRound < interval) return [];
  const recent = Math.min(RECENT_MS, interval / 2);
  return members
    .filter(({ lastEvaluation }) => lastEvaluation === undefined || now - lastEvaluation > recent)
    .map(({ uid }) => uid);
}

/** The condition StormGuard of a fleet; of one without a storm: False. */
export interface StormCondition {
  readonly type: "StormGuard";
  readonly status: "True" | "False";
  readonly reason: "Storm" | "NoStorm";
  readonly message: string;
}

/** What StormGuard says: the share and the onset. */
export function stormCondition(storm: Storm | undefined): StormCondition {
  if (storm === undefined) return { type: "StormGuard", status: "False", reason: "NoStorm", message: "" };
  return { type: "StormGuard", status: "True", reason: "Storm", message: stormMessage(storm) };
}

/** The one event of a storm's begin. */
export function stormBeganEvent(storm: Storm): DriftEvent {
  return { type: "Warning", reason: "StormBegan", action: "HoldCorrections", note: stormMessage(storm) };
}

/** The one event of a storm's end. */
export function stormEndedEvent({ begin, affected }: Storm): DriftEvent {
  return {
    type: "Normal",
    reason: "StormEnded",
    action: "AllowCorrections",
    note:
      `fewer than half of the ${affected.length} agents that drifted at ${fromInstant(begin)} still do; ` +
      "what was counted of the storm is dropped, and corrections happen again",
  };
}

function stormMessage({ affected, running, onset }: Storm): string {
  const share = Math.floor((100 * affected.length) / running);
  return (
    `${affected.length} of ${running} running agents (${share} %) began to drift since ${fromInstant(onset)}: one incident, ` +
    "such as a provider or a node that is down; nothing is reloaded, restarted or paused until fewer than half of them drift"
  );
}
