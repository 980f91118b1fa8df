import { describe, expect, it } from "vitest";
import { DEFAULT_TIME_ZONE, findTimeZoneProblem, isTimeZone, offsetAt, offsetChanges } from "./time-zone.ts";

const at = Date.parse;
const HOUR = 3_600_000;

describe("a time zone (K2)", () => {
  it.each([
    DEFAULT_TIME_ZONE,
    "UTC",
    "GMT",
    "GB",
    "EST5EDT",
    "Europe/London",
    "Europe/Kiev",
    "Europe/Kyiv",
    "America/Argentina/Buenos_Aires",
    "America/Port-au-Prince",
    "Antarctica/DumontDUrville",
    "Etc/GMT+12",
    "US/Eastern",
  ])("may be %s", (text) => {
    expect(isTimeZone(text)).toBe(true);
    expect(findTimeZoneProblem(text)).toBeUndefined();
  });

  it("may be any that Intl lists", () => {
    expect(Intl.supportedValuesOf("timeZone").filter((name) => !isTimeZone(name))).toEqual([]);
  });

  it.each(["", " ", "Local", "local", "+02:00", "-0300", "UTC+2", "Z", "BST", "PST", "SystemV/EST5", "Mars/Olympus"])(
    "is not %j",
    (text) => {
      expect(isTimeZone(text)).toBe(false);
      expect(findTimeZoneProblem(text)).toBe(
        `time zone ${JSON.stringify(text)} is unknown: write an IANA name such as Europe/London or Etc/UTC`,
      );
    },
  );

  it.each([
    ["europe/london", "Europe/London"],
    ["EUROPE/LONDON", "Europe/London"],
    ["utc", "UTC"],
  ])("is not %s, which the API server would not find, and the problem says %s", (text, spelling) => {
    expect(isTimeZone(text)).toBe(false);
    expect(findTimeZoneProblem(text)).toBe(`time zone "${text}" is unknown: it is spelt ${spelling}`);
  });
});

describe("a zone's offset", () => {
  it.each([
    ["Etc/UTC", "2026-07-01T00:00:00Z", 0],
    ["Asia/Kathmandu", "2026-07-01T00:00:00Z", 5.75],
    ["Etc/GMT+2", "2026-07-01T00:00:00Z", -2],
    ["Europe/London", "2026-03-29T00:59:59Z", 0],
    ["Europe/London", "2026-03-29T01:00:00Z", 1],
    ["Europe/London", "2026-10-25T01:00:00Z", 0],
    ["Pacific/Apia", "2011-12-30T09:59:59Z", -10],
    ["Pacific/Apia", "2011-12-30T10:00:00Z", 14],
    ["Africa/Monrovia", "1971-01-01T00:00:00Z", -(44 * 60 + 30) / 3600],
  ])("of %s at %s is %d hours", (timeZone, time, hours) => {
    expect(offsetAt(timeZone, at(time))).toBe(hours * HOUR);
  });

  it("changes after the span's begin and up to its end", () => {
    const change = { at: at("2026-03-29T01:00:00Z"), before: 0, after: HOUR };
    expect(offsetChanges("Europe/London", change.at - 1, change.at)).toEqual([change]);
    expect(offsetChanges("Europe/London", change.at, change.at + HOUR)).toEqual([]);
    expect(offsetChanges("Europe/London", change.at - HOUR, change.at - 1)).toEqual([]);
  });

  it("changes once also where a year in UTC begins with the change", () => {
    const newYear = at("1969-01-01T00:00:00Z");
    expect(offsetChanges("Antarctica/Casey", newYear - HOUR, newYear + HOUR)).toEqual([
      { at: newYear, before: 0, after: 8 * HOUR },
    ]);
    expect(offsetAt("Antarctica/Casey", newYear - 1)).toBe(0);
    expect(offsetAt("Antarctica/Casey", newYear)).toBe(8 * HOUR);
  });

  it("is refused for a zone that does not exist", () => {
    expect(() => offsetAt("Mars/Olympus", 0)).toThrow(RangeError);
  });
});
