import { describe, expect, it } from "vitest";
import { resetFromEpoch, resetFromHeaders, resetFromText } from "./reset-time.ts";

const since = Date.parse("2026-11-22T18:00:00Z");

describe("when a limit ends", () => {
  it.each([
    [1795371651, "2026-11-22T18:20:51Z"],
    [1795371651123, "2026-11-22T18:20:52Z"],
    [0, undefined],
    [Number.MAX_VALUE, undefined],
    [undefined, undefined],
  ])("by the epoch %s: %s", (epoch, time) => {
    expect(resetFromEpoch(epoch)).toBe(time);
  });

  it.each([
    [{ "retry-after": "1" }, "2026-11-22T18:00:01Z"],
    [{ "retry-after": 90 }, "2026-11-22T18:01:30Z"],
    [{ "retry-after": "Sun, 22 Nov 2026 18:05:00 GMT" }, "2026-11-22T18:05:00Z"],
    [{ "retry-after-ms": "1500", "retry-after": "9" }, "2026-11-22T18:00:02Z"],
    [{ "anthropic-ratelimit-unified-reset": "1795371651" }, "2026-11-22T18:20:51Z"],
    [{ "x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "2m30s" }, "2026-11-22T18:02:30Z"],
    [{ "x-ratelimit-remaining-tokens": "5", "x-ratelimit-reset-tokens": "6s" }, undefined],
    [{ "retry-after": "soon" }, undefined],
    [{}, undefined],
  ])("by the headers %j: %s", (headers, time) => {
    expect(resetFromHeaders(headers, since)).toBe(time);
  });

  it.each([
    ["You've hit your limit · resets 6:20pm (UTC)", "2026-11-22T18:20:00Z"],
    ["resets 6pm (UTC)", "2026-11-23T18:00:00Z"],
    ["resets 12am (UTC)", "2026-11-23T00:00:00Z"],
    ["Please try again in 1.4s", "2026-11-22T18:00:02Z"],
    ["Please try again in 2m30s.", "2026-11-22T18:02:30Z"],
    ["Suggested retry after 34s.", "2026-11-22T18:00:34Z"],
    ["try again at 6:30 PM.", undefined],
    ["resets 6:20pm (Asia/Saigon)", undefined],
  ])("by the text %j: %s", (text, time) => {
    expect(resetFromText(text, since)).toBe(time);
  });

  it("is unknown where it is relative to a time that is unknown", () => {
    expect(resetFromHeaders({ "retry-after": "1" }, undefined)).toBeUndefined();
    expect(resetFromText("try again in 1s", undefined)).toBeUndefined();
  });
});
