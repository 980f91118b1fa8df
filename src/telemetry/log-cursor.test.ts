import { describe, expect, it } from "vitest";
import { agentStatusSchema, READER_MAX } from "../api/v1alpha1/agent-status.ts";
import type { ReaderState } from "../tools/reader.ts";
import { cursorIn, readerStateOf, savedReader, sinceTimeOf, type LogCursor } from "./log-cursor.ts";

const stream = { namespace: "n", pod: "sentinel-1", container: "uid/0", hasEnded: false };
const saved: LogCursor = {
  pod: "sentinel-1",
  container: "uid/0",
  time: "2026-11-22T22:18:01.256153511Z",
  lines: 2,
  reader: '{"sessionID":"s"}',
};

describe("a cursor", () => {
  it.each([saved.time, "2026-11-22T22:18:01Z", "2026-11-22T22:18:01.256153511+02:00"])(
    "with the time %s is one that a status may hold",
    (time) => {
      const cursor = { ...saved, time };
      expect(agentStatusSchema.parse({ drift: { cursor } })).toEqual({ drift: { cursor } });
    },
  );

  it("is where counting goes on in its own stream, and nowhere in another (S5)", () => {
    expect(cursorIn(stream, { ...saved, reader: undefined })).toEqual({
      pod: "sentinel-1",
      container: "uid/0",
      time: saved.time,
      lines: 2,
    });
    const anew = { pod: "sentinel-1", container: "uid/1" };
    expect(cursorIn({ ...stream, container: "uid/1" }, saved)).toEqual(anew);
    expect(cursorIn({ ...stream, container: "uid/1" }, undefined)).toEqual(anew);
    expect(cursorIn({ ...stream, container: "uid/1" }, {})).toEqual(anew);
  });

  it("asks from a second before its own on, and for everything where nothing was counted", () => {
    expect(sinceTimeOf(saved)).toBe("2026-11-22T22:18:00Z");
    expect(sinceTimeOf({ ...saved, time: "2026-11-22T22:18:01.5+02:00" })).toBe("2026-11-22T20:18:00Z");
    expect(sinceTimeOf({ pod: "p", container: "c" })).toBeUndefined();
  });
});

describe("what a reader must remember", () => {
  const state: ReaderState = {
    sessionID: "s",
    pendingCommands: ["a"],
    isRateLimited: true,
    isLimitAnnounced: false,
    isFailureTold: true,
    lastFailure: "x",
    success: false,
    lastMessageID: "m",
    totals: { input: 5 },
    words: "…",
    linesSinceLimit: 3,
  };

  it("comes back from a cursor as it was", () => {
    expect(readerStateOf({ reader: savedReader(state) })).toEqual(state);
    expect(savedReader({})).toBeUndefined();
    expect(readerStateOf({})).toBeUndefined();
  });

  it.each(["", "{", "null", "[]", '"x"', '{"pendingCommands":"none"}', '{"success":1}'])(
    "is nothing where the cursor's text is damaged: %s",
    (reader) => {
      expect(readerStateOf({ reader })).toBeUndefined();
    },
  );

  it("is dropped where a status could not hold it, for a refused status would stop all counting", () => {
    const fits = savedReader({ words: "x".repeat(READER_MAX - 12) });
    expect(fits).toHaveLength(READER_MAX);
    expect(savedReader({ words: "x".repeat(READER_MAX) })).toBeUndefined();
  });
});
