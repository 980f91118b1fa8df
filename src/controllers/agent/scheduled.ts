import type { AgentStatus } from "../../api/v1alpha1/agent.ts";
import type { Instant } from "../../runtime/contract.ts";
import { checkSchedule } from "../../schedule/check.ts";
import { decideDue, runName } from "../../schedule/due.ts";
import { previousOccurrence } from "../../schedule/occurrences.ts";
import type { Schedule } from "../../schedule/schedule.ts";
import { DEFAULT_TIME_ZONE } from "../../schedule/time-zone.ts";
import { fromInstant, toInstant } from "../../workloads/time.ts";
import type { Standing } from "../conditions.ts";
import type { Act, EventNote } from "../plan.ts";
import { type Decision, type Observed, statusBefore } from "./observed.ts";
import { correctedRun, stopRuns } from "./run-corrections.ts";
import { aRunOf, cleanUp, factsOfRuns, requestedRun, unfinished } from "./runs.ts";

type Timetable = NonNullable<AgentStatus["timetable"]>;

/** An occurrence this late may have been run before by another leader, and its run be gone: the cache may not show it yet. */
const ON_TIME_MS = 5000;

/** A Core agent: one run for each occurrence of its schedule (K1–K5). */
export function decideScheduled(seen: Observed, now: Instant): Decision {
  const { agent } = seen;
  const text = agent.spec.schedule ?? "";
  const timeZone = agent.spec.timeZone ?? DEFAULT_TIME_ZONE;
  const checked = checkSchedule(text, timeZone);
  const requested = requestedRun(seen);
  const corrected = correctedRun(seen);
  if (!checked.ok) {
    const standing: Standing = {
      ready: "False",
      reason: "InvalidSchedule",
      message: `spec.schedule: ${checked.problem}`,
      also: "Stalled",
    };
    const { lastScheduleTime } = statusBefore(agent);
    return {
      acts: [...corrected.acts, ...stopRuns(seen), ...requested.acts, ...cleanUp(seen, lastScheduleTime)],
      standing,
      changes: {
        ...factsOfRuns(seen),
        ...requested.changes,
        ...corrected.changes,
        nextRunTime: undefined,
        timetable: undefined,
      },
    };
  }
  const timetable = timetableOf(seen, { schedule: text, timeZone }, now);
  const occurrence = decideOccurrence(seen, checked.schedule, timetable, now);
  const next = occurrence.next === undefined ? undefined : fromInstant(occurrence.next);
  return {
    acts: [
      ...corrected.acts,
      ...stopRuns(seen),
      ...occurrence.acts,
      ...requested.acts,
      ...cleanUp(seen, occurrence.changes.lastScheduleTime),
    ],
    standing: scheduledStanding(seen, next),
    changes: {
      ...factsOfRuns(seen),
      ...occurrence.changes,
      ...requested.changes,
      ...corrected.changes,
      timetable,
      // While it is paused its occurrences come and are skipped: none of them runs.
      nextRunTime: statusBefore(agent).pause === undefined ? next : undefined,
    },
    events: [...occurrence.events, ...corrected.events],
    ...(occurrence.next === undefined ? {} : { wakeAt: occurrence.next }),
  };
}

function scheduledStanding({ agent }: Observed, next: string | undefined): Standing {
  const { pause } = statusBefore(agent);
  if (pause !== undefined) return { ready: "True", reason: "Paused", message: pause.message ?? "" };
  const message = next === undefined ? "has no next run" : `runs next at ${next}`;
  return { ready: "True", reason: "Scheduled", message };
}

/**
 * Since when this schedule is followed. A new agent's from its creation on, so that no occurrence is lost before it is
 * first looked at; one that was changed or suspended from now on: what lay before is not caught up (K4).
 */
function timetableOf({ agent }: Observed, current: Omit<Timetable, "since">, now: Instant): Timetable {
  const { timetable, observedGeneration } = statusBefore(agent);
  if (timetable?.schedule === current.schedule && timetable.timeZone === current.timeZone) return timetable;
  const isNew = timetable === undefined && observedGeneration === -1;
  return { ...current, since: isNew ? agent.metadata.creationTimestamp : fromInstant(now) };
}

function decideOccurrence(
  seen: Observed,
  schedule: Schedule,
  { timeZone, since }: Timetable,
  now: Instant,
): Pick<Decision, "acts"> & {
  readonly changes: Partial<AgentStatus>;
  readonly events: readonly EventNote[];
  readonly next?: Instant;
} {
  const { agent } = seen;
  const { lastScheduleTime, skippedRuns } = statusBefore(agent);
  const activeSince = toInstant(since);
  const { due, missed, latest, next } = decideDue(
    {
      schedule,
      timeZone,
      activeSince,
      lastScheduleTime: lastScheduleTime === undefined ? undefined : toInstant(lastScheduleTime),
      startingDeadlineSeconds: agent.spec.startingDeadlineSeconds,
    },
    now,
  );
  const upcoming = next === undefined ? {} : { next };
  if (latest === undefined) {
    const changes = lastScheduleTime === undefined ? {} : { lastScheduleTime };
    return { acts: [], changes, events: [], ...upcoming };
  }
  const made = madeSince(seen, { after: Math.max(activeSince, toInstant(lastScheduleTime ?? since)), until: latest });
  const answer = due === undefined || made.has(due) ? undefined : answerOccurrence(seen, due, now);
  made.delete(due ?? Number.NaN);
  const notRun = missed - made.size;
  const lastMissed =
    notRun > 0
      ? lastNotMade(made, due ?? latest + 1, (before) =>
          previousOccurrence(schedule, timeZone, before - 1, activeSince),
        )
      : undefined;
  const skipped = [
    ...(lastMissed === undefined ? [] : [{ time: fromInstant(lastMissed), reason: "Missed" }]),
    ...(answer?.skipped === undefined || due === undefined ? [] : [{ time: fromInstant(due), reason: answer.skipped }]),
  ];
  const last = skipped.at(-1);
  const total = (skippedRuns?.total ?? 0) + notRun + (answer?.skipped === undefined ? 0 : 1);
  return {
    acts: answer?.acts ?? [],
    changes: {
      lastScheduleTime: fromInstant(latest),
      ...(last === undefined ? {} : { skippedRuns: { total, last } }),
    },
    events: skipped.map(({ time, reason }) => skippedEvent(time, reason, notRun)),
    ...upcoming,
  };
}

/** What a person would want to know of an occurrence that did not run: one event each time, however many were missed. */
function skippedEvent(time: string, reason: string, missed: number): EventNote {
  const note =
    reason === "Missed"
      ? `${missed === 1 ? "1 occurrence" : `${missed} occurrences`} did not run, the last of ${time}: only the latest that is missed is made up for, within startingDeadlineSeconds`
      : reason === "AgentPaused"
        ? `the occurrence of ${time} did not run: the agent is paused`
        : `the occurrence of ${time} did not run: an earlier run goes on, and concurrencyPolicy is Forbid`;
  return { type: "Warning", reason: "OccurrenceSkipped", action: "Schedule", note };
}

/**
 * Occurrences that have their run although the status does not speak of them yet: a crash lay between the two. They neither
 * fire again nor count as missed.
 */
function madeSince(
  { agent, runs }: Observed,
  span: { readonly after: Instant; readonly until: Instant },
): Set<Instant> {
  const times = runs
    .map((run) => ({ name: run.metadata.name, time: toInstant(run.spec.scheduledTime ?? "") }))
    .filter(({ name, time }) => time > span.after && time <= span.until && name === runName(agent.metadata.name, time))
    .map(({ time }) => time);
  return new Set(times);
}

/** The last occurrence before `end` that has no run. */
function lastNotMade(
  made: ReadonlySet<Instant>,
  end: Instant,
  previous: (before: Instant) => Instant | undefined,
): Instant | undefined {
  let time = previous(end);
  while (time !== undefined && made.has(time)) time = previous(time);
  return time;
}

/** What an occurrence that is due comes to, by the agent's concurrencyPolicy (K5). */
function answerOccurrence(
  seen: Observed,
  due: Instant,
  now: Instant,
): { readonly acts: readonly Act[]; readonly skipped?: string } {
  const { agent, runs } = seen;
  if (statusBefore(agent).pause !== undefined) return { acts: [], skipped: "AgentPaused" };
  const name = runName(agent.metadata.name, due);
  const others = unfinished(runs).filter((run) => run.metadata.name !== name);
  const policy = agent.spec.concurrencyPolicy;
  // A run that is being replaced goes on in its replacement.
  const isReplacing = statusBefore(agent).correction?.pending !== undefined;
  if (policy === "Forbid" && (others.length > 0 || isReplacing)) return { acts: [], skipped: "StillRunning" };
  const run = aRunOf(agent, name, { trigger: "Schedule", scheduledTime: fromInstant(due) });
  const stopped = policy === "Replace" ? others : [];
  return {
    acts: [
      ...(now - due > ON_TIME_MS ? [{ act: "confirm-agent" } as const] : []),
      ...stopped.map(({ metadata }): Act => ({
        act: "delete-run",
        run: { namespace: metadata.namespace ?? "", name: metadata.name, uid: metadata.uid },
        // Stays visible until its Pod is gone: the new run waits for that.
        propagation: "Foreground",
      })),
      { act: "create-run", run },
    ],
  };
}
