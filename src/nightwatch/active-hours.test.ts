import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isWithinActiveHours } from "./active-hours.ts";

const hours = (start: string, end: string, timeZone = "Etc/UTC") => ({ start, end, timeZone });

describe("active hours (D8)", () => {
  it("are always where none are set", () => {
    expect(isWithinActiveHours(undefined, Date.parse("2026-03-29T03:00:00Z"))).toBe(true);
  });

  it.each([
    ["08:59:59.999", false],
    ["09:00:00", true],
    ["16:59:59.999", true],
    ["17:00:00", false],
  ])("begin at their start and are over at their end: at %s it is %s", (time, expected) => {
    expect(isWithinActiveHours(hours("09:00", "17:00"), Date.parse(`2026-03-02T${time}Z`))).toBe(expected);
  });

  it.each([
    ["21:59:59", false],
    ["22:00:00", true],
    ["00:00:00", true],
    ["05:59:59", true],
    ["06:00:00", false],
    ["12:00:00", false],
  ])("may wrap midnight: at %s it is %s", (time, expected) => {
    expect(isWithinActiveHours(hours("22:00", "06:00"), Date.parse(`2026-03-02T${time}Z`))).toBe(expected);
  });

  // London: 29 March 2026 01:00 becomes 02:00, 25 October 2026 02:00 becomes 01:00.
  // Lord Howe: 5 April 2026 02:00 becomes 01:30, 4 October 2026 02:00 becomes 02:30.
  it.each([
    ["Europe/London", "01:30", "03:00", "2026-03-29T00:59:59Z", false, "00:59:59, a second before the clock jumps"],
    ["Europe/London", "01:30", "03:00", "2026-03-29T01:00:00Z", true, "02:00, and 01:30 was never shown"],
    ["Europe/London", "01:30", "03:00", "2026-03-29T02:00:00Z", false, "03:00 of summer time"],
    ["Europe/London", "22:00", "01:30", "2026-03-29T00:59:59Z", true, "00:59:59"],
    ["Europe/London", "22:00", "01:30", "2026-03-29T01:00:00Z", false, "02:00, past an end that was never shown"],
    ["Europe/London", "01:30", "03:00", "2026-10-25T00:29:59Z", false, "01:29:59 the first time"],
    ["Europe/London", "01:30", "03:00", "2026-10-25T00:30:00Z", true, "01:30 the first time"],
    ["Europe/London", "01:30", "03:00", "2026-10-25T01:00:00Z", false, "01:00 the second time"],
    ["Europe/London", "01:30", "03:00", "2026-10-25T01:30:00Z", true, "01:30 the second time"],
    ["Europe/London", "01:30", "03:00", "2026-10-25T03:00:00Z", false, "03:00 of winter time"],
    ["Australia/Lord_Howe", "01:45", "02:15", "2026-04-04T14:44:59Z", false, "01:44:59 the first time"],
    ["Australia/Lord_Howe", "01:45", "02:15", "2026-04-04T14:45:00Z", true, "01:45 the first time"],
    ["Australia/Lord_Howe", "01:45", "02:15", "2026-04-04T15:00:00Z", false, "01:30 the second time"],
    ["Australia/Lord_Howe", "01:45", "02:15", "2026-04-04T15:44:59Z", true, "02:14:59"],
    ["Australia/Lord_Howe", "01:45", "02:15", "2026-04-04T15:45:00Z", false, "02:15"],
    ["Australia/Lord_Howe", "01:45", "02:15", "2026-10-03T15:29:59Z", true, "01:59:59, a second before the jump"],
    ["Australia/Lord_Howe", "01:45", "02:15", "2026-10-03T15:30:00Z", false, "02:30, past an end never shown"],
  ])("in %s from %s to %s at %s are %s: the clock shows %s", (zone, start, end, at, expected) => {
    expect(isWithinActiveHours(hours(start, end, zone), Date.parse(at))).toBe(expected);
  });

  it("and the other hours of the day are all hours, whatever the zone", () => {
    const minute = fc.nat(1439);
    const text = (m: number) => `${String(Math.floor(m / 60)).padStart(2, "0")}:${String(m % 60).padStart(2, "0")}`;
    fc.assert(
      fc.property(
        fc.uniqueArray(minute, { minLength: 2, maxLength: 2 }),
        fc.integer({ min: -2e12, max: 4e12 }),
        fc.constantFrom("Etc/UTC", "Europe/London", "Australia/Lord_Howe", "America/St_Johns"),
        ([a = 0, b = 1], now, zone) => {
          const one = isWithinActiveHours(hours(text(a), text(b), zone), now);
          expect(isWithinActiveHours(hours(text(b), text(a), zone), now)).toBe(!one);
        },
      ),
    );
  });
});
