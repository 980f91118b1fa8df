import { countLocalMinutes, lastLocalMinute, nextLocalMinute } from "./calendar.ts";
import type { Instant } from "./instant.ts";
import type { Schedule } from "./schedule.ts";
import { offsetChanges } from "./time-zone.ts";
import { latestReached, whenReached } from "./wall-clock.ts";

/** Instants from `from` on and before `to`; all there are when `to` is absent. */
export interface Span {
  readonly from: Instant;
  readonly to?: Instant | undefined;
}

/**
 * The first occurrence after `after`; undefined when the schedule never fires.
 * All functions here take a zone for which `isTimeZone` holds, and throw RangeError for others.
 */
export function nextOccurrence(schedule: Schedule, timeZone: string, after: Instant): Instant | undefined {
  const minute = nextLocalMinute(schedule, latestReached(timeZone, after));
  return minute === undefined ? undefined : whenReached(timeZone, minute);
}

/** The last occurrence at or before `atOrBefore`, unless it is before `notBefore`. Costs no more for a dense schedule. */
export function previousOccurrence(
  schedule: Schedule,
  timeZone: string,
  atOrBefore: Instant,
  notBefore: Instant,
): Instant | undefined {
  if (atOrBefore < notBefore) return undefined;
  const earliest = latestReached(timeZone, notBefore - 1) + 1;
  const minute = lastLocalMinute(schedule, latestReached(timeZone, atOrBefore), earliest);
  return minute === undefined ? undefined : whenReached(timeZone, minute);
}

/** The occurrences in a span, in order, at most `limit` of them. */
export function occurrencesBetween(schedule: Schedule, timeZone: string, span: Span, limit: number): Instant[] {
  const found: Instant[] = [];
  let after = span.from - 1;
  while (found.length < limit) {
    const next = nextOccurrence(schedule, timeZone, after);
    if (next === undefined || (span.to !== undefined && next >= span.to)) break;
    found.push(next);
    after = next;
  }
  return found;
}

/** How many occurrences there are after one instant and up to another, without walking through them. */
export function countOccurrences(schedule: Schedule, timeZone: string, after: Instant, until: Instant): number {
  if (until <= after) return 0;
  let count = countLocalMinutes(schedule, latestReached(timeZone, after), latestReached(timeZone, until));
  for (const change of offsetChanges(timeZone, after, until)) {
    // The minutes that the clock jumps over fire together with the one that it jumps to: as one.
    const together = countLocalMinutes(
      schedule,
      latestReached(timeZone, change.at - 1),
      latestReached(timeZone, change.at),
    );
    count -= Math.max(0, together - 1);
  }
  return count;
}
