import { describe, expect, it } from "vitest";
import { evicted, exited, noonPlus, pending, running } from "../../../test/builders.ts";
import { aJobOf, aJobPod, aRun, hasBegun, seenOfRun } from "../../../test/run-builders.ts";
import type { AgentRunStatus } from "../../api/v1alpha1/agent-run.ts";
import { emptyTally } from "../../nightwatch/tally.ts";
import type { LogRead, ReadRequest } from "../../telemetry/read-log.ts";
import { profiles } from "../../tools/profiles.ts";
import type { StoredPod } from "../agent/observed.ts";
import { outputFields, readOutput } from "./output.ts";

const signal = new AbortController().signal;
const run = (status: Partial<AgentRunStatus> = {}) => aRun({ status: { ...hasBegun(), ...status } });
const job = aJobOf(run());
const cursorIn = (pod: StoredPod, lines: number) => ({
  pod: pod.metadata.name,
  container: `${pod.metadata.uid}/0`,
  time: noonPlus(-200),
  lines,
});

/** What reads of these Pods bring, and in which order they are asked for. */
function logs(results: Readonly<Record<string, LogRead>>) {
  const asked: string[] = [];
  const readLog = ({ stream }: ReadRequest): Promise<LogRead> => {
    asked.push(stream.pod);
    return Promise.resolve(results[stream.pod] ?? unreadable);
  };
  return { readLog, asked };
}

const read = (
  pod: StoredPod,
  lines: number,
  more: { readonly isMore?: boolean; readonly failure?: string } = {},
): LogRead => ({
  ok: true,
  cursor: cursorIn(pod, lines),
  tally: { ...emptyTally, lines },
  buckets: [],
  bytes: 10 * lines,
  isMore: false,
  reader: profiles.claude.createReader(),
  ...more,
});
const unreadable: LogRead = { ok: false, isGone: false, message: "the node is away" };
const gone: LogRead = { ok: false, isGone: true, message: "no such Pod" };

const [first, second, third] = [aJobPod(job, 1, exited(1)), aJobPod(job, 2, exited(0)), aJobPod(job, 3, running())];
const name = ({ metadata }: StoredPod): string => metadata.name;

describe("what a run's Pods wrote (S5)", () => {
  it("is read one after the other, and added to what its status holds", async () => {
    const { readLog, asked } = logs({ [name(first)]: read(first, 3), [name(second)]: read(second, 4) });
    const before = run({ cursor: cursorIn(first, 10), signals: { lines: 10, errorLines: 1 } });
    const seen = seenOfRun(before, { job, pods: [first, second] });
    expect(await readOutput(readLog, seen, "claude", signal)).toMatchObject({
      tally: { lines: 17, errorLines: 1 },
      cursor: cursorIn(second, 4),
      bytes: 70,
      // The last Pod ended with exit code 0, and its tool gave no verdict.
      verdict: { exitClass: "EmptySuccess" },
    });
    expect(asked).toEqual([name(first), name(second)]);
  });

  it("is not read again of Pods before the one that the cursor stands in", async () => {
    const { readLog, asked } = logs({ [name(second)]: read(second, 4) });
    const seen = seenOfRun(run({ cursor: cursorIn(second, 2) }), { job, pods: [first, second] });
    await readOutput(readLog, seen, "claude", signal);
    expect(asked).toEqual([name(second)]);
  });

  it("is not read again of Pods that ended before what was counted last, though the Pod of that is gone", async () => {
    const old = { ...first, metadata: { ...first.metadata, creationTimestamp: noonPlus(-900) } };
    const young = { ...third, metadata: { ...third.metadata, creationTimestamp: noonPlus(-100) } };
    const { readLog, asked } = logs({ [name(third)]: read(third, 4) });
    const seen = seenOfRun(run({ cursor: cursorIn(second, 2) }), { job, pods: [old, young] });
    await readOutput(readLog, seen, "claude", signal);
    expect(asked).toEqual([name(third)]);
  });

  it.each<[string, LogRead, object]>([
    ["cannot be read", unreadable, { tally: { lines: 10 }, unread: "the node is away" }],
    ["broke off", read(first, 3, { failure: "cut", isMore: true }), { tally: { lines: 13 }, unread: "cut" }],
    ["is more than is read at once", read(first, 3, { isMore: true }), { tally: { lines: 13 }, hasMore: true }],
    ["waits for others", { ...unreadable, isBusy: true }, { tally: { lines: 10 }, isBusy: true }],
  ])("that %s keeps the Pods after it for later, and there is no verdict", async (_, result, expected) => {
    const { readLog, asked } = logs({ [name(first)]: result, [name(second)]: read(second, 4) });
    const before = run({ cursor: cursorIn(first, 10), signals: { lines: 10 } });
    const output = await readOutput(readLog, seenOfRun(before, { job, pods: [first, second] }), "claude", signal);
    expect(output).toMatchObject(expected);
    expect(output.verdict).toBeUndefined();
    expect(asked).toEqual([name(first)]);
  });

  it("of a Pod that is gone cannot be known, and what follows it can", async () => {
    const { readLog } = logs({ [name(first)]: gone, [name(second)]: read(second, 4) });
    const output = await readOutput(readLog, seenOfRun(run(), { job, pods: [first, second] }), "claude", signal);
    expect(output).toMatchObject({ tally: { lines: 4 }, verdict: { exitClass: "EmptySuccess" } });
  });

  it("is nothing of one that was evicted before it began, and the next is read", async () => {
    const [lost, waits] = [aJobPod(job, 1, evicted()), aJobPod(job, 1, pending())];
    const { readLog, asked } = logs({ [name(second)]: read(second, 4) });
    await readOutput(readLog, seenOfRun(run(), { job, pods: [lost, second] }), "claude", signal);
    await readOutput(readLog, seenOfRun(run(), { job, pods: [waits] }), "claude", signal);
    expect(asked).toEqual([name(second)]);
  });

  it("has no verdict while it runs", async () => {
    const { readLog } = logs({ [name(third)]: read(third, 4) });
    const output = await readOutput(readLog, seenOfRun(run(), { job, pods: [third] }), "claude", signal);
    expect(output.verdict).toBeUndefined();
  });
});

describe("what a run's status says of it", () => {
  const tally = { ...emptyTally, lines: 5, commands: 0, apiErrors: 0, result: { success: true } };
  const output = { tally, cursor: undefined, hasMore: false, bytes: 0 };

  it("leaves out what its tool cannot tell, and what it did not", () => {
    expect(outputFields(output, "text")).toEqual({ signals: { lines: 5, errorLines: 0, rateLimits: 0 } });
    expect(outputFields(output, "claude").signals).toMatchObject({ commands: 0, failedCommands: 0, apiErrors: 0 });
  });

  it("holds usage and result as they were told", () => {
    const told = { ...tally, usage: { inputTokens: 7 }, result: { summary: "done", sessionID: "s", success: true } };
    expect(outputFields({ ...output, tally: told }, "codex")).toMatchObject({
      usage: { inputTokens: 7 },
      result: { summary: "done", sessionID: "s" },
    });
  });
});
