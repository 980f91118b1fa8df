import { expect, it } from "vitest";
import { textOf } from "../soak/report.ts";
import { trendOf } from "../soak/trend.ts";

const looks = Array.from({ length: 30 }, (_, n) => ({
  at: n * 5,
  rssMb: 200,
  waiting: n,
  waitedMs: 2,
  loopP99Ms: 1.25,
  sockets: 9,
}));
const soaked = {
  asked: { seed: 7, minutes: 3, agents: 100 },
  looks,
  trend: trendOf(looks),
  heldMb: { first: 40, last: 40.25 },
  keptMb: { first: 12, last: 12.06 },
  faults: 5,
  disturbances: 150,
  failed: 1,
  end: "recovered",
} as const;

it("a soak tells its figures, how it ended, and how to see it again", () => {
  expect(textOf(soaked).split("\n")).toEqual([
    "30 looks, 5 faults, 150 changes by people, of which 1 failed; figures are those after the first third",
    "memory (RSS), MB        first 200, last 200, most 200; slope 0 MB an hour",
    "heap without garbage    first 40, last 40.3 MB",
    "objects in its caches   first 12, last 12.1 MB as JSON",
    "keys that wait          median 20, most 29",
    "wait in queues, ms      median 2, most 2",
    "event loop p99, ms      median 1.3, most 1.3",
    "open sockets            first 9, last 9, most 9",
    "every fleet was ready in the end",
    "To see it again: npm run soak -- --seed 7 --minutes 3 --agents 100",
  ]);
});

it("a soak whose operator ended says so, and shows no figure that it has not", () => {
  const { heldMb: _held, keptMb: _kept, ...rest } = soaked;
  const text = textOf({ ...rest, end: "operator ended" });
  expect(text).toContain("heap without garbage    was not looked at");
  expect(text).toContain("objects in its caches   were not looked at");
  expect(text).toContain("the operator ENDED before its time: all figures are those until then");
});
