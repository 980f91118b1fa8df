import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { anySchedule } from "../../test/schedules.ts";
import { checkSchedule } from "./check.ts";
import { neverFires, parseSchedule, type Schedule } from "./schedule.ts";

function read(text: string): Schedule {
  const parsed = parseSchedule(text);
  if (!parsed.ok) throw new Error(parsed.problem);
  return parsed.schedule;
}

const problemOf = (text: string) => {
  const parsed = parseSchedule(text);
  return parsed.ok ? undefined : parsed.problem;
};

const sorted = (values: readonly number[]) => [...new Set(values)].sort((a, b) => a - b);
const all = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

describe("a schedule (K1)", () => {
  it.each([
    ["@hourly", "0 * * * *"],
    ["@daily", "0 0 * * *"],
    ["@midnight", "0 0 * * *"],
    ["@weekly", "0 0 * * 0"],
    ["@monthly", "0 0 1 * *"],
    ["@yearly", "0 0 1 1 *"],
    ["@annually", "0 0 1 1 *"],
    ["0 0 * JAN,dec Mon-Fri", "0 0 * 1,12 1-5"],
    ["0 0 * * 7", "0 0 * * 0"],
    ["0 0 * * 5-7", "0 0 * * 0,5,6"],
    ["0 0 * * 0-7", "0 0 * * 0-6"],
    ["5/15 * * * *", "5,20,35,50 * * * *"],
    ["*/60 */24 */31 */12 */7", "0 0 1 1 0"],
    ["0 0 1 * 3,*", "0 0 1 * */1"],
    ["  00\t03  * * *\n", "0 3 * * *"],
  ])("%j means the same as %j", (text, plain) => {
    expect({ ...read(text), text: "" }).toEqual({ ...read(plain), text: "" });
  });

  it.each([
    ["0 0 * * *", "any"],
    ["0 0 13 * *", "day-of-month"],
    ["0 0 * * 5", "day-of-week"],
    ["0 0 13 * 5", "either"],
    ["0 0 */2 * 5", "either"],
    ["0 0 */1 * 5", "day-of-week"],
  ])("%j chooses its days by %s", (text, rule) => {
    expect(read(text).dayRule).toBe(rule);
  });

  it("reads every field of any well-formed schedule as what it means", () => {
    fc.assert(
      fc.property(anySchedule(3), (meaning) => {
        const schedule = read(meaning.text);
        const expected = {
          text: meaning.text,
          minutes: sorted(meaning.minutes),
          hours: sorted(meaning.hours),
          daysOfMonth: meaning.daysOfMonth === "*" ? all(1, 31) : sorted(meaning.daysOfMonth),
          months: sorted(meaning.months),
          daysOfWeek: meaning.daysOfWeek === "*" ? all(0, 6) : sorted(meaning.daysOfWeek),
        };
        expect(schedule).toMatchObject(expected);
      }),
    );
  });
});

const EXTENSION = "is an extension of cron that is not supported (H, L, W, # and ?)";
const FIVE = "instead of five (minute, hour, day of month, month, day of week)";

describe("what is no schedule (K1) is refused in one sentence", () => {
  it.each([
    ["", "it is empty"],
    ["  ", "it is empty"],
    ["hourly", `it has 1 field ${FIVE}`],
    ["constructor", `it has 1 field ${FIVE}`],
    ["* * * *", `it has 4 fields ${FIVE}`],
    ["0 * * * * *", `it has 6 fields ${FIVE}`],
    ["H * * * *", `minute "H" ${EXTENSION}`],
    ["H(0-29)/10 * * * *", `minute "H(0" ${EXTENSION}`],
    ["0 0 L * *", `day of month "L" ${EXTENSION}`],
    ["0 0 LW * *", `day of month "LW" ${EXTENSION}`],
    ["0 0 15W * *", `day of month "15W" ${EXTENSION}`],
    ["0 0 * * 5L", `day of week "5L" ${EXTENSION}`],
    ["0 0 * * FRIL", `day of week "FRIL" ${EXTENSION}`],
    ["0 0 * * MON#2", `day of week "MON#2" ${EXTENSION}`],
    ["0 0 ? * 1", `day of month "?" ${EXTENSION}`],
    ["@every 5m", "the only names are @hourly, @daily, @midnight, @weekly, @monthly, @yearly, @annually"],
    ["@reboot", "the only names are @hourly, @daily, @midnight, @weekly, @monthly, @yearly, @annually"],
    ["@Daily", "the only names are @hourly, @daily, @midnight, @weekly, @monthly, @yearly, @annually"],
    ["TZ=Asia/Tokyo 0 0 * * *", "a time zone is not part of it; set timeZone instead"],
    ["CRON_TZ=UTC 0 0 * * *", "a time zone is not part of it; set timeZone instead"],
    ["60 * * * *", 'minute "60" is not within 0 to 59'],
    ["0 24 * * *", 'hour "24" is not within 0 to 23'],
    ["0 0 0 * *", 'day of month "0" is not within 1 to 31'],
    ["0 0 32 * *", 'day of month "32" is not within 1 to 31'],
    ["0 0 * 13 *", 'month "13" is not within 1 to 12'],
    ["0 0 * * 8", 'day of week "8" is not within 0 to 7'],
    ["0 0 * April *", 'month "April" is not a number from 1 to 12 or a name such as FEB'],
    ["0 0 * * Friday", 'day of week "Friday" is not a number from 0 to 7 or a name such as MON'],
    ["0 0 * Mon *", 'month "Mon" is not a number from 1 to 12 or a name such as FEB'],
    ["1.5 * * * *", 'minute "1.5" is not a number from 0 to 59'],
    ["+5 * * * *", 'minute "+5" is not a number from 0 to 59'],
    ["** * * * *", 'minute "**" is not a number from 0 to 59'],
    ["-5 * * * *", 'minute "-5" is not a value or a range of two values'],
    ["5- * * * *", 'minute "5-" is not a value or a range of two values'],
    ["1-2-3 * * * *", 'minute "1-2-3" is not a value or a range of two values'],
    ["1,,2 * * * *", 'minute "1,,2" has an empty item in its list'],
    ["5-3 * * * *", 'minute "5-3" is a reversed range: 5 comes after 3'],
    ["0 0 * * SAT-SUN", 'day of week "SAT-SUN" is a reversed range: SAT comes after SUN; write 6-7'],
    ["*/0 * * * *", 'minute "*/0" has step 0, where a step is a whole number of 1 or more'],
    ["*/ * * * *", 'minute "*/" has "" where a step is a whole number of 1 or more'],
    ["*/x * * * *", 'minute "*/x" has "x" where a step is a whole number of 1 or more'],
    ["*/5/5 * * * *", 'minute "*/5/5" has more than one step'],
    ["*/70 * * * *", 'minute "*/70" has step "70" over only 60 values, so nothing but 0 would ever match'],
    ["0 9-17/12 * * *", 'hour "9-17/12" has step "12" over only 9 values, so nothing but 9 would ever match'],
    ["0 0 * * 7/2", 'day of week "7/2" has step "2" over only 1 value, so nothing but 7 would ever match'],
    ["0\u00a00 * * *", `it has 4 fields ${FIVE}`],
  ])("%j: %s", (text, reason) => {
    expect(problemOf(text)).toBe(`schedule ${JSON.stringify(text)} is invalid: ${reason}`);
  });

  it("stays on one short line whatever the text holds", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 2000 }), (text) => {
        const problem = problemOf(text) ?? "";
        expect(problem).not.toMatch(/[\p{Cc}\u2028\u2029]/u);
        expect(problem.length).toBeLessThan(1500);
      }),
    );
  });

  it("shows what a terminal would obey or hide", () => {
    expect(problemOf("\u0085\u202e\u007f")).toContain('schedule "\\u0085\\u202e\\u007f" is invalid');
  });

  it("cuts a long text between characters, not inside one", () => {
    expect(problemOf("🕰".repeat(500))).toContain(`"${"🕰".repeat(80)}…"`);
  });
});

describe("a schedule that never fires", () => {
  it.each([
    ["0 0 31 2 *", true],
    ["0 0 30,31 2 *", true],
    ["0 0 31 2,4,6,9,11 *", true],
    ["0 0 29 2 *", false],
    ["0 0 31 4,5 *", false],
    ["0 0 31 2 1", false],
    ["0 0 * 2 *", false],
  ])("%j: %s", (text, expected) => {
    expect(neverFires(read(text))).toBe(expected);
  });

  it("is well-formed, and refused only when it is checked for use", () => {
    expect(parseSchedule("0 0 31 2 *").ok).toBe(true);
    expect(checkSchedule("0 0 31 2 *", "Etc/UTC")).toEqual({
      ok: false,
      problem: 'schedule "0 0 31 2 *" never fires: no month that it names has such a day',
    });
  });

  it("is told apart from a zone that does not exist", () => {
    expect(checkSchedule("0 0 * * *", "Mars/Olympus")).toEqual({
      ok: false,
      problem: 'time zone "Mars/Olympus" is unknown: write an IANA name such as Europe/London or Etc/UTC',
    });
  });
});
