import { type Instant, MILLISECONDS } from "./instant.ts";
import { quote } from "./quote.ts";

/** The zone of an agent that names none (K2). */
export const DEFAULT_TIME_ZONE = "Etc/UTC";

/** From `at` on, local time is `after` milliseconds ahead of UTC; until then it was `before`. */
export interface OffsetChange {
  readonly at: Instant;
  readonly before: number;
  readonly after: number;
}

/** The first parts of all IANA names with a slash. The list is closed: new zones are cities in these. */
const AREAS =
  /^(Africa|America|Antarctica|Arctic|Asia|Atlantic|Australia|Brazil|Canada|Chile|Etc|Europe|Indian|Mexico|Pacific|US)\//;

/**
 * All IANA names without a slash (tz database, `backward`; closed since 1996).
 * Intl knows more, among them traps: its BST is Bangladesh.
 */
const PLAIN_NAMES = new Set(
  (
    "CET CST6CDT Cuba EET EST EST5EDT Egypt Eire GB GB-Eire GMT GMT+0 GMT-0 GMT0 Greenwich HST Hongkong Iceland Iran " +
    "Israel Jamaica Japan Kwajalein Libya MET MST MST7MDT NZ NZ-CHAT Navajo PRC PST8PDT Poland Portugal ROC ROK " +
    "Singapore Turkey UCT UTC Universal W-SU WET Zulu"
  ).split(" "),
);

/** Whether `text` is an IANA time zone name that this process knows, in its own spelling: not "", "Local", "+02:00", "BST". */
export function isTimeZone(text: string): boolean {
  if (foundZones.has(text)) return true;
  if (!PLAIN_NAMES.has(text) && !AREAS.test(text)) return false;
  const canonical = canonicalName(text);
  // Intl ignores case; the API server, where zones are files, does not.
  const isFound = canonical !== undefined && (canonical === text || canonical.toLowerCase() !== text.toLowerCase());
  if (isFound) foundZones.add(text);
  return isFound;
}

// A memo of Intl's answers, some hundred at most: asking takes half a millisecond, and every look at an agent asks.
const foundZones = new Set<string>();

/** Why `text` is no time zone, in one sentence on one line; undefined when it is one. */
export function findTimeZoneProblem(text: string): string | undefined {
  if (isTimeZone(text)) return undefined;
  const canonical = canonicalName(text);
  const isMisspelt = canonical?.toLowerCase() === text.toLowerCase() && isTimeZone(canonical);
  const hint = isMisspelt ? `it is spelt ${canonical}` : "write an IANA name such as Europe/London or Etc/UTC";
  return `time zone ${quote(text)} is unknown: ${hint}`;
}

function canonicalName(text: string): string | undefined {
  try {
    return new Intl.DateTimeFormat("en-US", { timeZone: text }).resolvedOptions().timeZone;
  } catch {
    return undefined;
  }
}

/**
 * How far local time is ahead of UTC, in milliseconds, at an instant.
 * @throws RangeError for an unknown zone
 */
export function offsetAt(timeZone: string, at: Instant): number {
  const year = yearOf(timeZone, new Date(at).getUTCFullYear());
  return year.changes.findLast((change) => change.at <= at)?.after ?? year.offsetAtStart;
}

/** The changes of the offset after one instant and up to another, in order. Meant for spans of days. */
export function offsetChanges(timeZone: string, after: Instant, until: Instant): readonly OffsetChange[] {
  const first = new Date(after).getUTCFullYear();
  const last = new Date(until).getUTCFullYear();
  const found: OffsetChange[] = [];
  for (let year = first; year <= last; year += 1) {
    for (const change of yearOf(timeZone, year).changes) {
      if (change.at > after && change.at <= until) found.push(change);
    }
  }
  return found;
}

interface ZoneYear {
  readonly offsetAtStart: number;
  readonly changes: readonly OffsetChange[];
}

interface Zone {
  readonly format: Intl.DateTimeFormat;
  readonly years: Map<number, ZoneYear>;
}

// A memo of Intl's own constant tables: one entry a zone, one a year of it.
const zones = new Map<string, Zone>();

function yearOf(timeZone: string, year: number): ZoneYear {
  let zone = zones.get(timeZone);
  if (zone === undefined) {
    zone = { format: new Intl.DateTimeFormat("en-US", { timeZone, timeZoneName: "longOffset" }), years: new Map() };
    zones.set(timeZone, zone);
  }
  let found = zone.years.get(year);
  if (found === undefined) {
    found = readYear(zone.format, year);
    zone.years.set(year, found);
  }
  return found;
}

/** Looks once a day: in all of the tz database no two changes of a zone are closer than 3.9 days (Freetown, 1939). */
function readYear(format: Intl.DateTimeFormat, year: number): ZoneYear {
  const start = startOfYear(year);
  const end = startOfYear(year + 1);
  const offsetAtStart = readOffset(format, start);
  const changes: OffsetChange[] = [];
  let before = offsetAtStart;
  for (let day = start; day < end; day += MILLISECONDS.perDay) {
    // Up to the year's last second, so that no change is found in two years.
    const until = Math.min(day + MILLISECONDS.perDay, end - MILLISECONDS.perSecond);
    const after = readOffset(format, until);
    if (after === before) continue;
    changes.push({ at: findChange(format, day, until), before, after });
    before = after;
  }
  // A change on the year's very first instant shows as a different offset one second earlier.
  const beforeStart = readOffset(format, start - MILLISECONDS.perSecond);
  if (beforeStart === offsetAtStart) return { offsetAtStart, changes };
  return { offsetAtStart, changes: [{ at: start, before: beforeStart, after: offsetAtStart }, ...changes] };
}

function startOfYear(year: number): Instant {
  // Not Date.UTC(year, 0), which reads years below 100 as 1900 and on.
  return new Date(0).setUTCFullYear(year);
}

/** The first second after `low`, up to `high`, at which the offset is no more what it is at `low`. */
function findChange(format: Intl.DateTimeFormat, low: Instant, high: Instant): Instant {
  const before = readOffset(format, low);
  let earlier = low;
  let later = high;
  while (later - earlier > MILLISECONDS.perSecond) {
    const seconds = Math.floor((later - earlier) / 2 / MILLISECONDS.perSecond);
    const middle = earlier + seconds * MILLISECONDS.perSecond;
    if (readOffset(format, middle) === before) earlier = middle;
    else later = middle;
  }
  return later;
}

/** Reads "12/31/1969, GMT-00:44:30"; plain "GMT" is offset 0. */
function readOffset(format: Intl.DateTimeFormat, at: Instant): number {
  const [, sign, hours, minutes, seconds] = /GMT([+-])(\d\d):(\d\d)(?::(\d\d))?$/.exec(format.format(at)) ?? [];
  const total = Number(hours ?? 0) * 3600 + Number(minutes ?? 0) * 60 + Number(seconds ?? 0);
  return (sign === "-" ? -total : total) * MILLISECONDS.perSecond;
}
