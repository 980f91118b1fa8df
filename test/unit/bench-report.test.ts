import { describe, expect, it } from "vitest";
import { plotOf } from "../bench/plot.ts";
import { at, type Report, tableOf, tenfold } from "../bench/report.ts";

const report: Report = {
  name: "grows",
  title: "a population that grows",
  notes: [],
  rows: [
    { figure: "seconds", text: "start", unit: "s", goal: { at: "most", value: 10 } },
    { figure: "writes", text: "writes at rest", goal: { at: "most", value: 0 } },
  ],
  sizes: [100, 1000],
  plot: { title: "How it grows", lines: [{ figure: "seconds", name: "start", unit: "s" }] },
  samples: [
    { ...at(100, { seconds: 2, writes: 0 }), ...at(1000, { seconds: 12, writes: 0 }) },
    { ...at(100, { seconds: 1, writes: 0 }), ...at(1000, { seconds: 20, writes: 0 }) },
    at(100, { seconds: 3, writes: 0 }),
  ],
};

describe("a report of several sizes", () => {
  it("has a column for each, medians in them, how they grew between, and the goal of the greatest", () => {
    expect(tableOf(report).split("\n")).toEqual([
      "| what           | unit | 100 | × | 1,000 | goal         |",
      "| -------------- | ---- | --- | - | ----- | ------------ |",
      "| start          | s    | 2   | 8 | 16    | ≤ 10: missed |",
      "| writes at rest |      | 0   | – | 0     | ≤ 0: reached |",
    ]);
  });

  it("shows what a size did not come to as missing, and judges nothing by it", () => {
    expect(tableOf({ ...report, samples: report.samples.slice(2) })).toContain(
      "| start          | s    | 3   | – | –     |      |",
    );
  });

  it("is drawn as one picture, always the same for the same figures", () => {
    const svg = plotOf(report);
    expect(svg).toMatch(/^<svg /);
    for (const text of ["How it grows", "start: 16 s", "agents", "linear growth"]) expect(svg).toContain(text);
    expect(plotOf(report)).toBe(svg);
  });

  it("is drawn as far as it was measured", () => {
    expect(plotOf({ ...report, samples: report.samples.slice(2) })).toContain("start: 3 s");
    expect(plotOf({ ...report, samples: [] })).toMatch(/^<svg /);
  });

  it("draws nothing where there is no line to draw", () => {
    const { plot: _, ...plain } = report;
    expect(plotOf(plain)).toBeUndefined();
    expect(plotOf({ ...report, sizes: [100] })).toBeUndefined();
  });
});

describe("growth", () => {
  it.each([
    ["linear", [100, 5], [1000, 50], 10],
    ["constant", [100, 5], [1000, 5], 1],
    ["quadratic over a doubling", [100, 1], [200, 4], 100],
    ["unknown from nothing", [100, 0], [1000, 5], NaN],
    ["unknown to what is missing", [100, 1], [1000, undefined], NaN],
  ] as const)("is %s", (_, from, to, expected) => {
    const growth = tenfold(from, to);
    if (Number.isNaN(expected)) expect(growth).toBeNaN();
    else expect(growth).toBeCloseTo(expected, 9);
  });
});
