import { setTimeout as sleep } from "node:timers/promises";
import { type Agent, agentResource } from "../../src/api/v1alpha1/agent.ts";
import { type AgentFleet, type AgentFleetManifest, agentFleetResource } from "../../src/api/v1alpha1/agent-fleet.ts";
import type { Stored } from "../../src/kube/types.ts";
import { type Pod, podResource } from "../../src/kube/types-core.ts";
import type { Bench } from "./bench.ts";
import { measureCpu } from "./cpu.ts";
import { applyAgent, applyAsPerson, coreAgent, inLanes, safetyFleets } from "./objects.ts";
import { startMeasuredOperator, untilLookedAt, untilSettled } from "./operator.ts";
import { at, type Sample } from "./report.ts";
import { inCluster, type Session } from "./session.ts";
import { SIZES } from "./size.ts";
import { created, hasCondition, watchFor } from "./witness.ts";

const NAMESPACE = "default";
/** Of ten agents so many are of layer Safety; the others are Core, and no occurrence of theirs falls due. */
const SAFETY_OF_TEN = 8;
const FLEET = 100;
const IN_FLIGHT = 16;
/** An interval in which this machine can serve the logs of ten thousand; judged by the first line, so that a rest is one. */
const ROUND = { evaluationIntervalSeconds: 120, minSamples: 1 };

export const scale: Bench = {
  name: "scale",
  title: `one population that grows: ${SIZES.map((size) => size.toLocaleString("en")).join(", ")} agents`,
  notes: [
    `Of ten agents ${SAFETY_OF_TEN} are Safety agents in fleets of up to ${FLEET}, each with a Pod on a simulated node, and the rest Core agents with a schedule; no occurrence falls due while it is measured. All of it is one cluster, to which agents are added from size to size. × says by how much a figure grew while the agents became ten times as many: 10 is linear.`,
    "First correct act: while no operator runs, the Pod of an agent in the middle is deleted. From the start of the operator's process until a watch sees the Pod that takes its place. The raw client reads the same Agents and Pods page by page with the operator's own client, and keeps nothing: less no program needs before it knows what is missing.",
    `A round is ${ROUND.evaluationIntervalSeconds} s, in which Nightwatch reads each Safety agent's log once; nothing new is in them, so nothing is to be written. Processor time and its share of one processor are of that round, by the operator that was started at this size.`,
    "Memory is the process' RSS on a V8 that collects when it likes, of the operator that was started at this size, after its round; growth is over an operator without agents. The heap is measured after all garbage was collected: what the operator holds.",
  ],
  rows: [
    { figure: "createdSeconds", text: "agents added, until all are Ready", unit: "s" },
    {
      figure: "actSeconds",
      text: "start to the first correct act",
      unit: "s",
      goal: { at: "most", value: 10 },
    },
    { figure: "actingSeconds", text: "start until it acts (caches filled, lease taken)", unit: "s" },
    { figure: "lookedSeconds", text: "start until it has looked at each agent", unit: "s" },
    { figure: "rawSeconds", text: "raw client: all Agents and Pods read once", unit: "s" },
    { figure: "actRatio", text: "start to the first correct act / raw client" },
    { figure: "startStallMs", text: "longest stall of the event loop at the start", unit: "ms" },
    { figure: "share", text: "steady share of one processor", unit: "%" },
    { figure: "serverShare", text: "the API server's share meanwhile", unit: "%" },
    { figure: "roundCpu", text: "an evaluation round: the operator's processor time", unit: "s" },
    { figure: "roundReads", text: "an evaluation round: requests that read", unit: "requests" },
    {
      figure: "roundWrites",
      text: "writes at rest, in a round",
      unit: "requests",
      goal: { at: "most", value: 0 },
    },
    {
      figure: "stallMs",
      text: "longest stall of the event loop in a round",
      unit: "ms",
      goal: { at: "most", value: 100 },
    },
    { figure: "lagP99Ms", text: "delay of the event loop in a round, p99", unit: "ms" },
    { figure: "rss", text: "memory", unit: "MB" },
    {
      figure: "rssPerThousand",
      text: "memory for 1,000 agents",
      unit: "MB",
      goal: { at: "most", value: 15, because: "V8 lets its heap grow with the lists of the start, and keeps it" },
    },
    { figure: "heap", text: "heap that it holds", unit: "MB" },
    { figure: "heapPerThousand", text: "heap for 1,000 agents", unit: "MB" },
  ],
  sizes: SIZES,
  plot: {
    title: "From 100 to 10,000 agents, on the machine above",
    lines: [
      { figure: "rss", name: "memory (MB)" },
      { figure: "heap", name: "heap that it holds (MB)" },
      { figure: "roundCpu", name: "evaluation round (s of processor)" },
      { figure: "actSeconds", name: "start to first correct act (s)" },
      { figure: "rawSeconds", name: "raw client reads all (s)" },
    ],
  },
  async run(times, log) {
    const samples: Sample[] = [];
    for (let round = 0; round < times; round++) {
      const nodes = { simulated: Math.ceil(Math.max(...SIZES) / 100) + 1 };
      samples.push(await inCluster({ nodes, log }, grow));
      log(`bench: scale, round ${round + 1} of ${times}: ${JSON.stringify(samples.at(-1))}`);
    }
    return samples;
  },
};

/** What was measured counts, also where a greater size fails. */
async function grow(session: Session): Promise<Sample> {
  const { cluster, log } = session;
  const empty = await startMeasuredOperator(cluster);
  await untilSettled(empty);
  const base: Base = { rss: await empty.rssMb(), heap: await empty.heldMb() };
  await empty.stop();
  let sample: Sample = { rssEmpty: base.rss, heapEmpty: base.heap };
  let before = 0;
  for (const size of SIZES) {
    try {
      log(`bench: scale, from ${before} to ${size} agents`);
      const createdSeconds = await addAgents(session, before, size);
      log(`bench: scale, ${size} agents are Ready after ${Math.round(createdSeconds)} s`);
      const measured = { createdSeconds, ...(await measure(session, size, base)) };
      log(`bench: scale, ${size} agents: ${JSON.stringify(measured)}`);
      sample = { ...sample, ...at(size, measured) };
    } catch (error) {
      log(`bench: scale ends before ${size} agents: ${error instanceof Error ? error.message : String(error)}`);
      break;
    }
    before = size;
  }
  return sample;
}

interface Base {
  readonly rss: number;
  readonly heap: number;
}

const safetyOf = (agents: number): number => Math.floor((agents * SAFETY_OF_TEN) / 10);

/** Named so that each size adds agents of its own. */
function addedAt(size: number, { metadata, spec }: AgentFleetManifest): AgentFleetManifest {
  const agents = spec.agents?.map((entry) => ({ ...entry, name: `at-${size}-${entry.name}` })) ?? [];
  return {
    metadata: { ...metadata, name: `at-${size}-${metadata.name}` },
    spec: { ...spec, nightwatch: ROUND, agents },
  };
}

/** Seconds until the operator has all of them Ready. */
async function addAgents({ client, cluster }: Session, before: number, size: number): Promise<number> {
  const operator = await startMeasuredOperator(cluster);
  try {
    const agents = await watchFor<Agent, "ready">(client, agentResource, NAMESPACE, { ready: hasCondition("Ready") });
    const start = Date.now();
    const safety = safetyOf(size) - safetyOf(before);
    const fleets = safetyFleets(NAMESPACE, Math.ceil(safety / FLEET), safety).map((fleet) => addedAt(size, fleet));
    await inLanes(fleets.length, IN_FLIGHT, async (index) => {
      await applyAsPerson<AgentFleet>(client, agentFleetResource, fleets[index] as AgentFleet);
    });
    const core = { from: before - safetyOf(before), to: size - safetyOf(size) };
    await inLanes(core.to - core.from, IN_FLIGHT, (index) =>
      applyAgent(client, coreAgent(NAMESPACE, core.from + index, "0 0 29 2 *")),
    );
    await agents.until("ready", size);
    // Each is judged once, which is a write.
    await sleep(ROUND.evaluationIntervalSeconds * 1000);
    await untilSettled(operator);
    await Promise.all([agents.stop(), operator.stop()]);
    return (agents.last("ready") - start) / 1000;
  } catch (error) {
    await operator.process.kill();
    throw error;
  }
}

/** Starts an operator at the agents that are there, and watches it for a round. */
async function measure({ client, cluster }: Session, size: number, base: Base): Promise<Sample> {
  const reading = performance.now();
  const pods: Stored<Pod>[] = [];
  for await (const page of client.list(agentResource, { namespace: NAMESPACE })) void page;
  for await (const page of client.list(podResource, { namespace: NAMESPACE })) {
    pods.push(...page.items);
  }
  const rawSeconds = (performance.now() - reading) / 1000;

  const byName = pods.toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  const victim = byName[Math.floor(byName.length / 2)]?.metadata;
  if (victim === undefined) throw new Error("no Pod is there");
  const { name, uid } = victim;
  const successor = name.replace(/\d+$/, (number) => String(Number(number) + 1));
  await client.delete(podResource, { namespace: NAMESPACE, name }, { uid, gracePeriodSeconds: 0 });
  const watched = await watchFor(client, podResource, NAMESPACE, { created });
  const start = Date.now();
  const operator = await startMeasuredOperator(cluster);
  try {
    await watched.until("created", pods.length);
    const actedAt = watched.seen("created").get(successor);
    if (actedAt === undefined) throw new Error(`the Pod after ${name} was to be ${successor}, and another came`);
    await untilLookedAt(operator, size);
    const lookedSeconds = (Date.now() - start) / 1000;
    const startStallMs = await operator.longestStallMs();
    await sleep(ROUND.evaluationIntervalSeconds * 1000);
    await untilSettled(operator);

    const before = await operator.requests();
    await operator.longestStallMs();
    const cpu = await measureCpu(cluster, operator.process.pid);
    await sleep(ROUND.evaluationIntervalSeconds * 1000);
    const used = await cpu();
    const lagP99Ms = await operator.lagP99Ms();
    const after = await operator.requests();
    const stallMs = await operator.longestStallMs();
    const rss = await operator.rssMb();
    const heap = await operator.heldMb();
    await Promise.all([watched.stop(), operator.stop()]);
    const actSeconds = (actedAt - start) / 1000;
    return {
      actSeconds,
      actingSeconds: operator.startMs / 1000,
      lookedSeconds,
      rawSeconds,
      actRatio: actSeconds / rawSeconds,
      startStallMs,
      share: (100 * used.process) / ROUND.evaluationIntervalSeconds,
      serverShare: (100 * used.apiServer) / ROUND.evaluationIntervalSeconds,
      roundCpu: used.process,
      roundReads: after.reads - before.reads,
      roundWrites: after.writes - before.writes,
      stallMs,
      lagP99Ms,
      rss,
      rssPerThousand: ((rss - base.rss) * 1000) / size,
      heap,
      heapPerThousand: ((heap - base.heap) * 1000) / size,
    };
  } catch (error) {
    await operator.process.kill();
    throw error;
  }
}
