import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { anySchedule } from "../../test/schedules.ts";
import { decideDue, type Timetable } from "./due.ts";
import { occurrencesBetween } from "./occurrences.ts";
import { parseSchedule } from "./schedule.ts";

const MINUTE = 60_000;

/** One operator's life: looks at its clock now and then, which creeps, leaps over downtime, or is set back. */
const anyLooks = fc
  .array(
    fc.oneof(
      { weight: 6, arbitrary: fc.integer({ min: 1, max: 90 * 1000 }) },
      { weight: 3, arbitrary: fc.integer({ min: 1, max: 20 * 60 * MINUTE }) },
      { weight: 1, arbitrary: fc.integer({ min: -3 * 60 * MINUTE, max: -1 }) },
    ),
    { minLength: 1, maxLength: 40 },
  )
  .map((steps) => {
    let now = 0;
    return steps.map((step) => (now += step));
  });

const anyTimetable = fc
  .record({
    meaning: anySchedule(9),
    timeZone: fc.constantFrom("Etc/UTC", "Europe/London", "Australia/Lord_Howe", "America/Sao_Paulo"),
    activeSince: fc.integer({
      min: Date.parse("2017-01-01T00:00:00Z"),
      max: Date.parse("2019-12-01T00:00:00Z"),
    }),
    startingDeadlineSeconds: fc.option(fc.integer({ min: 10, max: 7200 }), { nil: undefined }),
  })
  .map(({ meaning, ...rest }): Timetable => {
    const parsed = parseSchedule(meaning.text);
    if (!parsed.ok) throw new Error(parsed.problem);
    return { ...rest, schedule: parsed.schedule };
  });

/** Lets a life pass, handing every answer's `latest` back, and notes what ran and when. */
function live(timetable: Timetable, looks: readonly number[]) {
  let lastScheduleTime: number | undefined;
  let missed = 0;
  const ran: { due: number; now: number }[] = [];
  const latests: number[] = [];
  for (const look of looks) {
    const now = timetable.activeSince + look;
    const answer = decideDue({ ...timetable, lastScheduleTime }, now);
    if (answer.due !== undefined) ran.push({ due: answer.due, now });
    if (answer.latest !== undefined) latests.push(answer.latest);
    missed += answer.missed;
    lastScheduleTime = answer.latest ?? lastScheduleTime;
  }
  return { ran, missed, latests };
}

describe("over an operator's whole life", () => {
  it("no occurrence is due twice, and each comes after the one before (K3)", () => {
    fc.assert(
      fc.property(anyTimetable, anyLooks, (timetable, looks) => {
        const { latests } = live(timetable, looks);
        expect(latests).toEqual([...new Set(latests)].sort((a, b) => a - b));
      }),
    );
  });

  it("every occurrence since the creation is either run or counted as missed (K4)", () => {
    fc.assert(
      fc.property(anyTimetable, anyLooks, (timetable, looks) => {
        const end = timetable.activeSince + Math.max(0, ...looks);
        const span = { from: timetable.activeSince + 1, to: end + 1 };
        const all = occurrencesBetween(timetable.schedule, timetable.timeZone, span, Infinity);
        const { ran, missed } = live(timetable, looks);
        expect(ran.length + missed).toBe(all.length);
        expect(all).toEqual(expect.arrayContaining(ran.map(({ due }) => due)));
      }),
    );
  });

  it("the most recent occurrence runs at every look within its deadline, and never after it (K4)", () => {
    fc.assert(
      fc.property(anyTimetable, anyLooks, (timetable, looks) => {
        const deadline = (timetable.startingDeadlineSeconds ?? Infinity) * 1000;
        const { ran } = live(timetable, looks);
        const expected = new Set<number>();
        const handled = new Set<number>();
        for (const look of looks) {
          const now = timetable.activeSince + look;
          const span = { from: timetable.activeSince + 1, to: now + 1 };
          const last = occurrencesBetween(timetable.schedule, timetable.timeZone, span, Infinity).at(-1);
          if (last === undefined || [...handled].some((instant) => instant >= last)) continue;
          handled.add(last);
          if (now - last <= deadline) expected.add(last);
        }
        expect(ran.map(({ due }) => due)).toEqual([...expected]);
      }),
      { numRuns: 50 },
    );
  });

  it("whoever asks again exactly when told misses nothing (K3)", () => {
    fc.assert(
      fc.property(anyTimetable, fc.integer({ min: 1, max: 50 }), (timetable, times) => {
        let { next, latest } = decideDue(timetable, timetable.activeSince);
        for (let i = 0; i < times && next !== undefined; i += 1) {
          const answer = decideDue({ ...timetable, lastScheduleTime: latest }, next);
          expect(answer).toMatchObject({ due: next, missed: 0 });
          ({ next, latest } = answer);
        }
      }),
    );
  });
});
