import { describe, expect, it } from "vitest";
import { showDistance, showLocal, showUtc } from "./show-time.ts";

const at = Date.parse("2026-03-30T02:00:00Z");

describe("a time for people", () => {
  it("is written in UTC without milliseconds", () => {
    expect(showUtc(at)).toBe("2026-03-30T02:00:00Z");
  });

  it.each([
    ["Europe/London", "Mon 2026-03-30 03:00 +01:00"],
    ["Etc/UTC", "Mon 2026-03-30 02:00 +00:00"],
    ["America/St_Johns", "Sun 2026-03-29 23:30 -02:30"],
    ["Asia/Kathmandu", "Mon 2026-03-30 07:45 +05:45"],
  ])("is in %s %s", (timeZone, shown) => {
    expect(showLocal(at, timeZone)).toBe(shown);
  });

  it.each([
    [0, "now"],
    [999, "now"],
    [1000, "in 1s"],
    [-59_999, "59s ago"],
    [60_000, "in 1m"],
    [-3_661_000, "1h1m ago"],
    [3_601_000, "in 1h"],
    [76 * 3_600_000 + 59 * 60_000, "in 3d4h"],
    [-10 * 86_400_000, "10d ago"],
  ])("is, %d ms from now, %s", (distance, shown) => {
    expect(showDistance(at + distance, at)).toBe(shown);
  });
});
