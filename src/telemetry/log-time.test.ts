import { describe, expect, it } from "vitest";
import { compareStamps, secondBefore, timeOf } from "./log-time.ts";

describe("two stamps of a log", () => {
  it.each([
    ["2026-11-22T22:18:01.256153511Z", "=", "2026-11-22T22:18:01.256153511Z"],
    ["2026-11-22T22:18:01.5Z", "=", "2026-11-22T22:18:01.500000000Z"],
    ["2026-11-22T22:18:01Z", "=", "2026-11-22T22:18:01.000000000Z"],
    ["2026-11-22T22:18:01.5Z", "=", "2026-11-23T00:18:01.500+02:00"],
    ["2026-11-22T22:18:01.9Z", "<", "2026-11-22T22:18:02Z"],
    ["2026-11-22T22:18:01.256153511Z", "<", "2026-11-22T22:18:01.256153512Z"],
    ["2026-11-22T22:18:01.09Z", "<", "2026-11-22T22:18:01.1Z"],
    ["2026-11-22T22:18:01.000000001Z", "<", "2026-11-22T22:18:01.00000001Z"],
    ["2026-10-25T02:59:59.9+02:00", "<", "2026-10-25T02:00:00.1+01:00"],
    ["no stamp", "<", "2026-11-22T22:18:01Z"],
  ])("%s %s %s", (a, order, b) => {
    const sign = order === "=" ? 0 : -1;
    expect(Math.sign(compareStamps(a, b))).toBe(sign);
    expect(Math.sign(compareStamps(b, a))).toBe(sign === 0 ? 0 : 1);
  });
});

describe("a stamp's time", () => {
  it("is in milliseconds, rounded down", () => {
    expect(timeOf("2026-11-22T22:18:01.256953511Z")).toBe(Date.UTC(2026, 10, 22, 22, 18, 1, 256));
    expect(timeOf("yesterday")).toBeUndefined();
  });

  it("lies in a second, and the one before it is where reading begins", () => {
    expect(secondBefore(Date.UTC(2026, 10, 22, 22, 0, 0, 999))).toBe("2026-11-22T21:59:59Z");
    expect(secondBefore(Date.UTC(2026, 10, 22, 22, 0, 1))).toBe("2026-11-22T22:00:00Z");
  });
});
