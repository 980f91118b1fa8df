import { describe, expect, it } from "vitest";
import { KubeError, TransportError } from "./errors.ts";
import type { TransportFault } from "./errors.ts";
import { judge, type Ended } from "./watch-verdict.ts";

const request = { method: "GET", path: "/api/v1/pods?watch=true" };
const refused = (code: number, message = "", retryAfterSeconds?: number): KubeError =>
  new KubeError({ ...request, code, reason: "", message, details: undefined, retryAfterSeconds });
const broken = (fault: TransportFault): TransportError => new TransportError(fault, request, fault);

/** A watch that lived for five minutes after a whole read, unless told otherwise. */
const ended = (parts: Partial<Ended>): Ended => ({
  failure: undefined,
  opened: true,
  events: 0,
  livedMs: 300_000,
  readAgeMs: 300_000,
  relistMs: Infinity,
  steps: 0,
  ...parts,
});
const unopened = { opened: false, livedMs: 5 } as const;
const none = (): number => 0;
const most = (): number => 0.999999;

describe("the verdict on an ended watch", () => {
  it.each([
    ["a server's timeout", ended({})],
    ["a cut connection", ended({ failure: broken("cut") })],
    ["a silence", ended({ failure: broken("idle") })],
    ["a quick end after events", ended({ livedMs: 20, events: 3 })],
  ])("after %s is to resume at once", (_what, end) => {
    expect(judge(end, none)).toEqual({ orderly: true, delayMs: 0, steps: 0 });
    expect(judge(end, most).delayMs).toBeLessThanOrEqual(50);
  });

  it.each([
    ["a refused connection", ended({ failure: broken("unsent"), ...unopened })],
    ["a missing permission", ended({ failure: refused(403), ...unopened })],
    ["a very short watch without an event", ended({ livedMs: 20 })],
    ["a very short watch that was cut", ended({ livedMs: 20, failure: broken("cut") })],
    ["an ERROR event 500", ended({ livedMs: 20, failure: refused(500) })],
    ["a list that failed", ended({ failure: refused(503), ...unopened, readAgeMs: undefined })],
  ])("after %s is to back off, 800 ms doubled up to 30 s, each at most twice as long", (_what, end) => {
    const delays = [0, 1, 2, 3, 4, 5, 6, 7].map((steps) => judge({ ...end, steps }, none).delayMs);
    expect(delays).toEqual([800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000]);
    expect(judge({ ...end, steps: 20 }, most).delayMs).toBeCloseTo(60_000, -1);
    expect(judge(end, none)).toMatchObject({ orderly: false, steps: 1 });
  });

  it.each([
    ["410", refused(410, "Expired")],
    ["a version from the future", refused(504, "Too large resource version: 9, current: 3")],
  ])("after %s is to read everything anew, at once unless that was just done", (_what, failure) => {
    expect(judge(ended({ failure, livedMs: 5 }), none)).toMatchObject({ relist: "expired", delayMs: 0 });
    expect(judge(ended({ failure, livedMs: 5, readAgeMs: 500 }), none)).toMatchObject({
      relist: "expired",
      delayMs: 800,
    });
    const again = judge(ended({ failure, livedMs: 5, readAgeMs: 500, events: 10, steps: 3 }), none);
    expect(again).toMatchObject({ delayMs: 6400, steps: 4 });
  });

  it("lets a server that says Retry-After have its time, up to 30 s", () => {
    const delay = (seconds: number): number =>
      judge(ended({ failure: refused(429, "TooManyRequests", seconds), ...unopened }), none).delayMs;
    expect([delay(0), delay(5), delay(500)]).toEqual([800, 5000, 30_000]);
  });

  it("reads everything anew when the server fails to resume from one version again and again", () => {
    const end = ended({ failure: refused(500), livedMs: 5 });
    expect(judge({ ...end, steps: 4 }, none).relist).toBeUndefined();
    expect(judge({ ...end, steps: 5 }, none).relist).toBe("watch-failed");
    expect(judge({ ...end, failure: broken("unsent"), steps: 50 }, none).relist).toBeUndefined();
  });

  it("reads everything anew for safety when the last whole read is old enough", () => {
    expect(judge(ended({ relistMs: 300_001 }), none).relist).toBeUndefined();
    expect(judge(ended({ relistMs: 300_000 }), none).relist).toBe("safety");
  });
});
