import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createStampCounts } from "./stamp-counts.ts";

describe("counting lines by their stamp", () => {
  it("counts all that are equal, in whatever order they come", () => {
    fc.assert(
      fc.property(fc.array(fc.option(fc.constantFrom("1", "2", "3", "4"), { nil: undefined })), (stamps) => {
        const counts = createStampCounts();
        stamps.forEach((stamp, index) => {
          const equal = stamps.slice(0, index + 1).filter((other) => other === stamp);
          expect(counts.add(stamp)).toBe(equal.length);
        });
      }),
    );
  });

  it("remembers a stamp over more than two hundred others", () => {
    const counts = createStampCounts();
    counts.add("0");
    for (let index = 0; index < 255; index++) counts.add(`1-${String(index).padStart(3, "0")}`);
    expect(counts.add("0")).toBe(2);
  });
});
