import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { NOON } from "../../test/builders.ts";
import { isStale } from "./freshness.ts";

const ago = (seconds: number) => NOON - seconds * 1000;

describe("evidence (D9)", () => {
  it.each([
    [300, 300, false, "a normal gap"],
    [300, 604, false, "one failed read, and an evaluation that was late"],
    [300, 606, true, "longer than two intervals"],
    [300, 900, true, "two failed reads"],
    [5, 12, false, "one failed read at the smallest interval"],
    [5, 13, true, "longer than two of the smallest intervals"],
  ])("at an interval of %i s and last had %i s ago is stale: %s (%s)", (interval, seconds, expected) => {
    expect(isStale({ evidence: ago(seconds) }, interval, NOON)).toBe(expected);
  });

  it("is not stale for a run that has just begun, though the one before ended yesterday (D11)", () => {
    expect(isStale({ evidence: ago(86_400), running: ago(60) }, 300, NOON)).toBe(false);
    expect(isStale({ evidence: ago(86_400), running: ago(86_300) }, 300, NOON)).toBe(true);
  });

  it("is stale when none was ever had of what runs since long", () => {
    expect(isStale({ running: ago(900) }, 300, NOON)).toBe(true);
  });

  it("that was never due is not stale", () => {
    expect(isStale({}, 300, NOON)).toBe(false);
  });

  it("is never stale after one interval, however late an evaluation comes within half of one", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 5, max: 86_400 }),
        fc.double({ min: 0, max: 0.5, noNaN: true }),
        (interval, late) => {
          expect(isStale({ evidence: ago(interval * (1 + late)) }, interval, NOON)).toBe(false);
        },
      ),
    );
  });
});
