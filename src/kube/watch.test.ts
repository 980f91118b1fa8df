import { PassThrough } from "node:stream";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { systemClock } from "./clock.ts";
import type { KubeObject } from "./types.ts";
import { readWatch } from "./watch.ts";

const request = { method: "GET", path: "/api/v1/pods?watch=true" };
const line = (type: string, name: string, resourceVersion: string): string =>
  `${JSON.stringify({ type, object: { metadata: { name, resourceVersion, uid: name } } })}\n`;
const bookmark = (resourceVersion: string, annotations?: Record<string, string>): string =>
  `${JSON.stringify({ type: "BOOKMARK", object: { metadata: { resourceVersion, annotations } } })}\n`;

/** Reads a stream to its end: names and types of events, or the error in the end. */
async function readAll(stream: PassThrough, idleMs = 1000): Promise<readonly string[]> {
  const seen: string[] = [];
  try {
    for await (const event of readWatch<KubeObject>(stream, request, systemClock, idleMs)) {
      seen.push(
        event.type === "BOOKMARK" ? `at ${event.resourceVersion}` : `${event.type} ${event.object.metadata.name}`,
      );
      if (event.type === "BOOKMARK" && event.initialEventsEnd) seen.push("initial events end");
    }
    seen.push("end");
  } catch (error) {
    const { fault, code, message } = error as { fault?: string; code?: number; message: string };
    seen.push(`${fault ?? code}: ${message}`);
  }
  return seen;
}

/** A stream of these bytes, in chunks of so many. */
function chunked(text: string, size: number): PassThrough {
  const stream = new PassThrough();
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) stream.write(bytes.subarray(at, at + size));
  stream.end();
  return stream;
}

describe("a watch's stream", () => {
  it.each([1, 2, 7, 64, 10_000])(
    "is the same events in chunks of %i bytes, across characters of many bytes",
    async (size) => {
      const text =
        line("ADDED", "a-ü-✓", "1") + line("MODIFIED", "a-ü-✓", "2") + bookmark("9") + line("DELETED", "b", "10");
      expect(await readAll(chunked(text, size))).toEqual(["ADDED a-ü-✓", "MODIFIED a-ü-✓", "at 9", "DELETED b", "end"]);
    },
  );

  it("tells the bookmark that closes the initial events from others", async () => {
    const text = bookmark("1") + bookmark("2", { "k8s.io/initial-events-end": "true" });
    expect(await readAll(chunked(text, 100))).toEqual(["at 1", "at 2", "initial events end", "end"]);
  });

  it("that ends within a line is cut, and the half event is dropped", async () => {
    const text = line("ADDED", "a", "1") + line("ADDED", "b", "2").slice(0, 20);
    expect(await readAll(chunked(text, 16))).toEqual(["ADDED a", "cut: the watch ended in the middle of an event"]);
  });

  it("throws the error that an ERROR event carries", async () => {
    const status = { kind: "Status", status: "Failure", code: 410, reason: "Expired", message: "too old" };
    expect(await readAll(chunked(`${JSON.stringify({ type: "ERROR", object: status })}\n`, 50))).toEqual([
      "410: too old",
    ]);
  });

  it.each(["<html>secret</html>\n", '{"type":"ADDED"}\n', "null\n"])("refuses %j without quoting it", async (text) => {
    expect(await readAll(chunked(text, 50))).toEqual(["malformed: the watch sent a line that is no event"]);
  });
});

describe("a watch's silence", () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] }));
  afterEach(() => void vi.useRealTimers());

  it("is broken by any byte, such as a bookmark's, and ends the watch only past the limit", async () => {
    const stream = new PassThrough();
    const reading = readAll(stream, 90_000);
    for (let minute = 1; minute <= 10; minute++) {
      await vi.advanceTimersByTimeAsync(60_000);
      stream.write(bookmark(String(minute)));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await vi.advanceTimersByTimeAsync(89_000);
    expect(stream.destroyed).toBe(false);
    await vi.advanceTimersByTimeAsync(2000);
    const seen = await reading;
    expect(seen.slice(0, -1)).toEqual(Array.from({ length: 10 }, (_, index) => `at ${index + 1}`));
    expect(seen.at(-1)).toBe("idle: nothing came for 90000 ms");
  });
});
