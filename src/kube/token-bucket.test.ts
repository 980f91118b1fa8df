import { describe, expect, it } from "vitest";
import { createTokenBuckets } from "./token-bucket.ts";

const taken = (buckets: ReturnType<typeof createTokenBuckets>, key: string, now: number, tries: number): number =>
  Array.from({ length: tries }, () => buckets.take(key, now)).filter(Boolean).length;

describe("an object's budget of events", () => {
  it("is 25 at once and one more each five minutes, for each object on its own", () => {
    const buckets = createTokenBuckets(10);
    expect(taken(buckets, "a", 0, 100)).toBe(25);
    expect(taken(buckets, "b", 0, 100)).toBe(25);
    expect(taken(buckets, "a", 299_999, 5)).toBe(0);
    expect(taken(buckets, "a", 300_000, 5)).toBe(1);
    expect(taken(buckets, "a", 100 * 300_000, 100)).toBe(25);
  });

  it("is forgotten for the object that used it longest ago when there are too many", () => {
    const buckets = createTokenBuckets(2);
    expect(["a", "b", "c"].map((key) => taken(buckets, key, 0, 30))).toEqual([25, 25, 25]);
    expect(taken(buckets, "c", 0, 1)).toBe(0);
    expect(taken(buckets, "a", 0, 1)).toBe(1);
  });
});
