import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cutNote, microTime } from "./event-note.ts";

describe("an event's note", () => {
  it("fits into 1 KiB and is whole characters of what was given", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", minLength: 0, maxLength: 2000 }), (note) => {
        const cut = cutNote(note);
        expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(1024);
        expect(cut.isWellFormed()).toBe(true);
        expect(cut === note || note.startsWith(cut.slice(0, -1))).toBe(true);
      }),
    );
  });

  it("of 1,024 bytes stays whole; of one more it is cut before the character that does not fit", () => {
    expect(cutNote("x".repeat(1024))).toBe("x".repeat(1024));
    expect(cutNote("x".repeat(1025))).toBe(`${"x".repeat(1021)}…`);
    expect(cutNote(`${"x".repeat(1020)}✓✓`)).toBe(`${"x".repeat(1020)}…`);
  });
});

describe("a MicroTime", () => {
  it("has six digits, or the server refuses it", () => {
    expect(microTime(Date.parse("2026-03-01T12:00:00.123Z"))).toBe("2026-03-01T12:00:00.123000Z");
  });
});
