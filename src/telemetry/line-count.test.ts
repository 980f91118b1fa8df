import { expect, it } from "vitest";
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
