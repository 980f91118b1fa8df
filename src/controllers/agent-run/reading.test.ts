import { describe, expect, it } from "vitest";
import { exited, NOON, running } from "../../../test/builders.ts";
import { aJobOf, aJobPod, aRun, hasBegun, jobComplete, over, seenOfRun } from "../../../test/run-builders.ts";
import { nightwatchDefaults } from "../../api/v1alpha1/nightwatch.ts";
import { nextEvaluation } from "../../nightwatch/evaluation-time.ts";
import { emptyTally } from "../../nightwatch/tally.ts";
import { createFakeClock } from "../../runtime/fake-clock.ts";
import type { LogRead } from "../../telemetry/read-log.ts";
import { createTicks } from "../../telemetry/ticks.ts";
import { profiles } from "../../tools/profiles.ts";
import type { Observed } from "./observed.ts";
import { createRunReading } from "./reading.ts";

const signal = new AbortController().signal;
const run = aRun({ status: hasBegun() });
const job = aJobOf(run);
const going: Observed = seenOfRun(run, { job, pods: [aJobPod(job, 1, running())], nightwatch: nightwatchDefaults });
const complete = { ...going, job: aJobOf(run, jobComplete()), pods: [aJobPod(job, 1, exited(0))] };
const beingStopped = {
  ...going,
  job: { ...job, metadata: { ...job.metadata, deletionTimestamp: "2026-03-01T12:00:00Z" } },
};
const first = nextEvaluation("uid-reviewer", 300, NOON);

function aReading() {
  const clock = createFakeClock(NOON);
  const ticks = createTicks();
  let next: LogRead = {
    ok: true,
    cursor: { pod: "p", container: "c" },
    tally: { ...emptyTally, lines: 5 },
    buckets: [],
    bytes: 0,
    isMore: false,
    reader: profiles.text.createReader(),
  };
  const readLog = (): Promise<LogRead> => Promise.resolve(next);
  const health = {
    start: () => () => undefined,
    checksOf: () => [],
    written: () => undefined,
    forget: () => undefined,
  };
  const reading = createRunReading({ readLog, ticks, health }, clock);
  return {
    clock,
    ticks,
    brings: (result: LogRead) => void (next = result),
    read: (seen: Observed) => reading.readDue(seen, signal),
    wakeAt: (seen: Observed) => reading.wake(seen, undefined).wakeAt,
  };
}

describe("a run's output is read", () => {
  it("at the tick of its agent's evaluation, and not before (D8)", async () => {
    const { read, wakeAt, clock, ticks } = aReading();
    expect(await read(going)).toBeUndefined();
    expect(wakeAt(going)).toBe(first);
    clock.advance(first - NOON);
    expect(await read(going)).toMatchObject({ tally: { lines: 5 } });
    expect(ticks.freshAt(run.metadata.uid)).toBe(first);
    expect(await read(going)).toBeUndefined();
    expect(wakeAt(going)).toBe(first + 300_000);
  });

  it.each([
    ["has ended", complete],
    ["is being stopped", beingStopped],
  ])("whenever it is looked at once its Job %s: its last lines go with its Pods (S5)", async (_, seen) => {
    const { read, wakeAt } = aReading();
    expect(await read(seen)).toMatchObject({ tally: { lines: 5 } });
    expect(await read(seen)).toBeDefined();
    expect(wakeAt(seen)).toBeUndefined();
  });

  it("no more once its end is recorded", async () => {
    expect(await aReading().read({ ...complete, run: aRun({ status: over() }) })).toBeUndefined();
  });

  it("again soon where too many others are read, which is no turn lost; unless it has ended, which is told", async () => {
    const { read, brings, wakeAt, clock } = aReading();
    await read(going);
    clock.advance(first - NOON);
    brings({ ok: false, isGone: false, isBusy: true, message: "busy" });
    expect(await read(going)).toBeUndefined();
    expect(wakeAt(going)).toBeLessThanOrEqual(first + 1250);
    expect(await read(complete)).toMatchObject({ unread: "busy" });
  });

  it("and is no fresher for a read that failed (D9)", async () => {
    const { read, brings, clock, ticks } = aReading();
    await read(going);
    clock.advance(first - NOON);
    brings({ ok: false, isGone: false, message: "the node is away" });
    expect(await read(going)).toMatchObject({ unread: "the node is away" });
    expect(ticks.freshAt(run.metadata.uid)).toBe(NOON);
  });
});
