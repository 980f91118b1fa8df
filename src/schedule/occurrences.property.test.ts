import * as fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { anySchedule, firesAt, type Meaning, names, showUtc, type Step, walk } from "../../test/schedules.ts";
import { countOccurrences, nextOccurrence, occurrencesBetween, previousOccurrence } from "./occurrences.ts";
import { parseSchedule, type Schedule } from "./schedule.ts";

const DAY = 86_400_000;
const MINUTE = 60_000;

function read(text: string): Schedule {
  const parsed = parseSchedule(text);
  if (!parsed.ok) throw new Error(parsed.problem);
  return parsed.schedule;
}

/** What clocks have done to people: zone, first day, days, and why it is here. */
const WINDOWS = [
  ["Etc/UTC", "2026-02-27", 4, "no change"],
  ["Europe/London", "2026-03-28", 3, "an hour is skipped"],
  ["Europe/London", "2026-10-24", 3, "an hour repeats"],
  ["Europe/Dublin", "2026-03-28", 3, "daylight saving is negative"],
  ["Europe/Dublin", "2026-10-24", 3, "daylight saving is negative"],
  ["America/New_York", "2026-03-07", 3, "west of Greenwich"],
  ["America/New_York", "2026-10-31", 3, "west of Greenwich"],
  ["Australia/Lord_Howe", "2026-04-04", 3, "half an hour repeats"],
  ["Australia/Lord_Howe", "2026-10-03", 3, "half an hour is skipped"],
  ["America/Sao_Paulo", "2018-02-17", 3, "an hour repeats over midnight"],
  ["America/Sao_Paulo", "2018-11-03", 3, "midnight is skipped"],
  ["America/Havana", "2026-03-07", 3, "midnight is skipped"],
  ["Antarctica/Troll", "2026-03-28", 3, "two hours are skipped"],
  ["Antarctica/Troll", "2026-10-24", 3, "two hours repeat"],
  ["America/St_Johns", "2010-11-06", 3, "the change is at 00:01, into the day before"],
  ["Africa/Casablanca", "2026-02-14", 3, "summer time stops for Ramadan"],
  ["Asia/Pyongyang", "2018-05-03", 3, "the last half hour of a day is skipped"],
  ["America/Caracas", "2016-04-30", 3, "half an hour is skipped, for good"],
  ["Pacific/Kiritimati", "1994-12-30", 4, "New Year's Eve is skipped"],
  ["Pacific/Apia", "2011-12-29", 3, "a day is skipped"],
  ["Pacific/Kwajalein", "1993-08-19", 4, "a day is skipped"],
  ["Pacific/Kwajalein", "1969-09-29", 4, "23 hours repeat"],
  ["Asia/Kathmandu", "1985-12-30", 4, "a quarter of an hour is skipped at New Year"],
] as const;

describe.each(WINDOWS)("in %s from %s for %i days, where %s", (timeZone, firstDay, days) => {
  const from = Date.parse(`${firstDay}T00:00:00Z`);
  const to = from + days * DAY;
  let steps: readonly Step[] = [];
  beforeAll(() => {
    steps = walk(timeZone, from, to);
  });
  const walked = (meaning: Meaning) => steps.filter((step) => firesAt(meaning, step)).map((step) => step.at);
  const anyInstant = fc.integer({ min: from, max: to - 1 });

  it("the occurrences are those of a walk through every minute (K2)", () => {
    fc.assert(
      fc.property(anySchedule(8), (meaning) => {
        const found = occurrencesBetween(read(meaning.text), timeZone, { from, to }, Infinity);
        expect(found).toEqual(walked(meaning));
      }),
    );
  });

  it("next, previous and count agree with that walk from any instant", () => {
    fc.assert(
      fc.property(anySchedule(8), anyInstant, anyInstant, (meaning, one, other) => {
        const schedule = read(meaning.text);
        const [early, late] = one < other ? [one, other] : [other, one];
        const all = walked(meaning);
        const next = nextOccurrence(schedule, timeZone, early) ?? Infinity;
        expect(next < to ? next : undefined).toBe(all.find((at) => at > early));
        const expectedBefore = all.findLast((at) => at <= late && at >= early);
        expect(previousOccurrence(schedule, timeZone, late, early)).toBe(expectedBefore);
        const expectedCount = all.filter((at) => at > early && at <= late).length;
        expect(countOccurrences(schedule, timeZone, early, late)).toBe(expectedCount);
      }),
    );
  });
});

describe("schedules whose days are rare", () => {
  const anyStart = fc.integer({
    min: Date.parse("1999-12-01T00:00:00Z") / MINUTE,
    max: Date.parse("2033-05-18T00:00:00Z") / MINUTE,
  });

  it("fire on the same minutes as a walk through 400 days of UTC", () => {
    fc.assert(
      fc.property(anySchedule(2), anyStart, (meaning, startMinute) => {
        const from = startMinute * MINUTE;
        const to = from + 400 * DAY;
        const expected: number[] = [];
        for (let at = from; at < to && expected.length < 50; at += MINUTE) {
          // Most days do not match: their other minutes need no look.
          const shown = showUtc(at);
          if (names({ ...meaning, minutes: [shown.minute], hours: [shown.hour] }, shown)) {
            if (names(meaning, shown)) expected.push(at);
          } else {
            at += DAY - (at % DAY) - MINUTE;
          }
        }
        const schedule = read(meaning.text);
        expect(occurrencesBetween(schedule, "Etc/UTC", { from, to }, 50)).toEqual(expected);
        const last = expected.at(-1);
        if (last === undefined) return;
        expect(previousOccurrence(schedule, "Etc/UTC", last, from)).toBe(last);
        expect(previousOccurrence(schedule, "Etc/UTC", last - 1, from)).toBe(expected.at(-2));
        expect(countOccurrences(schedule, "Etc/UTC", from - 1, last)).toBe(expected.length);
      }),
    );
  });
});
