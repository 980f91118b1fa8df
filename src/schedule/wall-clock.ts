import type { LocalMinute } from "./calendar.ts";
import { type Instant, MILLISECONDS } from "./instant.ts";
import { offsetAt, offsetChanges } from "./time-zone.ts";

/**
 * K2 in one definition: a local minute fires at the first instant at which the zone's wall clock has reached it.
 * A minute that exists twice is reached the first time; one that is skipped is reached at the jump, when the clock first
 * shows a later minute. So instants rise with local minutes, and several minutes of one gap share one instant.
 */

/** No offset of the tz database is as large as 16 h (the largest: Manila's −15:56:08 until 1844). */
const LARGEST_OFFSET = 16 * MILLISECONDS.perHour;

/** No clock was ever set back by as much as 25 h (the farthest: 24 h, Samoa 1892). */
const LONGEST_REPEAT = 25 * MILLISECONDS.perHour;

/** The first instant at which the wall clock has reached `minute`. */
export function whenReached(timeZone: string, minute: LocalMinute): Instant {
  const local = minute * MILLISECONDS.perMinute;
  const from = local - LARGEST_OFFSET;
  let reached = local - offsetAt(timeZone, from);
  for (const change of offsetChanges(timeZone, from, local + LARGEST_OFFSET)) {
    if (reached < change.at) return reached;
    reached = Math.max(change.at, local - change.after);
  }
  return reached;
}

/** The latest minute that the wall clock has shown up to `at`: later than what it shows while an hour repeats. */
export function latestReached(timeZone: string, at: Instant): LocalMinute {
  let latest = at + offsetAt(timeZone, at);
  for (const change of offsetChanges(timeZone, at - LONGEST_REPEAT, at)) {
    latest = Math.max(latest, change.at + change.before - 1);
  }
  return Math.floor(latest / MILLISECONDS.perMinute);
}
