import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { anyCounts, counts } from "../../test/drift-counts.ts";
import { addCounters, isEmpty, noCounts, type Counters } from "./counters.ts";
import {
  newWindow,
  record,
  recordAll,
  slide,
  takeOut,
  totalOf,
  windowOf,
  type Bucket,
  type DriftWindow,
} from "./window.ts";

const T = (time: string) => Date.parse(`2026-11-22T${time}Z`);
const HOUR = 3600;

const at = (time: string, windowSeconds = HOUR) => ({ now: T(time), windowSeconds });

describe("a window", () => {
  it("keeps what it is given in parts of a twelfth, newest last, and names when each begins", () => {
    let window = newWindow(T("10:03:20"));
    for (const time of ["10:04:00", "10:04:59", "10:05:00", "10:59:59"]) {
      window = record(window, counts({ lines: 1 }), T(time), at("10:59:59"));
    }
    expect(window.windowStart).toBe("2026-11-22T10:03:20Z");
    expect(window.buckets.map(({ start, lines }) => [start, lines])).toEqual([
      ["2026-11-22T10:03:20Z", 2],
      ["2026-11-22T10:05:00Z", 1],
      ["2026-11-22T10:55:00Z", 1],
    ]);
  });

  it("lets go of what is older than the window (D11)", () => {
    const window = record(newWindow(T("10:00:00")), counts({ lines: 5 }), T("10:04:00"), at("10:04:00"));
    expect(totalOf(slide(window, at("10:59:59"))).lines).toBe(5);
    expect(totalOf(slide(window, at("11:00:00"))).lines).toBe(0);
  });

  it("does not take what is older than the window when it comes", () => {
    const window = record(newWindow(T("09:00:00")), counts({ lines: 5 }), T("09:59:59"), at("11:00:00"));
    expect(window.buckets).toEqual([]);
  });

  it("stays the same object where nothing came and nothing went (D12)", () => {
    const window = record(newWindow(T("10:00:00")), counts({ lines: 5 }), T("10:04:00"), at("10:04:00"));
    expect(record(window, noCounts, T("10:30:00"), at("10:30:00"))).toBe(window);
  });

  it("counts a line at the nearer end when the node's clock is off", () => {
    const start = newWindow(T("10:00:00"));
    const early = record(start, counts({ lines: 1 }), T("09:59:58"), at("10:01:00"));
    expect(early.buckets.map((bucket) => bucket.start)).toEqual(["2026-11-22T10:00:00Z"]);
    const late = record(start, counts({ lines: 1 }), T("10:10:00"), at("10:01:00"));
    expect(late.buckets.map((bucket) => bucket.start)).toEqual(["2026-11-22T10:00:00Z"]);
  });

  it("keeps its evidence when the settings make its parts coarser", () => {
    let window = newWindow(T("10:00:00"));
    for (const time of ["10:00:05", "10:00:15", "10:00:25"]) {
      window = record(window, counts({ lines: 1 }), T(time), at("10:00:25", 60));
    }
    expect(window.buckets).toHaveLength(3);
    const coarser = slide(window, at("10:00:30"));
    expect(coarser.buckets).toHaveLength(1);
    expect(totalOf(coarser).lines).toBe(3);
  });

  const lines = (start: string, lines: number, errorLines = 0): Bucket => ({
    start: `2026-11-22T${start}Z`,
    ...counts({ lines, errorLines }),
  });

  it("takes in what was counted elsewhere, each part at its own time", () => {
    const window = recordAll(newWindow(T("10:00:00")), [lines("10:04:00", 2), lines("10:21:00", 3)], at("10:30:00"));
    expect(window.buckets).toEqual([lines("10:00:00", 2), lines("10:20:00", 3)]);
  });

  it("slides even when nothing is taken in", () => {
    const window = record(newWindow(T("10:00:00")), counts({ lines: 5 }), T("10:04:00"), at("10:04:00"));
    expect(recordAll(window, [], at("11:00:00")).buckets).toEqual([]);
  });

  it("lets parts of it be taken out, cell by cell and never below zero (C6)", () => {
    const window = recordAll(
      newWindow(T("10:00:00")),
      [lines("10:00:00", 5, 2), lines("10:05:00", 5), lines("10:10:00", 5, 5), lines("10:15:00", 5, 5)],
      at("10:30:00"),
    );
    const part = [lines("10:01:00", 3, 1), lines("10:05:00", 9), lines("10:12:00", 2, 0), lines("10:20:00", 7, 7)];
    expect(takeOut(window, part, at("10:30:00")).buckets).toEqual([
      lines("10:00:00", 2, 1),
      lines("10:10:00", 3, 3),
      lines("10:15:00", 5, 5),
    ]);
  });

  it("comes back from the status as it went there, as plain JSON", () => {
    const window = record(newWindow(T("10:00:00")), counts({ lines: 5, errorLines: 1 }), T("10:04:00"), at("10:04:00"));
    expect(windowOf(JSON.parse(JSON.stringify(window)) as DriftWindow)).toEqual(window);
  });

  it("reads what a status leaves out as never counted", () => {
    expect(windowOf(undefined)).toBeUndefined();
    expect(windowOf({})).toBeUndefined();
    const start = "2026-11-22T10:00:00Z";
    expect(windowOf({ windowStart: start, buckets: [{ start, lines: 2 }] })?.buckets).toEqual([
      { start, ...counts({ lines: 2 }) },
    ]);
  });
});

describe("any window", () => {
  const START = T("00:00:00");
  const anyEvidence = fc.array(fc.record({ after: fc.nat(2000), ago: fc.nat(900), counts: anyCounts(20) }), {
    maxLength: 60,
  });
  const anyWindowSeconds = fc.integer({ min: 5, max: 7200 });

  const live = (evidence: readonly { after: number; ago: number; counts: Counters }[], windowSeconds: number) => {
    let window = newWindow(START);
    let now = START;
    const taken: { at: number; counts: Counters }[] = [];
    for (const { after, ago, counts } of evidence) {
      now += after * 1000;
      const at = Math.max(START, now - ago * 1000);
      window = record(window, counts, at, { now, windowSeconds });
      taken.push({ at, counts });
    }
    return { window, now, taken };
  };
  const sum = (taken: readonly { counts: Counters }[]) =>
    taken.reduce((total, { counts }) => addCounters(total, counts), noCounts);

  it("has at most twelve buckets in order, none empty, none before its start", () => {
    fc.assert(
      fc.property(anyEvidence, anyWindowSeconds, (evidence, windowSeconds) => {
        const { buckets } = live(evidence, windowSeconds).window;
        const starts = buckets.map(({ start }) => Date.parse(start));
        expect(buckets.length).toBeLessThanOrEqual(12);
        expect(starts).toEqual([...new Set(starts)].sort((a, b) => a - b));
        expect(Math.min(...starts, Infinity)).toBeGreaterThanOrEqual(START);
        expect(buckets.some(isEmpty)).toBe(false);
      }),
    );
  });

  it("counts nothing older than the window and everything younger than eleven twelfths of it (D1)", () => {
    fc.assert(
      fc.property(anyEvidence, anyWindowSeconds, (evidence, windowSeconds) => {
        const { window, now, taken } = live(evidence, windowSeconds);
        const width = Math.ceil(windowSeconds / 12);
        const surely = (Math.floor(windowSeconds / width) - 1) * width;
        const within = (seconds: number) => sum(taken.filter(({ at }) => now - at < seconds * 1000)).lines;
        const { lines } = totalOf(window);
        expect(lines).toBeGreaterThanOrEqual(within(surely));
        expect(lines).toBeLessThanOrEqual(within(windowSeconds));
      }),
    );
  });

  it("holds exactly what came, as long as nothing is too old", () => {
    fc.assert(
      fc.property(anyEvidence, (evidence) => {
        const soon = evidence.map((one) => ({ ...one, after: one.after % 30, ago: one.ago % 30 }));
        const { window, taken } = live(soon, HOUR);
        expect(totalOf(window)).toEqual(sum(taken));
      }),
    );
  });

  it("is moved by nothing that another agent's window is given (D7)", () => {
    fc.assert(
      fc.property(anyEvidence, anyEvidence, (mine, others) => {
        const before = live(mine, HOUR);
        const copy = structuredClone(before.window);
        live(others, HOUR);
        record(before.window, counts({ lines: 9 }), before.now, { now: before.now, windowSeconds: HOUR });
        expect(before.window).toEqual(copy);
      }),
    );
  });

  it("never grows past twelve buckets when the clock is set back", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -600, max: 600 }), { minLength: 50, maxLength: 200 }), (steps) => {
        let window = newWindow(START);
        let now = START + 86_400_000;
        for (const step of steps) {
          now = Math.max(START, now + step * 1000);
          window = record(window, counts({ lines: 1 }), now, { now, windowSeconds: HOUR });
          expect(window.buckets.length).toBeLessThanOrEqual(12);
        }
      }),
    );
  });
});
