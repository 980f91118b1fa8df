import { describe, expect, it } from "vitest";
import { NOON, noonPlus } from "../../test/builders.ts";
import { profiles } from "../tools/profiles.ts";
import { countFrom } from "./line-count.ts";

const line = (text: string, seconds: number) => {
  const stamp = noonPlus(seconds);
  return { text, stamp, time: NOON + seconds * 1000, count: 1 };
};

it("counts lines by the minute in which they were written, and their buckets sum up to the tally (D1)", () => {
  const count = countFrom({ pod: "sentinel-1", container: "uid/0" }, profiles.text);
  count.add([line("error: no route", -125), line("done", -121), line("done", -60)]);
  count.add([line("done", -59), line("error: no route", 0)]);
  expect(count.buckets()).toMatchObject([
    { start: noonPlus(-180), lines: 2, errorLines: 1 },
    { start: noonPlus(-60), lines: 2, errorLines: 0 },
    { start: noonPlus(0), lines: 1, errorLines: 1 },
  ]);
  expect(count.tally()).toMatchObject({ lines: 5, errorLines: 2 });
});

describe("a fork of a count", () => {
  const from = { pod: "sentinel-1", container: "uid/0" };

  it("goes on where the count stands and leaves it alone, until the count takes it over", () => {
    const count = countFrom(from, profiles.text);
    count.add([line("error: no route", -125)]);
    const before = [count.lines, count.cursor(), count.tally(), count.buckets()];
    const fork = count.fork();
    fork.add([line("done", -121), line("error: no route", 0)]);
    expect([count.lines, count.cursor(), count.tally(), count.buckets()]).toEqual(before);

    count.adopt(fork);
    const atOnce = countFrom(from, profiles.text);
    atOnce.add([line("error: no route", -125), line("done", -121), line("error: no route", 0)]);
    expect(count.lines).toBe(3);
    expect(count.cursor()).toEqual(atOnce.cursor());
    expect(count.tally()).toEqual(atOnce.tally());
    expect(count.buckets()).toEqual(atOnce.buckets());
  });

  it("hands its reader on, which knows what it read", () => {
    const count = countFrom(from, profiles.text);
    const fork = count.fork();
    fork.add([line("429 Too Many Requests, rate limit reached", 0)]);
    count.adopt(fork);
    expect(count.reader.end(1)).toMatchObject({ exitClass: "RateLimited" });
    count.add([line("done", 1)]);
    expect(count.tally()).toMatchObject({ lines: 2, rateLimits: 1 });
  });
});
