import * as fc from "fast-check";

/** What a schedule means, written down apart from the parser that reads its text. */
export interface Meaning {
  readonly text: string;
  readonly minutes: readonly number[];
  readonly hours: readonly number[];
  /** "*" when the field leaves the choice to the other day field. */
  readonly daysOfMonth: readonly number[] | "*";
  readonly months: readonly number[];
  readonly daysOfWeek: readonly number[] | "*";
}

/** One minute as a wall clock and a calendar show it; `key` tells two apart. */
export interface Shown {
  readonly key: string;
  readonly minute: number;
  readonly hour: number;
  readonly dayOfMonth: number;
  readonly month: number;
  readonly dayOfWeek: number;
}

interface FieldMeaning {
  readonly text: string;
  readonly values: readonly number[];
  readonly isAny: boolean;
}

const upTo = (from: number, to: number) => Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => from + i);
const MONTH_NAMES = ["jan", "Feb", "MAR", "apr", "May", "JUN", "jul", "Aug", "SEP", "oct", "Nov", "DEC"];
const WEEKDAY_NAMES = ["sun", "Mon", "TUE", "wed", "Thu", "FRI", "sat"];

function anyField(low: number, high: number, names: readonly string[], starWeight: number): fc.Arbitrary<FieldMeaning> {
  const spelt = (value: number, byName: boolean) => (byName && names[value - low]) || String(value);
  const single = fc
    .tuple(fc.integer({ min: low, max: high }), fc.boolean())
    .map(([value, byName]) => ({ text: spelt(value, byName), values: [value] }));
  const range = fc
    .tuple(fc.integer({ min: low, max: high }), fc.integer({ min: low, max: high }), fc.boolean(), fc.nat(7))
    .map(([a, b, byName, step]) => {
      const [from, to] = a < b ? [a, b] : [b, a];
      const span = `${spelt(from, byName)}-${spelt(to, byName)}`;
      if (step === 0 || step > to - from + 1) return { text: span, values: upTo(from, to) };
      return { text: `${span}/${step}`, values: upTo(from, to).filter((v) => (v - from) % step === 0) };
    });
  const stepped = fc
    .integer({ min: 2, max: high - low + 1 })
    .map((step) => ({ text: `*/${step}`, values: upTo(low, high).filter((v) => (v - low) % step === 0) }));
  const list = fc.array(fc.oneof(single, range, stepped), { minLength: 1, maxLength: 3 }).map((items) => ({
    text: items.map((item) => item.text).join(","),
    values: items.flatMap((item) => item.values),
    isAny: false,
  }));
  const star = fc.constantFrom("*", "*/1").map((text) => ({ text, values: upTo(low, high), isAny: true }));
  return fc.oneof({ weight: 10 - starWeight, arbitrary: list }, { weight: starWeight, arbitrary: star });
}

/** Any well-formed five-field schedule, with what it means. `dayStars` of 10 makes every day match, 0 few. */
export function anySchedule(dayStars: number): fc.Arbitrary<Meaning> {
  return fc
    .tuple(
      anyField(0, 59, [], 3),
      anyField(0, 23, [], 5),
      anyField(1, 31, [], dayStars),
      anyField(1, 12, MONTH_NAMES, dayStars),
      anyField(0, 6, WEEKDAY_NAMES, dayStars),
    )
    .map(([minute, hour, dayOfMonth, month, dayOfWeek]) => ({
      text: [minute, hour, dayOfMonth, month, dayOfWeek].map((field) => field.text).join(" "),
      minutes: minute.values,
      hours: hour.values,
      daysOfMonth: dayOfMonth.isAny ? "*" : dayOfMonth.values,
      months: month.values,
      daysOfWeek: dayOfWeek.isAny ? "*" : dayOfWeek.values,
    }));
}

/** Whether a schedule names a minute (K1: both day fields restricted means either). */
export function names(meaning: Meaning, shown: Shown): boolean {
  const { daysOfMonth, daysOfWeek } = meaning;
  if (!meaning.minutes.includes(shown.minute)) return false;
  if (!meaning.hours.includes(shown.hour)) return false;
  if (!meaning.months.includes(shown.month)) return false;
  if (daysOfMonth === "*" && daysOfWeek === "*") return true;
  const byMonth = daysOfMonth !== "*" && daysOfMonth.includes(shown.dayOfMonth);
  const byWeek = daysOfWeek !== "*" && daysOfWeek.includes(shown.dayOfWeek);
  return byMonth || byWeek;
}

/** A date and time without a zone, in milliseconds as if it were UTC, as a clock shows it. */
export function showUtc(time: number): Shown {
  const date = new Date(time);
  return {
    key: date.toISOString(),
    minute: date.getUTCMinutes(),
    hour: date.getUTCHours(),
    dayOfMonth: date.getUTCDate(),
    month: date.getUTCMonth() + 1,
    dayOfWeek: date.getUTCDay(),
  };
}

/** One minute of a walk: what the clock shows, whether for the first time, and what it has just jumped over. */
export interface Step {
  readonly at: number;
  readonly shown: Shown;
  readonly isFirstTime: boolean;
  readonly skipped: readonly Shown[];
}

const MINUTE = 60_000;
const TWO_DAYS = 2 * 1440 * MINUTE;

/** Walks a zone's wall clock minute by minute, by the calendar fields that Intl prints. */
export function walk(timeZone: string, from: number, to: number): Step[] {
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
  });
  const localTime = (at: number) => {
    const part = (type: string, parts: Intl.DateTimeFormatPart[]) => Number(parts.find((p) => p.type === type)?.value);
    const parts = format.formatToParts(at);
    return Date.UTC(
      part("year", parts),
      part("month", parts) - 1,
      part("day", parts),
      part("hour", parts),
      part("minute", parts),
    );
  };
  const seen = new Set<number>();
  const steps: Step[] = [];
  // Begins earlier, so that what is a repetition on the first day is known as one.
  let before = localTime(from - TWO_DAYS) - MINUTE;
  for (let at = from - TWO_DAYS; at < to; at += MINUTE) {
    const local = localTime(at);
    const skipped: Shown[] = [];
    for (let minute = before + MINUTE; minute < local; minute += MINUTE) skipped.push(showUtc(minute));
    if (at >= from) steps.push({ at, shown: showUtc(local), isFirstTime: !seen.has(local), skipped });
    seen.add(local);
    before = local;
  }
  return steps;
}

/** K2 word for word: what exists fires the first time, what does not exist fires at the next minute that does. */
export function firesAt(meaning: Meaning, step: Step): boolean {
  if (step.isFirstTime && names(meaning, step.shown)) return true;
  return step.skipped.some((shown) => names(meaning, shown));
}
