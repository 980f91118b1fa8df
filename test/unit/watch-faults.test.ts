import { Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import type { Fault } from "../faults/plan.ts";
import { passWatch } from "../faults/watch-faults.ts";

async function passed(
  fault: Fault,
  lines: readonly string[],
): Promise<{ readonly text: string; readonly end: string }> {
  const written: string[] = [];
  const end = await passWatch(Readable.from([lines.map((line) => `${line}\n`).join("")]), fault, (text) => {
    written.push(text);
  });
  return { text: written.join(""), end };
}

describe("a spoilt watch", () => {
  it.each<readonly [string, Fault, string, string]>([
    ["ends in order after two events", { fault: "end-watch", afterEvents: 2, how: "in-order" }, "a\nb\n", "in-order"],
    ["is cut after two", { fault: "end-watch", afterEvents: 2, how: "cut" }, "a\nb\n", "cut"],
    ["is cut within the next line", { fault: "end-watch", afterEvents: 2, how: "mid-line" }, "a\nb\nc", "cut"],
    ["falls silent after one", { fault: "silence", afterEvents: 1 }, "a\n", "never"],
    ["tells each twice", { fault: "repeat-events" }, "a\na\nb\nb\nc\nc\n", "in-order"],
    ["tells the second of two first", { fault: "swap-events" }, "b\na\nc\n", "in-order"],
    ["tells all of it later, in order", { fault: "lag", ms: 20 }, "a\nb\nc\n", "in-order"],
  ])("%s", async (_what, fault, text, end) => {
    expect(await passed(fault, ["a", "b", "c"])).toEqual({ text, end });
  });

  it("holds no event back that nothing overtakes", async () => {
    let tell: ((line: string) => void) | undefined;
    const first = new Promise<string>((resolve) => (tell = resolve));
    const endless = new Readable({ read: () => undefined });
    endless.push("a\n");
    const passing = passWatch(endless, { fault: "swap-events" }, (text) => tell?.(text));
    expect(await first).toBe("a\n");
    endless.push(null);
    await passing;
  });
});
