import { expect, inject, it, onTestFinished, vi } from "vitest";
import { agentResource } from "../../src/api/v1alpha1/agent.ts";
import { agentFleetResource } from "../../src/api/v1alpha1/agent-fleet.ts";
import { podResource } from "../../src/kube/types-core.ts";
import { controllerOf } from "../../src/workloads/labels.ts";
import { startToCrash } from "../crash/start.ts";
import { type OperatorProcess, startOperator } from "../operator-process.ts";
import { seededRandom } from "../seeded.ts";
import { aFleet, aSafetyAgent, handsIn, simulated } from "./operator-support.ts";
import { type PodWitness, watchPods } from "./pod-witness.ts";
import { aNamespace, eventually } from "./support.ts";

const namespace = aNamespace();
const cluster = handsIn(namespace);
const { apply, list, fleet } = cluster;

// A dozen starts of the operator one after another take their time on a machine that is busy with other tests.
vi.setConfig({ testTimeout: 300_000 });

/** DARKFACTORY_CRASHES=10 is the long form (npm run test:full), with 50 agents. */
const CRASHES = Number(process.env["DARKFACTORY_CRASHES"] ?? 5);
const AGENTS = 5 * CRASHES;
const names = Array.from({ length: AGENTS }, (_, n) => `agent-${n}`);

const podTemplate = simulated({ start: "20ms", stop: "50ms" });
const aFleetThat = (task: string) =>
  aFleet("crashed", {
    defaults: { podTemplate },
    rollout: { maxUnavailablePercent: 100 },
    agents: names.map((name) => ({ ...aSafetyAgent(name, { task }).spec, name })),
  });

/** One operator in the namespace; it needs no lease, for only one runs at a time and a killed one releases none. */
const options = () => ({
  kubeconfig: inject("cluster").kubeconfig,
  args: ["--namespaces", namespace, "--leader-elect", "false", "--kube-api-connections", String(CONNECTIONS)],
});

function started(operator: OperatorProcess): OperatorProcess {
  // Without effect on one that has ended; the last one of a test is asked to stop before.
  onTestFinished(() => operator.kill());
  return operator;
}

const CONNECTIONS = 4;

/** Of each agent at least: the Agent itself, its start number, its Pod, and that it runs. */
const WRITES_OF_AN_AGENT = 4;

/**
 * So few that all writes that were sent before the last crash, those under way included, are fewer than the work needs:
 * each operator has something to write until it crashes.
 */
const WRITES_BEFORE_A_CRASH = Math.floor((AGENTS * WRITES_OF_AN_AGENT - 1) / CRASHES) - CONNECTIONS;

/** Kills one operator after another, each at a random one of its first writes. */
async function crashAgainAndAgain(): Promise<void> {
  const random = seededRandom();
  for (let crash = 1; crash <= CRASHES; crash++) {
    const n = 1 + Math.floor(random() * WRITES_BEFORE_A_CRASH);
    const point = { n, when: random() < 0.5 ? "before" : "after" } as const;
    await endsByCrash(started(startToCrash(point, options())), `operator ${crash}, ${JSON.stringify(point)}`);
  }
}

/** Fails as soon as no work is left that could bring the operator to its crash, or when it does not get on. */
async function endsByCrash(operator: OperatorProcess, which: string): Promise<void> {
  let isOver = false;
  const ended = operator.ended.finally(() => (isOver = true));
  const workIsDone = eventually(async () => expect(isOver || (await allRun())).toBe(true), GETS_ON).then(
    () => "outlived its work",
    () => "does not get on",
  );
  const how = await Promise.race([ended, workIsDone]);
  expect(how, `${which}; its last words:\n${operator.logTail().slice(-20).join("\n")}`).toBe("SIGKILL");
}

/** The longest that one operator may take to its crash, or to its last write, on a machine that is busy with other tests. */
const GETS_ON = { timeoutMs: 120_000, everyMs: 250 };

/** True when the fleet says of its present spec that nothing is left to do. */
async function allRun(): Promise<boolean> {
  const { metadata, status } = await fleet("crashed");
  const ready = status?.conditions?.find(({ type }) => type === "Ready");
  return ready?.status === "True" && ready.observedGeneration === metadata.generation;
}

/** What must hold in the end: all run, one Pod each, and no Pod that belongs to nobody. */
async function expectOnePodEach(witness: PodWitness): Promise<void> {
  await eventually(async () => expect(await allRun()).toBe(true), GETS_ON);
  const [agents, pods] = [await list(agentResource), await list(podResource)];
  const owners = pods.map((pod) => controllerOf(pod)?.uid ?? "nobody");
  expect(owners.toSorted()).toEqual(agents.map(({ metadata }) => metadata.uid).toSorted());
  expect(pods).toHaveLength(AGENTS);
  const { mostAtOnce } = await witness.testify();
  expect(names.filter((name) => mostAtOnce(name) !== 1)).toEqual([]);
}

it(`an operator that is killed ${CRASHES} times while ${AGENTS} agents start makes each Pod once (L5, O2)`, async () => {
  const witness = await watchPods(cluster);
  await apply(agentFleetResource, aFleetThat("sleep 3600"));
  await crashAgainAndAgain();

  const operator = started(startOperator(options()));
  await expectOnePodEach(witness);
  expect(await operator.stop()).toBe(0);
  const { story } = await witness.testify();
  expect(story.toSorted()).toEqual(names.map((name) => `+${name}-1`).toSorted());
});

it(`an operator that is killed ${CRASHES} times while ${AGENTS} agents change never runs two at once (L1, O2)`, async () => {
  const witness = await watchPods(cluster);
  await apply(agentFleetResource, aFleetThat("sleep 7200"));
  await crashAgainAndAgain();

  const operator = started(startOperator(options()));
  await expectOnePodEach(witness);
  expect(await operator.stop()).toBe(0);
  const { story } = await witness.testify();
  expect(story.toSorted()).toEqual(names.flatMap((name) => [`-${name}-1`, `+${name}-2`]).toSorted());
});
