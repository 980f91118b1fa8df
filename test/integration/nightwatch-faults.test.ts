import { beforeAll, beforeEach, expect, it, onTestFailed, onTestFinished, vi } from "vitest";
import { type Agent, agentResource } from "../../src/api/v1alpha1/agent.ts";
import { condition } from "../../src/controllers/conditions.ts";
import type { Stored } from "../../src/kube/types.ts";
import { aFaultyWay } from "../faults/for-tests.ts";
import type { Fault, SeenCall } from "../faults/plan.ts";
import { ACTING, type OperatorProcess, startOperator } from "../operator-process.ts";
import { seededRandom } from "../seeded.ts";
import { watchAgents } from "./agent-witness.ts";
import { aWatchedAgent, aWatchedGrowthAgent, lines, talkersIn } from "./nightwatch-support.ts";
import { handsIn } from "./operator-support.ts";
import { forever, runHands } from "./run-support.ts";
import { aNamespace, eventually } from "./support.ts";

const namespace = aNamespace();
const cluster = handsIn(namespace);
const { apply, agent, ask, runningPod, podsOf, list } = cluster;
const { start, podsOfRun, runningPodOf } = runHands(cluster);
const { write, append } = talkersIn(namespace);
const way = aFaultyWay();

vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });

/** Outages last for some intervals of 5 s, and what is tried again waits ever longer. */
const SOON = { timeoutMs: 90_000 };

const drifted = async (name: string) => condition((await agent(name)).status?.conditions, "Drifted");
const lineCount = async (name: string) => (await agent(name)).status?.drift?.counts?.lines;
const writes = (): number =>
  way.proxy.calls().filter(({ method, resource }) => method !== "GET" && resource !== "leases").length;

let operator: OperatorProcess;
/* Each test has an operator of its own behind the proxy. */
beforeEach(async () => {
  operator = startOperator({
    kubeconfig: way.proxy.kubeconfig,
    args: ["--namespaces", namespace, "--leader-elect", "false"],
  });
  const mine = operator;
  onTestFailed(() => console.error(mine.logTail().slice(-30).join("\n")));
  onTestFinished(() => mine.kill());
  await operator.logged(ACTING);
});

/** Waits until the reads that came so far, and so many more, have been answered. */
async function reads(more: number): Promise<void> {
  const before = way.proxy.calls({ subresource: "log" }).length;
  await eventually(
    () => expect(way.proxy.calls({ subresource: "log" }).length).toBeGreaterThanOrEqual(before + more),
    SOON,
  );
}

beforeAll(async () => {
  for (const name of ["counted", "cut-off"]) await write(`${name}-1`, lines(20));
});

it("counts what was written, to the line, however reads fail, break off or lose their answer (S5)", async () => {
  const random = seededRandom();
  const oneOf = <T>(...choices: readonly T[]): T => choices[Math.floor(random() * choices.length)]!;
  const trouble = ({ subresource }: SeenCall): Fault | undefined =>
    subresource !== "log"
      ? undefined
      : oneOf<Fault | undefined>(
          undefined,
          { fault: "answer", code: 500, reason: "InternalError" },
          { fault: "cut" },
          { fault: "lose-answer" },
          { fault: "delay", ms: 300 },
          { fault: "end-answer", afterBytes: Math.floor(random() * 2000), how: "cut" },
          { fault: "end-answer", afterBytes: Math.floor(random() * 2000), how: "in-order" },
        );
  way.proxy.plan(trouble);
  await apply(agentResource, aWatchedAgent("counted", { mode: "Observe" }));
  await runningPod("counted");
  let written = 20;
  for (let batch = 0; batch < 3; batch += 1) {
    await append("counted-1", lines(30, 3));
    written += 30;
    await reads(2);
  }
  way.proxy.clear();
  await eventually(async () => expect(await lineCount("counted")).toBe(written), SOON);
  expect((await agent("counted")).status?.drift?.counts?.errorLines).toBe(9);
});

it("an API server that is away for longer than two intervals leaves evidence stale: no correction, then judged again (D9)", async () => {
  await apply(agentResource, aWatchedAgent("cut-off"));
  await apply(agentResource, aWatchedGrowthAgent("worker", { ...forever, start: "4s" }));
  await start("worker", "works");
  const [pod] = await eventually(async () => {
    const found = await podsOfRun("works");
    expect(found).toHaveLength(1);
    return found;
  });
  await write(pod?.metadata.name ?? "", lines(20));
  await runningPod("cut-off");
  await runningPodOf("works");
  await eventually(async () => expect(await drifted("cut-off")).toMatchObject({ reason: "Normal" }), SOON);
  await eventually(async () => expect(await drifted("worker")).toMatchObject({ reason: "Normal" }), SOON);

  const witness = await watchAgents(cluster);
  await way.proxy.unplug();
  const awayAt = Date.now();
  await append("cut-off-1", lines(100, 40));
  await append(pod?.metadata.name ?? "", lines(100, 40));
  await eventually(() => expect(Date.now() - awayAt).toBeGreaterThan(14_000));
  await way.proxy.plugIn();
  for (const name of ["cut-off", "worker"]) {
    const isStale = ({ status }: Stored<Agent>): void =>
      expect(condition(status?.conditions, "Drifted")).toMatchObject({ reason: "StaleEvidence" });
    const { status } = await witness.saw(name, isStale, SOON);
    expect(status?.correction?.total).toBe(0);
  }
  await eventually(async () => {
    for (const name of ["cut-off", "worker"]) {
      expect((await agent(name)).status?.correction).toMatchObject({ action: "Reload", total: 1 });
    }
  }, SOON);
  expect((await podsOf("cut-off")).map(({ metadata }) => metadata.name)).not.toContain("cut-off-3");
});

it("writes nothing for agents in which nothing changes, be they in order, drifting in Observe, warned or paused (O4, D12)", async () => {
  await write("at-rest-1", lines(50));
  await write("observed-1", lines(100, 60));
  await write("warned-1", lines(100, 15));
  await apply(agentResource, aWatchedAgent("at-rest"));
  await apply(agentResource, aWatchedAgent("observed", { mode: "Observe" }));
  await apply(agentResource, aWatchedAgent("warned"));
  await apply(agentResource, aWatchedAgent("paused"));
  await runningPod("paused");
  await ask("paused", "pause-requested-at");
  const levels = { "at-rest": "Normal", observed: "Severe", warned: "Minor", paused: "Normal" };
  await eventually(async () => {
    const agents = await list<Agent>(agentResource);
    const found = agents.flatMap(({ metadata: { name }, status }) =>
      name in levels ? [[name, status?.drift?.level]] : [],
    );
    expect(Object.fromEntries(found)).toEqual(levels);
    expect((await agent("paused")).status).toMatchObject({ pause: { reason: "Manual" }, active: [] });
  }, SOON);
  // What was under way comes to rest first. Then no write while three rounds of reads pass, unless the machine stalls for
  // two intervals meanwhile: that evidence was stale for a moment is worth a write (D9).
  await eventually(async () => {
    const before = writes();
    await reads(18);
    expect(writes() - before).toBe(0);
  }, SOON);
});

it("a reading that hangs holds up nobody else, and what it did not bring is counted by a later one (S5)", async () => {
  await write("hanging-1", lines(20));
  way.proxy.plan({ subresource: "log", name: "hanging-1", fault: { fault: "hang" } });
  await apply(agentResource, aWatchedAgent("hanging"));
  await runningPod("hanging");
  await reads(1);
  await write("other-1", lines(30));
  await apply(agentResource, aWatchedAgent("other"));
  await eventually(async () => expect(await lineCount("other")).toBe(30), SOON);
  await eventually(async () => expect(await lineCount("hanging")).toBe(20), SOON);
});
