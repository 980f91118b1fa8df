import { MILLISECONDS } from "./instant.ts";
import { neverFires, type Schedule } from "./schedule.ts";

/**
 * A minute of a wall clock that never skips or repeats: whole minutes since 1970-01-01T00:00 in local time.
 * Time zones come in only where such a minute is turned into an instant.
 */
export type LocalMinute = number;

const MINUTES_PER_DAY = 1440;

/** 29 February is missing for at most eight years (1896 to 1904, 2096 to 2104). */
const LONGEST_WAIT_DAYS = 9 * 366;

/** The first minute after `after` that the schedule names; undefined when there is none, ever. */
export function nextLocalMinute(schedule: Schedule, after: LocalMinute): LocalMinute | undefined {
  if (neverFires(schedule)) return undefined;
  const from = after + 1;
  const today = Math.floor(from / MINUTES_PER_DAY);
  for (let day = today; day <= today + LONGEST_WAIT_DAYS;) {
    const date = dateOf(day);
    if (!schedule.months.includes(date.month)) {
      day += daysInMonth(date) - date.dayOfMonth + 1;
      continue;
    }
    const minute = matchesDay(schedule, date)
      ? firstMinuteOfDay(schedule, day === today ? from - day * MINUTES_PER_DAY : 0)
      : undefined;
    if (minute !== undefined) return day * MINUTES_PER_DAY + minute;
    day += 1;
  }
  return undefined;
}

/** The last minute at or before `atOrBefore` and not before `notBefore` that the schedule names. */
export function lastLocalMinute(
  schedule: Schedule,
  atOrBefore: LocalMinute,
  notBefore: LocalMinute,
): LocalMinute | undefined {
  if (neverFires(schedule)) return undefined;
  const today = Math.floor(atOrBefore / MINUTES_PER_DAY);
  const earliest = Math.max(Math.floor(notBefore / MINUTES_PER_DAY), today - LONGEST_WAIT_DAYS);
  for (let day = today; day >= earliest;) {
    const date = dateOf(day);
    if (!schedule.months.includes(date.month)) {
      day -= date.dayOfMonth;
      continue;
    }
    const minute = matchesDay(schedule, date)
      ? lastMinuteOfDay(schedule, day === today ? atOrBefore - day * MINUTES_PER_DAY : MINUTES_PER_DAY - 1)
      : undefined;
    if (minute !== undefined) {
      const found = day * MINUTES_PER_DAY + minute;
      return found < notBefore ? undefined : found;
    }
    day -= 1;
  }
  return undefined;
}

/** How many minutes after `after` and up to `until` the schedule names. Costs a step a day, however dense the schedule. */
export function countLocalMinutes(schedule: Schedule, after: LocalMinute, until: LocalMinute): number {
  if (until <= after) return 0;
  const firstDay = Math.floor(after / MINUTES_PER_DAY);
  const lastDay = Math.floor(until / MINUTES_PER_DAY);
  let count = 0;
  for (let day = firstDay; day <= lastDay; day += 1) {
    if (!matchesDay(schedule, dateOf(day))) continue;
    const upTo = day === lastDay ? until - day * MINUTES_PER_DAY : MINUTES_PER_DAY - 1;
    count += countMinutesOfDay(schedule, upTo);
    if (day === firstDay) count -= countMinutesOfDay(schedule, after - day * MINUTES_PER_DAY);
  }
  return count;
}

interface CivilDate {
  readonly year: number;
  readonly month: number;
  readonly dayOfMonth: number;
  readonly dayOfWeek: number;
}

function dateOf(day: number): CivilDate {
  const date = new Date(day * MILLISECONDS.perDay);
  return {
    year: date.getUTCFullYear(),
    month: date.getUTCMonth() + 1,
    dayOfMonth: date.getUTCDate(),
    dayOfWeek: date.getUTCDay(),
  };
}

function daysInMonth({ year, month }: CivilDate): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

function matchesDay(schedule: Schedule, date: CivilDate): boolean {
  if (!schedule.months.includes(date.month)) return false;
  const byMonth = schedule.daysOfMonth.includes(date.dayOfMonth);
  const byWeek = schedule.daysOfWeek.includes(date.dayOfWeek);
  if (schedule.dayRule === "either") return byMonth || byWeek;
  if (schedule.dayRule === "day-of-month") return byMonth;
  return schedule.dayRule === "any" || byWeek;
}

function firstMinuteOfDay({ hours, minutes }: Schedule, from: number): number | undefined {
  const hour = Math.floor(from / 60);
  const minute = hours.includes(hour) ? minutes.find((m) => m >= from - hour * 60) : undefined;
  if (minute !== undefined) return hour * 60 + minute;
  const later = hours.find((h) => h > hour);
  return later === undefined ? undefined : later * 60 + (minutes[0] ?? 0);
}

function lastMinuteOfDay({ hours, minutes }: Schedule, until: number): number | undefined {
  const hour = Math.floor(until / 60);
  const minute = hours.includes(hour) ? minutes.findLast((m) => m <= until - hour * 60) : undefined;
  if (minute !== undefined) return hour * 60 + minute;
  const earlier = hours.findLast((h) => h < hour);
  return earlier === undefined ? undefined : earlier * 60 + (minutes.at(-1) ?? 0);
}

function countMinutesOfDay({ hours, minutes }: Schedule, until: number): number {
  const hour = Math.floor(until / 60);
  const fullHours = hours.filter((h) => h < hour).length;
  const inLastHour = hours.includes(hour) ? minutes.filter((m) => m <= until - hour * 60).length : 0;
  return fullHours * minutes.length + inLastHour;
}
