import { type Instant, MILLISECONDS } from "./instant.ts";
import { countOccurrences, nextOccurrence, previousOccurrence } from "./occurrences.ts";
import type { Schedule } from "./schedule.ts";

/** All that decides whether a scheduled agent runs now. */
export interface Timetable {
  readonly schedule: Schedule;
  /** One for which `isTimeZone` holds. */
  readonly timeZone: string;
  /**
   * Nothing at or before it is caught up: the agent's creation, the end of its last suspension, or the moment since which
   * it has this schedule, whichever is latest.
   */
  readonly activeSince: Instant;
  /** The last occurrence that was handled, be it run, skipped or missed: `latest` of an earlier answer. */
  readonly lastScheduleTime?: Instant | undefined;
  /** Absent: an occurrence may start however late. */
  readonly startingDeadlineSeconds?: number | undefined;
  /** While true nothing is due, nothing counts as missed and nothing comes next. */
  readonly isSuspended?: boolean | undefined;
}

export interface Due {
  /** The occurrence to run now. */
  readonly due?: Instant;
  /** How many occurrences since the last handled one will not run, because a later one does or their deadline is over. */
  readonly missed: number;
  /** The last occurrence that this answer deals with, due or missed: the next `lastScheduleTime`. */
  readonly latest?: Instant;
  /** When to ask again. Absent when suspended, and when the schedule never fires. */
  readonly next?: Instant;
}

/**
 * What is due at `now` (K3, K4): the most recent occurrence that was not handled yet, if its deadline is not over.
 * Handing `latest` back as `lastScheduleTime` makes every occurrence due at most once, wherever the clock is set.
 */
export function decideDue(timetable: Timetable, now: Instant): Due {
  if (timetable.isSuspended) return { missed: 0 };
  const { schedule, timeZone } = timetable;
  const handledUntil = Math.max(timetable.activeSince, timetable.lastScheduleTime ?? -Infinity);
  // A clock that was set back must not offer again what was handled.
  const next = nextOccurrence(schedule, timeZone, Math.max(now, handledUntil));
  const upcoming = next === undefined ? {} : { next };
  const latest = previousOccurrence(schedule, timeZone, now, handledUntil + 1);
  if (latest === undefined) return { missed: 0, ...upcoming };
  const passed = countOccurrences(schedule, timeZone, handledUntil, now);
  const deadline = latest + (timetable.startingDeadlineSeconds ?? Infinity) * MILLISECONDS.perSecond;
  if (now > deadline) return { missed: passed, latest, ...upcoming };
  return { due: latest, missed: passed - 1, latest, ...upcoming };
}

/** The one name of an occurrence's run (K3): `<agent>-<unix minutes>`. At most 52 characters of agent fit a label's 63. */
export function runName(agent: string, occurrence: Instant): string {
  return `${agent}-${Math.floor(occurrence / MILLISECONDS.perMinute)}`;
}
