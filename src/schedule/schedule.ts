import { type Field, type FieldRule, parseField } from "./field.ts";
import { quote } from "./quote.ts";

/** When a Core agent runs, in local time (K1). Every list is ascending and never empty. */
export interface Schedule {
  /** As the user wrote it, without the space around it. */
  readonly text: string;
  readonly minutes: readonly number[];
  readonly hours: readonly number[];
  readonly daysOfMonth: readonly number[];
  /** 1 to 12. */
  readonly months: readonly number[];
  /** 0 (Sunday) to 6. */
  readonly daysOfWeek: readonly number[];
  /** Which days the two day fields allow together: both restricted means either. */
  readonly dayRule: "any" | "day-of-month" | "day-of-week" | "either";
}

export type ParsedSchedule =
  { readonly ok: true; readonly schedule: Schedule } | { readonly ok: false; readonly problem: string };

const MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const WEEKDAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

const MINUTE: FieldRule = { name: "minute", lowest: 0, highest: 59 };
const HOUR: FieldRule = { name: "hour", lowest: 0, highest: 23 };
const DAY_OF_MONTH: FieldRule = { name: "day of month", lowest: 1, highest: 31 };
const MONTH: FieldRule = { name: "month", lowest: 1, highest: 12, names: MONTHS };
const DAY_OF_WEEK: FieldRule = { name: "day of week", lowest: 0, highest: 7, lastOfAll: 6, names: WEEKDAYS };

/** The names and their meanings in crontab(5). */
const NAMED: Readonly<Record<string, string>> = {
  "@hourly": "0 * * * *",
  "@daily": "0 0 * * *",
  "@midnight": "0 0 * * *",
  "@weekly": "0 0 * * 0",
  "@monthly": "0 0 1 * *",
  "@yearly": "0 0 1 1 *",
  "@annually": "0 0 1 1 *",
};

/** The most days that each month ever has. */
const LONGEST_MONTHS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/**
 * Reads a schedule (K1): five fields or one of seven names, nothing else.
 * A schedule that is well-formed and yet never fires is accepted; see `neverFires`.
 * @returns the schedule, or a problem: one sentence on one line that names the text, the field and the reason
 */
export function parseSchedule(text: string): ParsedSchedule {
  const trimmed = text.trim();
  const refuse = (reason: string): ParsedSchedule => ({
    ok: false,
    problem: `schedule ${quote(text)} is invalid: ${reason}`,
  });
  if (trimmed === "") return refuse("it is empty");
  if (/^(CRON_)?TZ=/i.test(trimmed)) return refuse("a time zone is not part of it; set timeZone instead");
  const fields = Object.hasOwn(NAMED, trimmed) ? NAMED[trimmed] : trimmed;
  if (fields === undefined || fields.startsWith("@")) {
    return refuse(`the only names are ${Object.keys(NAMED).join(", ")}`);
  }
  const texts = fields.split(/[ \t]+/);
  const [minuteText, hourText, dayText, monthText, weekdayText] = texts;
  if (texts.length !== 5) {
    const found = texts.length === 1 ? "1 field" : `${texts.length} fields`;
    return refuse(`it has ${found} instead of five (minute, hour, day of month, month, day of week)`);
  }
  const minute = parseField(MINUTE, minuteText ?? "");
  if (!minute.ok) return refuse(minute.problem);
  const hour = parseField(HOUR, hourText ?? "");
  if (!hour.ok) return refuse(hour.problem);
  const day = parseField(DAY_OF_MONTH, dayText ?? "");
  if (!day.ok) return refuse(day.problem);
  const month = parseField(MONTH, monthText ?? "");
  if (!month.ok) return refuse(month.problem);
  const weekday = parseField(DAY_OF_WEEK, weekdayText ?? "");
  if (!weekday.ok) return refuse(weekday.problem);
  const schedule: Schedule = {
    text: trimmed,
    minutes: minute.field.values,
    hours: hour.field.values,
    daysOfMonth: day.field.values,
    months: month.field.values,
    daysOfWeek: weekday.field.values,
    dayRule: dayRule(day.field, weekday.field),
  };
  return { ok: true, schedule };
}

function dayRule(dayOfMonth: Field, dayOfWeek: Field): Schedule["dayRule"] {
  if (dayOfMonth.isRestricted) return dayOfWeek.isRestricted ? "either" : "day-of-month";
  return dayOfWeek.isRestricted ? "day-of-week" : "any";
}

/** Whether no date in any year matches, as in "0 0 31 2 *". */
export function neverFires(schedule: Schedule): boolean {
  if (schedule.dayRule !== "day-of-month") return false;
  const firstDay = schedule.daysOfMonth[0] ?? Infinity;
  return schedule.months.every((month) => firstDay > (LONGEST_MONTHS[month - 1] ?? 0));
}
