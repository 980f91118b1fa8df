import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { NOON } from "../../test/builders.ts";
import { nextEvaluation } from "./evaluation-time.ts";

const anyUid = fc.uuid();
const anyInterval = fc.integer({ min: 5, max: 86_400 });
const anyNow = fc.integer({ min: 0, max: 4e12 });

describe("the next evaluation", () => {
  it("is always ahead, by at most one interval (D8)", () => {
    fc.assert(
      fc.property(anyUid, anyInterval, anyNow, (uid, interval, now) => {
        const next = nextEvaluation(uid, interval, now);
        expect(next).toBeGreaterThan(now);
        expect(next).toBeLessThanOrEqual(now + interval * 1000);
      }),
    );
  });

  it("follows the last by exactly one interval, whenever it is asked for in between (D8)", () => {
    fc.assert(
      fc.property(anyUid, anyInterval, anyNow, fc.nat(999_999), (uid, interval, now, part) => {
        const next = nextEvaluation(uid, interval, now);
        const between = next + Math.floor((part / 1_000_000) * interval * 1000);
        expect(nextEvaluation(uid, interval, between)).toBe(next + interval * 1000);
      }),
    );
  });

  it("of ten thousand agents is spread evenly over the interval (D10)", () => {
    fc.assert(
      fc.property(fc.uuid(), (seed) => {
        const inSecond = Array.from({ length: 300 }, () => 0);
        for (let n = 0; n < 10_000; n += 1) {
          const second = Math.floor((nextEvaluation(`${seed}-${n}`, 300, NOON) - NOON - 1) / 1000);
          inSecond[second] = (inSecond[second] ?? 0) + 1;
        }
        // 33 a second are expected, with a deviation of 6: seven of those away is no chance any more.
        expect(Math.max(...inSecond)).toBeLessThan(76);
        expect(inSecond).toHaveLength(300);
      }),
      { numRuns: 5 },
    );
  });

  it("stays where it was across versions of the operator: the hash is part of the contract (D10)", () => {
    const next = nextEvaluation("0b8e9f4a-1c1d-4c53-9f0e-3c1a3f1d2b10", 300, NOON);
    expect(new Date(next).toISOString()).toBe("2026-03-01T12:02:46.219Z");
  });
});
