import { describe, expect, it } from "vitest";
import { type Look, percentile, slope, trendOf } from "../soak/trend.ts";

const look = (at: number, rssMb: number): Look => ({
  at,
  rssMb,
  waiting: 0,
  waitedMs: at,
  loopP99Ms: 1,
  sockets: 5,
});

describe("the trend of a soak", () => {
  it("is flat where memory only goes up and down", () => {
    const looks = Array.from({ length: 300 }, (_, n) => look(n * 10, 200 + (n % 2)));
    expect(Math.abs(trendOf(looks).rssMbPerHour)).toBeLessThan(0.1);
  });

  it("shows what leaks by the hour, and leaves the warm-up out", () => {
    const looks = Array.from({ length: 300 }, (_, n) => look(n * 10, n < 100 ? n * 50 : 5000 + n / 36));
    expect(trendOf(looks).rssMbPerHour).toBeCloseTo(10, 5);
  });

  it("has a slope of nothing for a single look", () => {
    expect(slope([[1, 1]])).toBe(0);
  });

  it.each([
    [0, 1],
    [0.5, 51],
    [0.99, 100],
    [1, 100],
  ])("knows below which value a share of %d lies", (share, value) => {
    expect(
      percentile(
        Array.from({ length: 100 }, (_, n) => 100 - n),
        share,
      ),
    ).toBe(value);
  });
});
