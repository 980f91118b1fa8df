import { describe, expect, it } from "vitest";
import { anAgent, aPodOf, exited, NOON, noonPlus, seenOf, waitingFor } from "../../../test/builders.ts";
import { aRun, growthAgent, hasBegun, over } from "../../../test/run-builders.ts";
import { toldCaches } from "../../../test/told-caches.ts";
import { nightwatchDefaults } from "../../api/v1alpha1/nightwatch.ts";
import { noCounts } from "../../nightwatch/counters.ts";
import { emptyTally } from "../../nightwatch/tally.ts";
import { createFakeClock } from "../../runtime/fake-clock.ts";
import { createHealthSampler } from "../../telemetry/health-sampler.ts";
import type { LogRead } from "../../telemetry/read-log.ts";
import { createTicks } from "../../telemetry/ticks.ts";
import { profiles } from "../../tools/profiles.ts";
import { condition } from "../conditions.ts";
import type { AgentPlan } from "./decide.ts";
import { createEvaluations } from "./evaluation.ts";
import type { Observed, StoredAgent } from "./observed.ts";
import { createStorms } from "./storms.ts";

const INTERVAL = nightwatchDefaults.evaluationIntervalSeconds * 1000;
const signal = new AbortController().signal;
const status = { starts: 1, drift: { level: "Normal" as const, windowStart: noonPlus(-3600), samples: 0 } };
const correction = { action: "None" as const, total: 0 };

/** So many lines that were not read before. */
const read = (
  lines: number,
  errorLines = 0,
  more: { readonly isMore?: boolean; readonly failure?: string } = {},
): LogRead => ({
  ok: true,
  cursor: { pod: "sentinel-1", container: "uid-sentinel-1/0", lines: 1 },
  tally: { ...emptyTally, lines, errorLines },
  buckets: [{ start: noonPlus(0), ...noCounts, lines, errorLines }],
  bytes: 50 * lines,
  isMore: false,
  reader: profiles.text.createReader(),
  ...more,
});
const unreadable: LogRead = { ok: false, isGone: false, message: "the node is away" };

/** One agent, looked at as its controller does: gather, observe, decide, write. Nothing else works on it. */
function watched(first: Partial<Observed> = {}) {
  const clock = createFakeClock(NOON);
  const { caches, put, gone } = toldCaches();
  const ticks = createTicks();
  let agent: StoredAgent = first.agent ?? anAgent({ status: { ...status, correction } });
  let more = first;
  let next: LogRead = read(0);
  let reads = 0;
  const health = createHealthSampler({
    pods: caches.pods,
    agentOf: () => ({ uid: agent.metadata.uid, windowSeconds: 3600 }),
    clock,
  });
  health.start();
  const readLog = (): Promise<LogRead> => {
    reads += 1;
    return Promise.resolve(next);
  };
  const storms = createStorms(caches.agents, clock, () => INTERVAL / 1000);
  const evaluations = createEvaluations({ readLog, ticks, health }, storms, clock);
  const seen = (): Observed => seenOf(agent, more.pods ?? [aPodOf(agent, 1)], { ...more, agent });
  const look = async (isRefused = false): Promise<AgentPlan> => {
    const found = seen();
    const evidence = await evaluations.observe(found, signal);
    const observed = evidence === undefined ? found : { ...found, evidence };
    const plan = evaluations.decide(observed);
    if (isRefused) evaluations.refused(observed);
    else {
      agent = { ...agent, status: plan.status };
      evaluations.settled(observed, plan);
    }
    return plan;
  };
  return {
    clock,
    ticks,
    put,
    gone,
    look,
    seen,
    /** From now on this is what a read brings. */
    log: (result: LogRead) => void (next = result),
    reads: () => reads,
    /** What is seen beside the agent from now on. */
    sees: (now: Partial<Observed>) => void (more = { ...more, ...now }),
    change: (to: (agent: StoredAgent) => StoredAgent) => void (agent = to(agent)),
    agent: () => agent,
    wakeAt: () => evaluations.wake(seen(), undefined).wakeAt ?? Infinity,
    /** Looks at it when it wants to be looked at next. */
    tick: async (isRefused = false) => {
      clock.advance(Math.max(0, (evaluations.wake(seen(), undefined).wakeAt ?? 0) - clock.now()));
      return await look(isRefused);
    },
  };
}

const counted = ({ status }: AgentPlan) => status.drift?.counts?.lines ?? 0;
const drifted = ({ status }: AgentPlan) => condition(status.conditions, "Drifted");

describe("a Safety agent", () => {
  it("is read and judged at its ticks, once an interval, and not in between (D8, D10)", async () => {
    const { look, tick, log, clock, reads } = watched();
    log(read(20));
    expect(counted(await look())).toBe(0);
    expect(counted(await tick())).toBe(20);
    const at = clock.now();
    log(read(5));
    expect(counted(await look())).toBe(20);
    expect(counted(await tick())).toBe(25);
    expect(clock.now() - at).toBe(INTERVAL);
    expect(reads()).toBe(2);
  });

  it("in which nothing changes is written once and never again, health checks or not (D12, O4)", async () => {
    const { look, tick, put, seen, log } = watched();
    put("pods", seen().pods[0]!);
    await look();
    log(read(20));
    let before = (await tick()).status;
    log(read(0));
    // Health joins the first of them; from then on it is as it was.
    before = (await tick()).status;
    for (let evaluation = 0; evaluation < 5; evaluation += 1) {
      expect((await tick()).status).toEqual(before);
    }
  });

  it("whose Pod has ended is judged at once, and does not wait for its tick (D8, S5)", async () => {
    const { look, log, sees, agent, reads } = watched();
    await look();
    log(read(20, 3));
    sees({ pods: [aPodOf(agent(), 1, exited(0))] });
    expect(counted(await look())).toBe(20);
    log(read(0));
    await look();
    expect(reads()).toBe(1);
  });

  it.each([
    ["was cut short", read(10, 0, { failure: "cut", isMore: true })],
    ["met a bound", read(10, 0, { isMore: true })],
    ["failed", unreadable],
  ])("whose Pod has ended keeps it while the reading of its last lines %s (S5)", async (_, result) => {
    const { look, log, sees, agent } = watched();
    await look();
    log(result);
    sees({ pods: [aPodOf(agent(), 1, exited(0))] });
    const first = await look();
    expect(first.acts).toEqual([]);
    expect(first.status.restart).toBeUndefined();
    expect(first.wakeAt).toBe(NOON + 2000);
    log(read(7));
    const second = await look();
    expect(counted(second)).toBe(counted(first) + 7);
    expect(second.status.restart?.lastExit).toMatchObject({ start: 1, class: "Success" });
  });

  it("starts a new window without the health of the Pod before (D7)", async () => {
    const { look, tick, clock, put, gone, sees, change, agent } = watched();
    const ill = aPodOf(agent(), 1, waitingFor("ImagePullBackOff"));
    put("pods", ill);
    sees({ pods: [ill] });
    await look();
    clock.advance(120_000);
    change(({ metadata, spec, ...rest }) => ({
      ...rest,
      metadata: { ...metadata, generation: 2 },
      spec: { ...spec, task: "new" },
    }));
    expect((await look()).acts.map(({ act }) => act)).toContain("delete-pod");
    gone("pods", ill);
    sees({ pods: [aPodOf(agent(), 2)] });
    await look();
    expect((await tick()).status.drift?.counts?.healthChecks ?? 0).toBe(0);
  });

  it("that could not be read for longer than two intervals is stale, corrected in nothing, and judged again by the read after the next (D9)", async () => {
    const { look, tick, log, clock } = watched();
    await look();
    log(read(100, 30));
    clock.advance(INTERVAL);
    log(unreadable);
    for (const reason of ["InsufficientSamples", "InsufficientSamples", "StaleEvidence", "StaleEvidence"]) {
      expect(drifted(await tick())).toMatchObject({ status: "Unknown", reason });
    }
    log(read(100, 30));
    const first = await tick();
    expect(drifted(first)).toMatchObject({ status: "Unknown", reason: "StaleEvidence" });
    expect([first.status.correction?.action, counted(first)]).toEqual(["None", 100]);
    log(read(0));
    expect((await tick()).status.correction).toMatchObject({ action: "Reload", level: "Moderate" });
  });

  it("whose correction the API server refuses is not tried again before the next tick, with the same evidence", async () => {
    const { look, tick, log, clock, wakeAt } = watched();
    await look();
    log(read(100, 30));
    const refused = await tick(true);
    expect(refused.acts.map(({ act }) => act)).toContain("check-pod");
    expect(wakeAt() - clock.now()).toBe(INTERVAL);
    expect((await tick()).status.correction).toMatchObject({ action: "Reload", total: 1 });
  });

  it("whose log waits behind too many others is looked at again soon, and has lost no turn (lesson 15)", async () => {
    const { look, tick, log, clock, wakeAt } = watched();
    await look();
    log({ ...unreadable, isBusy: true });
    const busy = await tick();
    expect(counted(busy)).toBe(0);
    expect(wakeAt() - clock.now()).toBeLessThanOrEqual(1250);
    log(read(20));
    expect(counted(await tick())).toBe(20);
  });

  it("that is on hold is neither judged nor counted, nor looked at in a loop, and is read when that is over", async () => {
    const { look, tick, log, sees, wakeAt, clock } = watched();
    await look();
    log(read(20, 20));
    sees({ problems: ["spec.nightwatch.thresholds: wrong"] });
    expect(counted(await tick())).toBe(0);
    expect(wakeAt()).toBeGreaterThan(clock.now());
    sees({ problems: [] });
    expect(counted(await tick())).toBe(20);
  });

  it("whose Pod has ended while it is on hold keeps its last lines until that is over (S5)", async () => {
    const { look, log, sees, agent } = watched();
    await look();
    log(read(20));
    sees({ problems: ["spec.nightwatch.thresholds: wrong"], pods: [aPodOf(agent(), 1, exited(0))] });
    expect(counted(await look())).toBe(0);
    sees({ problems: [] });
    expect(counted(await look())).toBe(20);
  });

  it("that wrote much is read in between, which judges nothing; the next evaluation does (S5)", async () => {
    const { look, tick, log, clock } = watched();
    await look();
    log(read(100, 0, { isMore: true }));
    await tick();
    const evaluated = clock.now();
    log(read(200, 200));
    const reading = await tick();
    expect(clock.now() - evaluated).toBe(5000);
    expect(reading.status.drift).toMatchObject({ level: "Normal", counts: { lines: 300, errorLines: 200 } });
    expect(reading.status.correction?.action).toBe("None");
    log(read(0));
    expect((await tick()).status.correction).toMatchObject({ level: "Severe", action: "Restart" });
  });
});

describe("an agent of runs", () => {
  const wrote = (lines: number, errorLines = 0) => ({ signals: { lines, errorLines } });
  const agent = growthAgent({ status: { drift: status.drift, correction } });
  const going = (lines: number, errorLines = 0) => [aRun({ status: { ...hasBegun(), ...wrote(lines, errorLines) } })];

  it("is judged a moment after the tick at which its runs are read (D8)", async () => {
    const { look, tick, sees, clock, ticks } = watched({ agent, runs: going(0), pods: [] });
    await look();
    const grid = { agentUID: agent.metadata.uid, intervalSeconds: INTERVAL / 1000 };
    const read = ticks.next("uid-review-1", grid, clock.now());
    sees({ runs: going(30) });
    expect(counted(await tick())).toBe(30);
    expect(clock.now()).toBe(read + 1500);
  });

  it("is judged at once when a run has ended with lines that were not counted, and not at all while none runs (D8, D11)", async () => {
    const { look, sees, clock } = watched({ agent, runs: going(10), pods: [] });
    await look();
    sees({ runs: [aRun({ status: { ...over(), ...wrote(40, 8) } })] });
    const ended = await look();
    expect(ended.status.drift).toMatchObject({ level: "Minor", counts: { lines: 40, errorLines: 8 } });
    clock.advance(10 * INTERVAL);
    expect((await look()).status).toEqual(ended.status);
  });

  it("whose runs cannot be read is stale like any other (D9)", async () => {
    const { look, tick, ticks, clock } = watched({ agent, runs: going(30), pods: [] });
    await look();
    const isRead = (): void => ticks.done("uid-review-1", { what: "evaluation", freshAt: clock.now() }, clock.now());
    isRead();
    await tick();
    for (const _ of [1, 2]) await tick();
    expect(drifted(await tick())?.reason).toBe("StaleEvidence");
    isRead();
    expect(drifted(await tick())?.reason).toBe("StaleEvidence");
    isRead();
    expect(drifted(await tick())?.reason).toBe("Normal");
  });
});
