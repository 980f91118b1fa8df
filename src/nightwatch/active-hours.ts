import type { Nightwatch } from "../api/v1alpha1/nightwatch.ts";
import { type Instant, MILLISECONDS } from "../schedule/instant.ts";
import { offsetAt } from "../schedule/time-zone.ts";

const MINUTES_PER_DAY = 1440;

/**
 * Whether corrections may happen now (D8): from start up to, but not at, end, as the wall clock of the zone shows it; where
 * end comes before start, past midnight. A time of day that the clock shows twice counts both times; one that it skips is
 * never shown. Without active hours: always.
 * @throws RangeError for an unknown zone
 */
export function isWithinActiveHours(hours: Nightwatch["activeHours"] | undefined, now: Instant): boolean {
  if (hours === undefined) return true;
  const local = Math.floor((now + offsetAt(hours.timeZone, now)) / MILLISECONDS.perMinute);
  const minute = ((local % MINUTES_PER_DAY) + MINUTES_PER_DAY) % MINUTES_PER_DAY;
  const [start, end] = [minuteOfDay(hours.start), minuteOfDay(hours.end)];
  return start <= end ? start <= minute && minute < end : minute >= start || minute < end;
}

/** Of "22:00": 1320. */
function minuteOfDay(time: string): number {
  const [hours = 0, minutes = 0] = time.split(":").map(Number);
  return hours * 60 + minutes;
}
