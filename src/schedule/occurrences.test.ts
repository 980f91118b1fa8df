import { describe, expect, it } from "vitest";
import { countOccurrences, nextOccurrence, occurrencesBetween, previousOccurrence } from "./occurrences.ts";
import { parseSchedule, type Schedule } from "./schedule.ts";

const at = Date.parse;

function read(text: string): Schedule {
  const parsed = parseSchedule(text);
  if (!parsed.ok) throw new Error(parsed.problem);
  return parsed.schedule;
}

const iso = (instant: number) => new Date(instant).toISOString().replace(":00.000Z", "Z");

function list(text: string, timeZone: string, from: string, to: string): string[] {
  return occurrencesBetween(read(text), timeZone, { from: at(from), to: at(to) }, 1000).map(iso);
}

describe("occurrences", () => {
  it.each([
    ["*/20 9 * * *", "2026-03-01T09:00Z", "2026-03-02T09:20Z", ["01T09:00", "01T09:20", "01T09:40", "02T09:00"]],
    ["0 0 13 * 5", "2026-03-01T00:00Z", "2026-03-21T00:00Z", ["06T00:00", "13T00:00", "20T00:00"]],
    ["59 23 31 * *", "2026-03-31T23:59Z", "2026-04-30T23:59Z", ["31T23:59"]],
  ])("of %j from %s to before %s", (text, from, to, expected) => {
    expect(list(text, "Etc/UTC", from, to)).toEqual(expected.map((time) => `2026-03-${time}Z`));
  });

  it("fall on a 29 February over the eight years that have none", () => {
    expect(list("0 12 29 2 *", "Etc/UTC", "2095-01-01T00:00Z", "2109-01-01T00:00Z")).toEqual([
      "2096-02-29T12:00Z",
      "2104-02-29T12:00Z",
      "2108-02-29T12:00Z",
    ]);
    const noon = read("0 12 29 2 *");
    expect(previousOccurrence(noon, "Etc/UTC", at("2104-02-29T11:59Z"), 0)).toBe(at("2096-02-29T12:00Z"));
  });

  it("are none for a schedule that never fires", () => {
    const never = read("0 0 31 2 *");
    expect(nextOccurrence(never, "Etc/UTC", 0)).toBeUndefined();
    expect(previousOccurrence(never, "Etc/UTC", at("2026-01-01T00:00Z"), 0)).toBeUndefined();
    expect(countOccurrences(never, "Etc/UTC", 0, at("2026-01-01T00:00Z"))).toBe(0);
    expect(occurrencesBetween(never, "Etc/UTC", { from: 0 }, 5)).toEqual([]);
  });
});

describe("a local time that does not exist fires at the next valid minute (K2)", () => {
  it.each<[string, string, string, string, string, string[]]>([
    [
      "New York 02:30",
      "30 2 * * *",
      "America/New_York",
      "2026-03-08T05:00Z",
      "2026-03-09T00:00Z",
      ["2026-03-08T07:00Z"],
    ],
    [
      "London 01:00 and 01:30, together with 02:00",
      "*/30 * * * *",
      "Europe/London",
      "2026-03-29T00:30Z",
      "2026-03-29T02:01Z",
      ["2026-03-29T00:30Z", "2026-03-29T01:00Z", "2026-03-29T01:30Z", "2026-03-29T02:00Z"],
    ],
    [
      "Lord Howe's half hour, together with 02:30",
      "*/15 2 * * *",
      "Australia/Lord_Howe",
      "2026-10-03T15:00Z",
      "2026-10-04T00:00Z",
      ["2026-10-03T15:30Z", "2026-10-03T15:45Z"],
    ],
    [
      "Sao Paulo's midnight, by a Sunday schedule",
      "0 0 * * 0",
      "America/Sao_Paulo",
      "2018-11-03T12:00Z",
      "2018-11-05T12:00Z",
      ["2018-11-04T03:00Z"],
    ],
    [
      "Apia's 03:00 on 30 December 2011",
      "0 3 30 12 *",
      "Pacific/Apia",
      "2011-12-29T00:00Z",
      "2012-01-01T00:00Z",
      ["2011-12-30T10:00Z"],
    ],
  ])("%s", (_, text, timeZone, from, to, expected) => {
    expect(list(text, timeZone, from, to)).toEqual(expected);
  });
});

describe("a local time that exists twice fires once, the first time (K2)", () => {
  it.each([
    [
      "New York 01:30",
      "30 1 * * *",
      "America/New_York",
      "2026-11-01T04:00Z",
      "2026-11-01T09:00Z",
      ["2026-11-01T05:30Z"],
    ],
    [
      "London hourly: nothing in the second 01:00 hour",
      "0 * * * *",
      "Europe/London",
      "2026-10-25T00:00Z",
      "2026-10-25T04:00Z",
      ["2026-10-25T00:00Z", "2026-10-25T02:00Z", "2026-10-25T03:00Z"],
    ],
    [
      "Dublin, whose winter time is the special one",
      "30 1 * * *",
      "Europe/Dublin",
      "2026-10-24T23:00Z",
      "2026-10-25T09:00Z",
      ["2026-10-25T00:30Z"],
    ],
    [
      "Sao Paulo's 23:30, repeated from midnight back into the day before",
      "30 23 * * *",
      "America/Sao_Paulo",
      "2018-02-17T20:00Z",
      "2018-02-18T20:00Z",
      ["2018-02-18T01:30Z"],
    ],
  ])("%s", (_, text, timeZone, from, to, expected) => {
    expect(list(text, timeZone, from, to)).toEqual(expected);
  });

  it("so the last occurrence before the repeated hour's end is the one before the clock went back", () => {
    const everyMinute = read("* * * * *");
    const inRepetition = at("2026-10-25T01:30Z");
    expect(previousOccurrence(everyMinute, "Europe/London", inRepetition, 0)).toBe(at("2026-10-25T00:59Z"));
    expect(nextOccurrence(everyMinute, "Europe/London", inRepetition)).toBe(at("2026-10-25T02:00Z"));
  });
});

describe("the previous occurrence", () => {
  const hourly = read("0 * * * *");
  it.each([
    ["2026-01-01T05:00:00Z", "2026-01-01T00:00:00Z", "2026-01-01T05:00Z"],
    ["2026-01-01T04:59:59.999Z", "2026-01-01T00:00:00Z", "2026-01-01T04:00Z"],
    ["2026-01-01T05:59:00Z", "2026-01-01T05:00:00Z", "2026-01-01T05:00Z"],
    ["2026-01-01T05:59:00Z", "2026-01-01T05:00:00.001Z", undefined],
    ["2026-01-01T05:00:00Z", "2026-01-01T06:00:00Z", undefined],
  ])("at or before %s and not before %s is %s", (atOrBefore, notBefore, expected) => {
    const found = previousOccurrence(hourly, "Etc/UTC", at(atOrBefore), at(notBefore));
    expect(found === undefined ? undefined : iso(found)).toBe(expected);
  });
});
