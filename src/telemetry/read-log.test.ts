import { describe, expect, it } from "vitest";
import { aKubeletLog, stampAt } from "../../test/kubelet-log.ts";
import { profiles } from "../tools/profiles.ts";
import { aReader, at, ended, running, SECOND } from "../../test/log-reader.ts";

describe("reading a running container's log", () => {
  it("counts each line once, and again only what is new (S5)", async () => {
    const log = aKubeletLog();
    const { read } = aReader(log);
    log.write(at(1, "error: a"), at(1.5, "b"));
    expect(await read()).toMatchObject({
      tally: { lines: 2, errorLines: 1 },
      isMore: false,
      cursor: { pod: "p", container: "uid/0", time: stampAt(SECOND + SECOND / 2n), lines: 1 },
    });
    log.write(at(1.6, "fatal: c"));
    expect((await read()).tally).toMatchObject({ lines: 1, errorLines: 1 });
    expect((await read()).tally.lines).toBe(0);
  });

  it("asks for whole seconds and one earlier, with stamps, for the agent's container alone", async () => {
    const log = aKubeletLog();
    const { read } = aReader(log, { limitBytes: 1000, deadlineMs: 5 });
    log.write(at(3.2, "a"));
    await read();
    await read();
    const always = { container: "agent", timestamps: true, limitBytes: 1000, deadlineMs: 5 };
    expect(log.asked).toEqual([always, { ...always, sinceTime: "2026-11-22T22:18:02Z" }]);
  });

  it("tells lines of the same stamp apart by their number, also where others stand between", async () => {
    const log = aKubeletLog();
    const { read, lines } = aReader(log);
    log.write(at(1, "a"), at(1, "b"), at(1.2, "c"), at(1, "d"));
    expect((await read()).cursor).toMatchObject({ time: stampAt(SECOND), lines: 3 });
    log.write(at(1, "e"), at(1.2, "f"), at(1, "g"));
    expect(await lines()).toBe(3);
    expect(await lines()).toBe(0);
  });

  it("counts a line that follows the cursor although it is stamped before it, over a second's border too", async () => {
    const log = aKubeletLog();
    const { lines } = aReader(log);
    log.write(at(4.9, "stdout"), at(5.001, "stdout"));
    expect(await lines()).toBe(2);
    log.write(at(4.999, "stderr, overtaken"), at(5.0005, "stderr"));
    expect(await lines()).toBe(2);
    expect(await lines()).toBe(0);
  });

  it("does not take lines before the cursor for new because they are stamped after it", async () => {
    const log = aKubeletLog();
    const { lines } = aReader(log);
    log.write(at(5.3, "early"), at(5.2, "overtaken"));
    expect(await lines()).toBe(2);
    expect(await lines()).toBe(0);
  });

  it("knows its line by its time, however many decimals the node's kubelet writes", async () => {
    const log = aKubeletLog();
    const { lines } = aReader(log);
    log.write({ time: "2026-11-22T22:18:01.500000000Z", text: "a" });
    expect(await lines()).toBe(1);
    log.rotate();
    log.write({ time: "2026-11-22T22:18:01.5Z", text: "a" }, { time: "2026-11-22T22:18:01.6Z", text: "b" });
    expect(await lines()).toBe(1);
  });

  it("leaves a last line without its line break until it is whole", async () => {
    const log = aKubeletLog();
    const { lines } = aReader(log);
    log.write(at(1, "a"), at(2, "begin of ", true));
    expect(await lines()).toBe(1);
    log.write(at(70, "a long ", true));
    expect(await lines()).toBe(0);
    log.write(at(140, "line"));
    expect(await lines()).toBe(1);
    expect(await lines()).toBe(0);
  });

  it("skips the tail of a long line that began before it was asked for: it is counted", async () => {
    const log = aKubeletLog();
    const { lines } = aReader(log);
    log.write(at(1, "begin", true), at(8.5, " and end"), at(9, "next"));
    expect(await lines()).toBe(2);
    log.write(at(9.1, "last"));
    expect(await lines()).toBe(1);
  });

  it("goes on in the younger file where its line was rotated away, and guesses nothing", async () => {
    const log = aKubeletLog();
    const { lines } = aReader(log);
    log.write(at(1, "a"));
    expect(await lines()).toBe(1);
    log.write(at(2, "never read"));
    log.rotate();
    expect(await lines()).toBe(0);
    log.write(at(1.2, "b"), at(0.9, "overtaken"));
    expect(await lines()).toBe(2);
    log.write(at(20, "c"));
    expect(await lines()).toBe(1);
  });

  it("counts nothing twice where the node's clock was set back", async () => {
    const log = aKubeletLog();
    const { lines } = aReader(log);
    log.write(at(40, "a"), at(41, "b"), at(5, "after the jump"));
    expect(await lines()).toBe(3);
    log.write(at(6, "c"));
    expect(await lines()).toBe(1);
    expect(await lines(ended)).toBe(0);
  });

  it("believes that its line was rotated away only when a second answer says so: a node may break off", async () => {
    const log = aKubeletLog();
    const { lines } = aReader(log);
    log.write(at(5.3, "early"), at(5.2, "overtaken"));
    expect(await lines()).toBe(2);
    log.plan({ after: 40, ending: "in order" });
    expect(await lines()).toBe(0);
    expect(log.asked).toHaveLength(3);
  });

  it("begins anew in another container: one that was restarted, or a Pod made again under its name", async () => {
    const log = aKubeletLog();
    const { lines } = aReader(log);
    log.write(at(1, "a"));
    expect(await lines()).toBe(1);
    expect(await lines({ ...running, container: "uid/1" })).toBe(1);
    expect(await lines({ ...running, container: "uid-2/0" })).toBe(1);
  });

  it("goes on in the middle of what a tool tells, from a state in the cursor", async () => {
    const log = aKubeletLog();
    const { read } = aReader(log, {}, profiles.codex);
    const item = (type: string, more: object) =>
      JSON.stringify({ type, item: { id: "item_1", type: "command_execution", command: "ls", ...more } });
    log.write(at(1, '{"type":"thread.started","thread_id":"t-1"}'), at(2, item("item.started", {})));
    expect((await read()).tally).toMatchObject({ result: { sessionID: "t-1" }, commands: 0 });
    log.write(at(3, item("item.completed", { exit_code: 2, status: "failed" })));
    const { tally, cursor } = await read();
    expect(tally).toMatchObject({ commands: 1, failedCommands: 1 });
    expect(JSON.parse(cursor.reader ?? "")).toMatchObject({ sessionID: "t-1" });
  });

  it("gives the time of each line to who reads it", async () => {
    const log = aKubeletLog();
    const seen: unknown[] = [];
    const inner = profiles.text.createReader();
    const tool = {
      createReader: () => ({
        ...inner,
        read: (line: string, origin?: object) => (seen.push([line, origin]), inner.read(line, origin)),
      }),
    };
    log.write(at(1.0019, "a"), at(2, ""));
    await aReader(log, {}, tool).read();
    const start = Date.UTC(2026, 10, 22, 22, 18);
    expect(seen).toEqual([
      ["a", { time: start + 1001 }],
      ["", { time: start + 2000 }],
    ]);
  });

  it.each([
    ["no text", ""],
    ["a carriage return", "10%\r20%\r"],
    ["colours", "\u001b[31mok\u001b[0m"],
    ["bytes that are no UTF-8", Uint8Array.of(0xff, 0xc3, 0x28, 0xf0, 0x9f)],
    ["a time of its own", "2026-11-22T22:18:01Z x"],
    ["more than is kept of a line", "x".repeat(3_000_000)],
  ])("counts a line with %s as one, whatever the chunks", async (_, text) => {
    for (const size of [7, 65_536]) {
      const log = aKubeletLog(() => (text.length > 10_000 ? 65_536 : size));
      const { lines } = aReader(log);
      log.write(at(1, text), at(2, "next"));
      expect(await lines()).toBe(2);
      expect(await lines()).toBe(0);
    }
  });
});
