import { describe, expect, it } from "vitest";
import { mayHaveActed, retryDelay } from "./retry.ts";

const none = (): number => 0;
const most = (): number => 0.999999;
const busy = (code: number, retryAfterSeconds?: number): { code: number; retryAfterSeconds: number | undefined } => ({
  code,
  retryAfterSeconds,
});

describe("the delay before another try", () => {
  it.each([429, 503, 504])("after %i doubles from 100 ms to 10 s, half of it by chance, for ten tries", (code) => {
    const delays = [1, 2, 3, 7, 8, 9, 10].map((tries) => retryDelay(busy(code), tries, none));
    expect(delays).toEqual([50, 100, 200, 3200, 5000, 5000, undefined]);
    expect(retryDelay(busy(code), 1, most)).toBeCloseTo(100, 1);
  });

  it("is never shorter than Retry-After, at most a tenth longer, and counts at most 30 s of it", () => {
    expect(retryDelay(busy(429, 2), 1, none)).toBe(2000);
    expect(retryDelay(busy(429, 2), 1, most)).toBeCloseTo(2200, 0);
    expect(retryDelay(busy(500, 1), 1, none)).toBe(1000);
    expect(retryDelay(busy(503, 3600), 1, none)).toBe(30_000);
  });

  it.each(["unsent", "cut"] as const)("after a connection that was %s allows five tries", (fault) => {
    expect([1, 4, 5].map((tries) => retryDelay({ fault }, tries, none))).toEqual([50, 400, undefined]);
  });

  it.each([400, 401, 403, 404, 409, 410, 422, 500])("is none after a plain %i", (code) => {
    expect(retryDelay(busy(code), 1, none)).toBeUndefined();
  });

  it.each(["deadline", "aborted", "closed", "malformed", "idle"] as const)("is none when it ended by %s", (fault) => {
    expect(retryDelay({ fault }, 1, none)).toBeUndefined();
  });
});

describe("whether a failed try may have acted", () => {
  it.each([
    [busy(429, 1), false],
    [busy(503), true],
    [busy(504), true],
    [{ fault: "cut" } as const, true],
    [{ fault: "unsent" } as const, false],
  ])("of %j is %s", (failure, expected) => {
    expect(mayHaveActed(failure)).toBe(expected);
  });
});
