import { type Instant, MILLISECONDS } from "../schedule/instant.ts";
import { offsetAt } from "../schedule/time-zone.ts";

const WEEKDAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

/** RFC 3339 in UTC, to the second: "2026-03-30T02:00:00Z". */
export function showUtc(instant: Instant): string {
  return new Date(instant).toISOString().replace(/\.\d+Z$/, "Z");
}

/** What a wall clock in the zone shows, to the minute, and how far it is ahead of UTC: "Mon 2026-03-30 03:00 +01:00". */
export function showLocal(instant: Instant, timeZone: string): string {
  const offset = offsetAt(timeZone, instant);
  const local = new Date(instant + offset);
  const [date = "", time = ""] = showUtc(local.getTime()).split("T");
  const minutes = Math.floor(Math.abs(offset) / MILLISECONDS.perMinute);
  const [hour, minute] = [Math.floor(minutes / 60), minutes % 60].map((part) => String(part).padStart(2, "0"));
  return `${WEEKDAYS[local.getUTCDay()]} ${date} ${time.slice(0, 5)} ${offset < 0 ? "-" : "+"}${hour}:${minute}`;
}

/** How far an instant is from now, in its two largest units, rounded down: "in 3d4h", "5m ago", "now". */
export function showDistance(instant: Instant, now: Instant): string {
  const seconds = Math.floor(Math.abs(instant - now) / MILLISECONDS.perSecond);
  if (seconds === 0) return "now";
  const units = [
    `${Math.floor(seconds / 86_400)}d`,
    `${Math.floor(seconds / 3600) % 24}h`,
    `${Math.floor(seconds / 60) % 60}m`,
    `${seconds % 60}s`,
  ];
  const largest = units.findIndex((unit) => !unit.startsWith("0"));
  const length = units
    .slice(largest, largest + 2)
    .filter((unit) => !unit.startsWith("0"))
    .join("");
  return instant > now ? `in ${length}` : `${length} ago`;
}
