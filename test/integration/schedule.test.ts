import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { type AgentManifest, agentResource, type AgentSpecInput } from "../../src/api/v1alpha1/agent.ts";
import { runName } from "../../src/schedule/due.ts";
import { ACTING, type OperatorProcess, startOperator } from "../operator-process.ts";
import { anOperatedNamespace, handsIn } from "./operator-support.ts";
import { aGrowthAgent, forever, runHands, showsStatus } from "./run-support.ts";
import { watchRuns } from "./run-witness.ts";
import { aNamespace, eventually, mustKubectl } from "./support.ts";

/*
 * One minute of real time for all: everything is set up before it, and each test looks at what it brought. Three
 * namespaces: one whose operator is there all the time, one whose operator is down when the minute comes, and one with two
 * replicas whose leader is frozen then.
 */
const here = anOperatedNamespace();
const down = handsIn(aNamespace());
const shared = handsIn(aNamespace());
const runs = runHands(here);

function aCoreAgent(
  name: string,
  spec: Partial<AgentSpecInput> = {},
  fate: Record<string, string> = {},
): AgentManifest {
  const { podTemplate, ...growth } = aGrowthAgent(name, fate).spec;
  return {
    metadata: { name },
    spec: { ...growth, layer: "Core", schedule: "* * * * *", ...spec, ...(podTemplate && { podTemplate }) },
  };
}

function operatorIn(namespace: string): OperatorProcess {
  const operator = startOperator({ kubeconfig: inject("cluster").kubeconfig, args: ["--namespaces", namespace] });
  cleanUps.push(() => operator.kill());
  return operator;
}

/** The wall clock of a time zone at an instant, as a schedule of that one minute. */
function scheduleOf(instant: number, timeZone: string): string {
  const parts = new Intl.DateTimeFormat("en-GB", { timeZone, hour: "numeric", minute: "numeric" }).formatToParts(
    instant,
  );
  const read = (type: string) => Number(parts.find((part) => part.type === type)?.value);
  return `${read("minute")} ${read("hour")} * * *`;
}

/** Of its own accord on the 29th of February only. */
const NEVER = "0 0 29 2 *";

const time = (instant: number) => new Date(instant).toISOString().replace(".000", "");
const until = (instant: number) => sleep(Math.max(0, instant - Date.now()));

let minute: number;
let witness: Awaited<ReturnType<typeof watchRuns>>;
const replicas: OperatorProcess[] = [];
const cleanUps: (() => Promise<void>)[] = [];
afterAll(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
});

beforeAll(async () => {
  const { client, apply, becomes, patch } = here;
  witness = await watchRuns(client(), undefined, (cleanUp) => cleanUps.push(cleanUp));
  const first = operatorIn(down.namespace);
  replicas.push(operatorIn(shared.namespace), operatorIn(shared.namespace));
  await Promise.all([first.logged(ACTING), Promise.race(replicas.map((replica) => replica.logged(ACTING)))]);
  // What takes its time comes before the minute is chosen.
  const policies = { forbid: "Forbid", replace: "Replace", allow: "Allow" } as const;
  const busy = (name: keyof typeof policies, schedule: string) =>
    aCoreAgent(name, { schedule, concurrencyPolicy: policies[name] }, { ...forever, stop: "700ms" });
  const names = ["forbid", "replace", "allow"] as const;
  for (const name of names) await apply(agentResource, busy(name, NEVER));
  for (const name of names) await becomes("Agent", name, { status: "True", reason: "Scheduled" });
  for (const name of names) await runs.start(name, `${name}-before`);
  for (const name of names) await runs.runningPodOf(`${name}-before`);

  // Far enough that everything below is done before.
  minute = Math.ceil((Date.now() + 40_000) / 60_000) * 60_000;
  const at = scheduleOf(minute, "Etc/UTC");
  for (const name of names) await apply(agentResource, busy(name, at));
  await apply(agentResource, aCoreAgent("every"));
  await apply(
    agentResource,
    aCoreAgent("kathmandu", { schedule: scheduleOf(minute, "Asia/Kathmandu"), timeZone: "Asia/Kathmandu" }),
  );
  await apply(agentResource, aCoreAgent("suspended", { schedule: at }));
  await down.apply(agentResource, aCoreAgent("late", { schedule: at }));
  await down.apply(agentResource, aCoreAgent("too-late", { schedule: at, startingDeadlineSeconds: 1 }));
  await shared.apply(agentResource, aCoreAgent("once", { schedule: at }));
  for (const name of ["every", "kathmandu", "suspended"])
    await becomes("Agent", name, { status: "True", reason: "Scheduled" });
  for (const name of names) await becomes("Agent", name, { status: "True" });
  await patch(agentResource, "suspended", { spec: { suspend: true } });
  await becomes("Agent", "suspended", { status: "True", reason: "Suspended" });
  for (const name of ["late", "too-late"]) await down.becomes("Agent", name, { reason: "Scheduled" });
  expect(await first.stop()).toBe(0);
  await shared.becomes("Agent", "once", { reason: "Scheduled" });
  expect(Date.now()).toBeLessThan(minute);
}, 300_000);

/** How long the leader is frozen at least, in seconds, from 2 s before the minute on. Longer: DARKFACTORY_FREEZE_SECONDS=30. */
const FREEZE = Number(process.env["DARKFACTORY_FREEZE_SECONDS"] ?? 0);

const created = (namespace: string, agent: string) => {
  const prefix = `${namespace}/${agent}-`;
  return witness.runs.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length));
};
const ofMinute = () => String(minute / 60_000);

it("fires each occurrence once, named after its minute, in each zone's own time (K2, K3)", async () => {
  const frozen = replicas.find((replica) => replica.logTail().some((line) => line.includes(ACTING)));
  await until(minute - 2_000);
  frozen?.signal("SIGSTOP");
  const other = replicas.find((replica) => replica !== frozen);
  await until(minute + 2_500);
  // Two again, of which one acts.
  for (const _ of [1, 2]) operatorIn(down.namespace);

  for (const name of ["every", "kathmandu"]) {
    const run = await runs.completes(runName(name, minute));
    expect(run.spec).toMatchObject({ trigger: "Schedule", scheduledTime: time(minute) });
    // Never before its time, and by a timer: how late is the machine's affair, which is busy with other tests (K3).
    const lateMs = Date.parse(run.metadata.creationTimestamp) - minute;
    expect(lateMs).toBeGreaterThanOrEqual(0);
    expect(lateMs).toBeLessThanOrEqual(30_000);
  }
  await showsStatus(here, "kathmandu", { lastScheduleTime: time(minute) });
  // It may have fired again by now.
  await eventually(async () => {
    const { lastScheduleTime = "", nextRunTime = "" } = (await here.agent("every")).status ?? {};
    expect(Date.parse(lastScheduleTime)).toBeGreaterThanOrEqual(minute);
    expect(Date.parse(nextRunTime) - Date.parse(lastScheduleTime)).toBe(60_000);
  });
  await witness.caughtUp();
  expect(created(here.namespace, "kathmandu")).toEqual([ofMinute()]);

  await lateRuns();
  await oneRunOfTwoReplicas();

  async function lateRuns(): Promise<void> {
    await runHands(down).completes(runName("late", minute));
    await showsStatus(down, "too-late", { skippedRuns: { total: 1, last: { time: time(minute), reason: "Missed" } } });
    await witness.caughtUp();
    expect(created(down.namespace, "late")).toEqual([ofMinute()]);
    expect(created(down.namespace, "too-late")).toEqual([]);
    expect((await down.agent("late")).status?.skippedRuns).toBeUndefined();
  }

  async function oneRunOfTwoReplicas(): Promise<void> {
    await runHands(shared).completes(runName("once", minute));
    await until(minute - 2_000 + FREEZE * 1000);
    // The lease is another's by then, whoever was the one that fired.
    await other?.logged(ACTING);
    frozen?.signal("SIGCONT");
    // Whoever was frozen has lost its lease meanwhile, and knows it.
    expect(await frozen?.ended).toBe(1);
    await witness.caughtUp();
    const jobs = witness.jobs.filter((name) => name.startsWith(`${shared.namespace}/`));
    expect(created(shared.namespace, "once")).toEqual([ofMinute()]);
    expect(jobs).toEqual([`${shared.namespace}/${runName("once", minute)}`]);
  }
}, 300_000);

describe("an occurrence while a run goes on (K5)", () => {
  it("is skipped by Forbid, and counted", async () => {
    await showsStatus(here, "forbid", {
      skippedRuns: { total: 1, last: { time: time(minute), reason: "StillRunning" } },
    });
    expect(created(here.namespace, "forbid")).toEqual(["before"]);
    await runs.runningPodOf("forbid-before");
  });

  it("takes its place by Replace, and starts when its Pod is gone", async () => {
    const { metadata } = await runs.runningPodOf(runName("replace", minute));
    await witness.caughtUp();
    expect(created(here.namespace, "replace")).toEqual(["before", ofMinute()]);
    expect(await runs.podsOfRun("replace-before")).toEqual([]);
    expect(metadata.labels).toMatchObject({ "darkfactory.dev/agent": "replace" });
  });

  it("runs beside it by Allow", async () => {
    await runs.runningPodOf(runName("allow", minute));
    await runs.runningPodOf("allow-before");
  });
});

it("what came while an agent was suspended is not caught up (K4)", async () => {
  await here.patch(agentResource, "suspended", { spec: { suspend: false } });
  await here.becomes("Agent", "suspended", { status: "True", reason: "Scheduled" });
  expect(created(here.namespace, "suspended")).toEqual([]);
  expect((await here.agent("suspended")).status?.skippedRuns).toBeUndefined();
});

describe("a schedule that never runs (K1)", () => {
  const { apply, becomes, agent } = here;

  it.each([
    ["six-fields", "0 3 * * * *"],
    ["letter-h", "H 3 * * *"],
    ["every-five", "@every 5m"],
    ["step-zero", "*/0 * * * *"],
    ["feb-31", "0 0 31 2 *"],
  ])("%s: is refused at once, or stalls its agent, by text and reason; the others run on", async (name, schedule) => {
    const wanted = JSON.stringify({
      ...aCoreAgent(name, { schedule }),
      apiVersion: "darkfactory.dev/v1alpha1",
      kind: "Agent",
    });
    const refusal = await mustKubectl(["--namespace", here.namespace, "apply", "-f", "-"], { input: wanted }).then(
      () => undefined,
      (error: unknown) => String(error),
    );
    if (refusal !== undefined) {
      expect(refusal).toContain("spec.schedule");
      return;
    }
    await becomes("Agent", name, { status: "False", reason: "InvalidSchedule" });
    const { status } = await agent(name);
    const stalled = status?.conditions?.find(({ type }) => type === "Stalled");
    expect(stalled).toMatchObject({ status: "True", reason: "InvalidSchedule" });
    expect(stalled?.message).toContain(schedule);
    await apply(agentResource, aCoreAgent(name, { schedule: "0 3 * * *" }));
    await becomes("Agent", name, { status: "True", reason: "Scheduled" });
    await eventually(async () => {
      expect((await agent(name)).status?.conditions?.map(({ type }) => type)).not.toContain("Stalled");
    });
  });
});
