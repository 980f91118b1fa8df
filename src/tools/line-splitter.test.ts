import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { splitLines } from "./line-splitter.ts";
import { parseLogLine } from "./log-line.ts";

function linesOf(chunks: readonly Uint8Array[], max?: number): readonly string[] {
  const splitter = splitLines(max);
  return [...chunks.flatMap((chunk) => splitter.push(chunk)), ...splitter.end()];
}

const bytes = (text: string) => new TextEncoder().encode(text);

describe("a stream of bytes", () => {
  it.each([
    ["", []],
    ["a\nb\n", ["a", "b"]],
    ["a\nb", ["a", "b"]],
    ["\n\n", ["", ""]],
    ["a\r\nb\r\n", ["a\r", "b\r"]],
  ])("%j is the lines %j", (text, lines) => {
    expect(linesOf([bytes(text)])).toEqual(lines);
  });

  it("has the same lines wherever it is cut, within a character too", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: "binary" })), fc.nat(), (words, cut) => {
        const text = words.map((word) => word.toWellFormed()).join("\n");
        const all = bytes(text);
        const at = all.length === 0 ? 0 : cut % all.length;
        expect(linesOf([all.slice(0, at), all.slice(at)])).toEqual(linesOf([all]));
      }),
    );
  });

  it("has bytes that are no UTF-8 replaced, and counted within their line", () => {
    expect(linesOf([Uint8Array.of(0x61, 0xff, 0x0a, 0x62, 0xc3)])).toEqual(["a\ufffd", "b\ufffd"]);
  });

  it("has only the begin of a huge line kept, in whole characters, and goes on after it (lesson 48)", () => {
    const chunks = ["xxx😀", "yyy", "zzz\nnext\n", "äöü".repeat(5), "\nend"].map(bytes);
    expect(linesOf(chunks, 4)).toEqual(["xxx", "next", "äöüä", "end"]);
  });
});

describe("a line of a Pod's log", () => {
  it.each([
    ["2026-11-22T22:18:01.256153511Z error: x", "2026-11-22T22:18:01.256Z", "error: x"],
    ["2026-11-22T22:18:01Z  two spaces", "2026-11-22T22:18:01.000Z", " two spaces"],
    ["2026-11-22T22:18:01.5+01:00 x", "2026-11-22T21:18:01.500Z", "x"],
    ["2026-11-22T22:18:01Z", "2026-11-22T22:18:01.000Z", ""],
    ["2026-11-22T22:18:01Z ", "2026-11-22T22:18:01.000Z", ""],
    ["2026-11-22T22:18:01.0709-00:30 x", "2026-11-22T22:48:01.070Z", "x"],
    ["2026-11-22T22:18:01.999999999Z x", "2026-11-22T22:18:01.999Z", "x"],
  ])("%j has a time", (line, time, text) => {
    expect(parseLogLine(line)).toEqual({ stamp: line.split(" ")[0], time: Date.parse(time), text });
  });

  const noStamps = [":01.Z x", ":01.0123456789Z x", ":01.5 x", ":01.5", ":01", ":01Zx", ":01.5Zx"];
  it.each(noStamps.map((rest) => `2026-11-22T22:18${rest}`))("%j has none after a line of the same second", (line) => {
    parseLogLine("2026-11-22T22:18:01.1Z x");
    expect(parseLogLine(line)).toEqual({ stamp: undefined, time: undefined, text: line });
  });

  it("of the second of the line before it has its own zone", () => {
    parseLogLine("2026-11-22T22:18:01.1+02:00 x");
    expect(parseLogLine("2026-11-22T22:18:01.25Z x").time).toBe(Date.parse("2026-11-22T22:18:01.250Z"));
    expect(parseLogLine("2026-11-22T22:18:01.25-01:00 x").time).toBe(Date.parse("2026-11-22T23:18:01.250Z"));
  });

  it.each(["error: x", "", "2026-11-22 22:18:01 x", "2026-11-22T22:18:01Zx", "2026-13-45T99:99:99Z x", '{"type":"x"}'])(
    "%j has none, and stays as it is",
    (line) => {
      expect(parseLogLine(line)).toEqual({ stamp: undefined, time: undefined, text: line });
    },
  );
});
