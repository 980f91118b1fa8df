import { describe, expect, it } from "vitest";
import { aKubeletLog, stampAt } from "../../test/kubelet-log.ts";
import { aReader, at, ended, running, SECOND } from "../../test/log-reader.ts";
import { TransportError } from "../kube/errors.ts";
import { errorFrom } from "../kube/status.ts";
import { profiles } from "../tools/profiles.ts";
import { createReadLog } from "./read-log.ts";

describe("a read that is bounded", () => {
  it("says that there is more, and goes on there", async () => {
    const log = aKubeletLog();
    const { read } = aReader(log, { limitBytes: 100 });
    log.write(...Array.from({ length: 5 }, (_, index) => at(index * 5, `line number ${index}`)));
    const reads = [await read(), await read(), await read(), await read()];
    // From the second on, the first line of each is known.
    expect(reads.map(({ tally, isMore }) => [tally.lines, isMore])).toEqual([
      [2, true],
      [1, true],
      [1, true],
      [1, false],
    ]);
    expect(reads[0]?.bytes).toBe(100);
  });

  it("grows where lines that are known fill it", async () => {
    const log = aKubeletLog();
    const { lines } = aReader(log, { limitBytes: 200 });
    log.write(...Array.from({ length: 40 }, () => at(1, "the same moment")));
    let sum = 0;
    for (let reads = 0; reads < 40 && sum < 40; reads++) sum += await lines();
    expect(sum).toBe(40);
    log.write(at(1, "one more"));
    expect(await lines()).toBe(1);
  });

  it("grows where one line fills it, up to a bound, and then says so", async () => {
    const log = aKubeletLog();
    log.write(at(1, "x".repeat(1500)));
    expect(await aReader(log, { limitBytes: 100, mostBytes: 3000 }).lines()).toBe(1);
    expect(log.asked.map(({ limitBytes }) => limitBytes)).toEqual([100, 400, 1600]);
    expect(await aReader(log, { limitBytes: 100, mostBytes: 1000 }).attempt()).toEqual({
      ok: false,
      isGone: false,
      message: "no new line ends within 1000 bytes of the log",
    });
  });

  it("grows where its line was rotated away, and goes on at the bound", async () => {
    const log = aKubeletLog();
    const { read, lines } = aReader(log, { limitBytes: 100, mostBytes: 400 });
    log.write(at(1, "a"));
    expect(await lines()).toBe(1);
    log.rotate();
    log.write(...Array.from({ length: 20 }, (_, index) => at(index * 5 + 5, `line number ${index}`)));
    expect(await read()).toMatchObject({ tally: { lines: 8 }, isMore: true });
    let sum = 8;
    for (let reads = 0; reads < 20 && sum < 20; reads++) sum += await lines();
    expect(sum).toBe(20);
    expect(await lines()).toBe(0);
  });
});

describe("a read that breaks off", () => {
  it("counts what came as whole lines, and the rest the next time: so a bad connection still gets on", async () => {
    const log = aKubeletLog();
    const { read } = aReader(log);
    log.write(at(1, "first"), at(1, "zweite Zeile mit ü"), at(1, "third"));
    const whole = (await aReader(log).read()).bytes;
    const character = 37 + 31 + "zweite Zeile mit ".length + 1;
    for (const after of [36, 37, 40, character, whole - 1]) {
      const { read, attempt } = aReader(log);
      log.plan({ after, ending: "cut" });
      const outcome = await attempt();
      const [lines, isMore] = outcome.ok ? [outcome.tally.lines, outcome.isMore] : [0, true];
      expect(isMore).toBe(true);
      expect(lines + (await read()).tally.lines).toBe(3);
    }
    log.plan({ after: whole - 1, ending: "cut" });
    expect(await read()).toMatchObject({ tally: { lines: 2 }, failure: expect.stringContaining("planned cut") });
  });

  it("counts for nothing where no whole new line had come", async () => {
    const log = aKubeletLog();
    const { attempt, lines } = aReader(log);
    log.write(at(1, "first"));
    log.plan({ after: 10, ending: "cut" });
    expect(await attempt()).toEqual({ ok: false, isGone: false, message: expect.stringContaining("planned cut") });
    expect(await lines()).toBe(1);
  });

  it("does not take what a kubelet says of its own trouble for a line", async () => {
    const log = aKubeletLog();
    log.write(at(1, "first"));
    const [whole] = [(await aReader(log).read()).bytes];
    const said = 'failed to read log file "/var/log/pods/x/0.log": input/output error';
    const source = {
      async *logs() {
        yield* log.source.logs({ name: "p" }, {});
        yield Buffer.from(said);
      },
    };
    const outcome = await createReadLog(source)({ stream: ended, saved: undefined, tool: profiles.text });
    expect(outcome).toMatchObject({ ok: true, tally: { lines: 1 }, bytes: whole + said.length, isMore: true });
    expect(outcome).toHaveProperty("failure", `the node could not read the log: ${said}`);
  });
});

describe("reading an ended container's log", () => {
  it("counts its last line without a line break, once", async () => {
    const log = aKubeletLog();
    const { read, lines } = aReader(log);
    log.write(at(1, "a"), at(2, "b", true));
    expect(await lines()).toBe(1);
    expect(await read(ended)).toMatchObject({ tally: { lines: 1 }, isMore: false });
    expect(await read(ended)).toMatchObject({ tally: { lines: 0 }, isMore: false });
  });

  it("does not count a last line that is nothing but its stamp", async () => {
    const log = aKubeletLog();
    log.write(at(1, "a"), at(2, "", true));
    expect(await aReader(log).lines(ended)).toBe(1);
  });

  it("reads all of it, however many answers that takes, and says when a bound was met", async () => {
    const entries = Array.from({ length: 50 }, (_, index) => at(index * 5, `line number ${index}`));
    const log = aKubeletLog();
    log.write(...entries);
    expect(await aReader(log, { limitBytes: 200 }).read(ended)).toMatchObject({ tally: { lines: 50 }, isMore: false });
    const { read } = aReader(log, { limitBytes: 200, mostBytes: 600 });
    const first = await read(ended);
    expect(first.isMore).toBe(true);
    expect(first.tally.lines).toBeLessThan(50);
  });

  it("asks again until nothing is new: a node that breaks off ends the answer as if that were all", async () => {
    const log = aKubeletLog();
    const { read } = aReader(log);
    log.write(at(1, "first"), at(2, "error: second"), at(3, "third"));
    // In the middle of "error".
    log.plan({ after: 37 + 31 + 3, ending: "in order" });
    expect(await read(ended)).toMatchObject({ tally: { lines: 3, errorLines: 1 }, isMore: false });
  });

  it("doubts each answer without its line anew", async () => {
    const log = aKubeletLog();
    const { read, lines } = aReader(log);
    log.write(at(1, "rotated away"));
    expect(await lines()).toBe(1);
    log.rotate();
    log.write(at(2, "first"), at(3, "second"));
    log.plan(undefined, { after: 37, ending: "in order" }, { after: 0, ending: "in order" });
    expect(await read(ended)).toMatchObject({ tally: { lines: 2 }, isMore: false });
  });

  it("gives up for now on a log that is another one at each answer", async () => {
    let second = 0;
    const source = {
      async *logs() {
        second += 5;
        yield Buffer.from(`${stampAt(BigInt(second) * SECOND)} never the same\n`);
      },
    };
    const outcome = await createReadLog(source)({ stream: ended, saved: undefined, tool: profiles.text });
    expect(outcome).toMatchObject({ ok: true, isMore: true });
  });

  it("gives the reader, which tells how the run ended", async () => {
    const log = aKubeletLog();
    log.write(at(1, '{"type":"result","subtype":"success","is_error":false,"result":"done"}'));
    const { reader } = await aReader(log, {}, profiles.claude).read(ended);
    expect(reader.end(0)).toEqual({ exitClass: "Success", success: true });
  });
});

describe("a log that cannot be read", () => {
  const get = { method: "GET", path: "/api/v1/namespaces/n/pods/p/log" };
  const answer = (code: number, message: string, kind: string) =>
    errorFrom(get, { code, text: JSON.stringify({ kind: "Status", reason: "NotFound", message, details: { kind } }) });

  it.each([
    ["its Pod is gone", true, answer(404, 'pods "p" not found', "pods")],
    ["a restarted kubelet does not know the Pod yet", false, answer(404, "the server could not find", "pods/log")],
    ["its Node is missing", false, answer(404, 'nodes "x" not found', "nodes")],
    ["the container has not started", false, answer(400, 'container "agent" is waiting to start', "")],
    ["the kubelet is unreachable", false, answer(500, "dial tcp: connection refused", "")],
    ["the Pod has no node yet", false, errorFrom(get, { code: 204, text: "" })],
    ["no answer came in time", false, new TransportError("deadline", get, "no answer within 5 ms")],
  ])("because %s is a value that says so (gone: %s)", async (_, isGone, error) => {
    const log = aKubeletLog();
    log.write(at(1, "a"));
    log.plan({ after: 0, ending: error });
    const { attempt, lines } = aReader(log);
    expect(await attempt()).toEqual({ ok: false, isGone, message: expect.stringContaining("n/p") });
    expect(await lines()).toBe(1);
  });

  it("because of an error of this program's own is thrown", async () => {
    const log = aKubeletLog();
    log.plan({ ending: new RangeError("a bug") });
    await expect(aReader(log).attempt()).rejects.toThrow("a bug");
  });

  it("because it was aborted counts for nothing", async () => {
    const log = aKubeletLog(() => 40);
    log.write(at(1, "a"), at(2, "b"), at(3, "c"));
    const controller = new AbortController();
    const readLog = createReadLog({
      async *logs(pod, options) {
        for await (const chunk of log.source.logs(pod, options)) {
          yield chunk;
          controller.abort();
        }
      },
    });
    const request = { stream: running, saved: undefined, tool: profiles.text, signal: controller.signal };
    expect(await readLog(request)).toMatchObject({ ok: false, isGone: false });
    expect(await readLog(request)).toMatchObject({ ok: false, isGone: false });
    expect(log.asked).toHaveLength(1);
  });
});

describe("many reads at once", () => {
  it("are bounded together, and each gets its turn", async () => {
    const log = aKubeletLog();
    log.write(at(1, "a"));
    let now = 0;
    let most = 0;
    const readLog = createReadLog(
      {
        async *logs(pod, options) {
          most = Math.max(most, ++now);
          await new Promise((resolve) => setImmediate(resolve));
          yield* log.source.logs(pod, options);
          now -= 1;
        },
      },
      { inFlight: 3 },
    );
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, () => readLog({ stream: running, saved: undefined, tool: profiles.text })),
    );
    expect(outcomes.every((outcome) => outcome.ok && outcome.tally.lines === 1)).toBe(true);
    expect(most).toBe(3);
  });

  it("are not waited for by more than may wait: who comes beyond hears that it is busy, and nothing was tried", async () => {
    const log = aKubeletLog();
    log.write(at(1, "a"));
    const readLog = createReadLog(log.source, { inFlight: 1, waiting: 2 });
    const request = { stream: running, saved: undefined, tool: profiles.text };
    const outcomes = await Promise.all([1, 2, 3, 4].map(() => readLog(request)));
    expect(outcomes.map(({ ok }) => ok)).toEqual([true, true, true, false]);
    expect(outcomes[3]).toMatchObject({ isBusy: true, isGone: false });
    expect(await readLog(request)).toMatchObject({ ok: true });
  });
});
