import type { Agent } from "../../../src/api/v1alpha1/agent.ts";
import type { AgentRun } from "../../../src/api/v1alpha1/agent-run.ts";
import { controllerOf } from "../../../src/workloads/labels.ts";
import { type Change, type History, nameOf, type Violation } from "../history.ts";

const MINUTE_MS = 60_000;

/**
 * No occurrence is lost: each ran, or is counted as skipped (K3, K4). Of agents that fire each minute, for as long as they
 * follow one schedule: their occurrences are counted here without the operator's own arithmetic.
 */
export function noLostOccurrence({ changes }: History): readonly Violation[] {
  const followed = new Map<string, { readonly change: Change; readonly status: Followed; readonly isSame: boolean }>();
  const ran = new Map<string, Set<number>>();
  for (const change of changes) {
    if (change.kind === "AgentRun" && change.type === "ADDED") {
      const { scheduledTime } = ((change.object as unknown as AgentRun).spec ?? {}) as Partial<AgentRun["spec"]>;
      const owner = controllerOf(change.object)?.uid ?? "";
      if (scheduledTime !== undefined) ran.set(owner, (ran.get(owner) ?? new Set()).add(Date.parse(scheduledTime)));
    }
    const status = change.kind === "Agent" ? followedIn(change) : undefined;
    if (status === undefined) continue;
    const { uid } = change.object.metadata;
    const before = followed.get(uid);
    const isSame = before === undefined || (before.isSame && before.status.since === status.since);
    followed.set(uid, { change, status, isSame });
  }
  return [...followed].flatMap(([uid, { change, status, isSame }]): readonly Violation[] => {
    const { since, last, skipped } = status;
    // Whether the very minute in which it began to follow its schedule is an occurrence is a matter of the second.
    if (!isSame || since % MINUTE_MS === 0) return [];
    const due = Math.floor(last / MINUTE_MS) - Math.floor(since / MINUTE_MS);
    const runs = [...(ran.get(uid) ?? [])].filter((time) => time > since && time <= last).length;
    if (due === runs + skipped) return [];
    const what = `had ${due} occurrences, of which ${runs} ran and ${skipped} are counted as skipped`;
    return [{ invariant: "no-lost-occurrence", about: nameOf(change), what }];
  });
}

/** Since when a schedule is followed, and up to which occurrence; times in milliseconds since the epoch. */
interface Followed {
  readonly since: number;
  readonly last: number;
  readonly skipped: number;
}

function followedIn({ object }: Change): Followed | undefined {
  const { timetable, lastScheduleTime, skippedRuns } = (object as unknown as Agent).status ?? {};
  if (timetable?.schedule !== "* * * * *" || lastScheduleTime === undefined) return undefined;
  return {
    since: Date.parse(timetable.since),
    last: Date.parse(lastScheduleTime),
    skipped: skippedRuns?.total ?? 0,
  };
}
