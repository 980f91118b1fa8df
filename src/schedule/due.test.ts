import { describe, expect, it } from "vitest";
import { decideDue, runName, type Timetable } from "./due.ts";
import { parseSchedule, type Schedule } from "./schedule.ts";

const at = (time: string) => Date.parse(`2026-03-${time}Z`);

function read(text: string): Schedule {
  const parsed = parseSchedule(text);
  if (!parsed.ok) throw new Error(parsed.problem);
  return parsed.schedule;
}

/** Hourly in UTC, created at 00:30 on the 1st, last handled at 05:00 on the 2nd. */
const hourly: Timetable = {
  schedule: read("0 * * * *"),
  timeZone: "Etc/UTC",
  activeSince: at("01T00:30:00"),
  lastScheduleTime: at("02T05:00:00"),
  startingDeadlineSeconds: 600,
};
const fresh = { ...hourly, lastScheduleTime: undefined };
const patient = { ...hourly, startingDeadlineSeconds: undefined };
const resumed = { ...hourly, activeSince: at("02T08:30:00") };

describe("what is due", () => {
  it.each<[string, Timetable, string, string | undefined, number, string | undefined, string]>([
    // case                                          timetable   now             due            missed latest       next
    ["nothing before the next occurrence", hourly, "02T05:59:59.999", undefined, 0, undefined, "02T06:00:00"],
    ["an occurrence from its very instant on", hourly, "02T06:00:00", "02T06:00:00", 0, "02T06:00:00", "02T07:00:00"],
    ["an occurrence just within its deadline", hourly, "02T06:10:00", "02T06:00:00", 0, "02T06:00:00", "02T07:00:00"],
    ["not one whose deadline is over", hourly, "02T06:10:00.001", undefined, 1, "02T06:00:00", "02T07:00:00"],
    ["K4 only the last one after downtime", hourly, "02T09:05:00", "02T09:00:00", 3, "02T09:00:00", "02T10:00:00"],
    [
      "K4 none after downtime, too late for the last",
      hourly,
      "02T09:30:00",
      undefined,
      4,
      "02T09:00:00",
      "02T10:00:00",
    ],
    [
      "the last one however late without a deadline",
      patient,
      "02T09:59:59",
      "02T09:00:00",
      3,
      "02T09:00:00",
      "02T10:00:00",
    ],
    ["nothing from before an agent's creation", fresh, "01T00:40:00", undefined, 0, undefined, "01T01:00:00"],
    ["an agent's first occurrence", fresh, "01T01:00:01", "01T01:00:00", 0, "01T01:00:00", "01T02:00:00"],
    [
      "nothing at the very instant of creation",
      { ...fresh, activeSince: at("01T01:00:00") },
      "01T01:00:01",
      undefined,
      0,
      undefined,
      "01T02:00:00",
    ],
    ["K4 nothing of a suspension that has just ended", resumed, "02T08:30:01", undefined, 0, undefined, "02T09:00:00"],
    ["the first occurrence after a suspension", resumed, "02T09:00:01", "02T09:00:00", 0, "02T09:00:00", "02T10:00:00"],
    ["nothing twice when the clock is set back", hourly, "02T04:00:00", undefined, 0, undefined, "02T06:00:00"],
    [
      "K4 one when the clock is set forward a day",
      hourly,
      "03T05:00:30",
      "03T05:00:00",
      23,
      "03T05:00:00",
      "03T06:00:00",
    ],
  ])("is %s", (_, timetable, now, due, missed, latest, next) => {
    expect(decideDue(timetable, at(now))).toEqual({
      ...(due === undefined ? {} : { due: at(due) }),
      missed,
      ...(latest === undefined ? {} : { latest: at(latest) }),
      next: at(next),
    });
  });

  it("is nothing at all while an agent is suspended", () => {
    expect(decideDue({ ...hourly, isSuspended: true }, at("02T09:05:00"))).toEqual({ missed: 0 });
  });

  it("is nothing ever for a schedule that never fires", () => {
    expect(decideDue({ ...fresh, schedule: read("0 0 31 2 *") }, at("02T09:05:00"))).toEqual({ missed: 0 });
  });

  it("comes once where a local hour repeats (K2)", () => {
    const london = { ...hourly, timeZone: "Europe/London", lastScheduleTime: Date.parse("2026-10-25T00:00:00Z") };
    expect(decideDue(london, Date.parse("2026-10-25T01:00:00Z"))).toEqual({
      missed: 0,
      next: Date.parse("2026-10-25T02:00:00Z"),
    });
  });
});

describe("a run's name (K3)", () => {
  it("is the agent's and the occurrence's minute since the epoch", () => {
    expect(runName("upstream-sync", Date.parse("2026-03-30T02:00:00Z"))).toBe("upstream-sync-29580600");
  });

  it("fits the 63 characters of a label for the longest agent name", () => {
    expect(runName("a".repeat(52), Date.parse("2159-12-31T23:59:00Z")).length).toBeLessThanOrEqual(63);
  });
});
