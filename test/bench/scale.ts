import { setTimeout as sleep } from "node:timers/promises";
import { type Agent, agentResource } from "../../src/api/v1alpha1/agent.ts";
import { type AgentFleet, type AgentFleetManifest, agentFleetResource } from "../../src/api/v1alpha1/agent-fleet.ts";
import type { KubeClient } from "../../src/kube/client.ts";
import { podResource } from "../../src/kube/types-core.ts";
import { toInstant } from "../../src/workloads/time.ts";
import type { Bench } from "./bench.ts";
import { measureCpu } from "./cpu.ts";
import { applyAgent, applyAsPerson, coreAgent, inLanes, safetyFleets } from "./objects.ts";
import { startMeasuredOperator, untilLookedAt, untilSettled } from "./operator.ts";
import { letAllPrint, LINES } from "./output.ts";
import { keepRaw } from "./raw.ts";
import { at, type Sample } from "./report.ts";
import { inCluster, type Session } from "./session.ts";
import { intervalSeconds, SIZES } from "./size.ts";
import { stallRows, stallsOf } from "./stalls.ts";
import { created, hasCondition, watchFor } from "./witness.ts";

const NAMESPACE = "default";
/** Of ten agents so many are of layer Safety; the others are Core, and no occurrence of theirs falls due. */
const SAFETY_OF_TEN = 8;
const FLEET = 100;
const IN_FLIGHT = 16;
/** For ten thousand agents 67 logs read and statuses written a second; a machine that cannot shows a longer round. */
const INTERVAL_SECONDS = intervalSeconds(120);
/** For the fleets' roll-ups and what else the last agents' readiness leads to. */
const AFTERMATH_MS = 5000;

export const scale: Bench = {
  name: "scale",
  title: `one population that grows: ${SIZES.map((size) => size.toLocaleString("en")).join(", ")} agents`,
  notes: [
    `Of ten agents ${SAFETY_OF_TEN} are Safety agents in fleets of up to ${FLEET}, each with a Pod on a simulated node, and the rest Core agents with a schedule; no occurrence falls due while it is measured. All of it is one cluster, to which agents are added from size to size. × says by how much a figure grew while the agents became ten times as many: 10 is linear.`,
    "First correct act: while no operator runs, the Pod of an agent in the middle is deleted. From the start of the operator's process until a watch sees the Pod that takes its place.",
    "The raw client is a process that lists and watches Agents and Pods with the operator's own client, settings of V8 and memory limit, keeps them whole but for managedFields, and does nothing else: no controller acts correctly on less. Its time is of the lists alone, without its own start, the lease or the other four kinds that an operator needs; its memory is what it grew by over an empty cluster, five seconds after the lists.",
    `Every agent is evaluated once in ${INTERVAL_SECONDS} s, at a moment of its own. In the evaluation round each Safety agent has ${LINES} new lines: Nightwatch reads its log once and writes its status once, in all by the operator that has made the agents of this size. The round is over when the last agent's status holds the last line; it cannot be much shorter than the interval, and is longer where the machine cannot keep up.`,
    `The rest is ${INTERVAL_SECONDS} s of an operator that was started at this size: each log is read once, nothing new is in it, so nothing is to be written (the lease's renewals do not count).`,
    "Memory is the process' RSS, within the limit that the chart sets, by which V8 decides how far its heap may grow; of that operator after its rest; growth is over an operator without agents. The heap is measured after all garbage was collected: what the operator holds.",
  ],
  rows: [
    { figure: "createdSeconds", text: "agents added, until all are Ready", unit: "s" },
    { figure: "actSeconds", text: "start to the first correct act", unit: "s", goal: { at: "most", value: 10 } },
    { figure: "actingSeconds", text: "start until it acts (caches filled, lease taken)", unit: "s" },
    { figure: "lookedSeconds", text: "start until it has looked at each agent", unit: "s" },
    { figure: "rawSeconds", text: "raw client: all Agents and Pods listed", unit: "s" },
    { figure: "actRatio", text: "start to the first correct act / raw client" },
    ...stallRows("startStall", "longest stall of the event loop at the start", { isJudged: false }),
    { figure: "share", text: "at rest: share of one processor", unit: "%" },
    { figure: "serverShare", text: "at rest: the API server's share of one", unit: "%" },
    { figure: "restReads", text: "at rest: requests that read", unit: "requests" },
    { figure: "restWrites", text: "at rest: writes", unit: "requests", goal: { at: "most", value: 0 } },
    ...stallRows("stall", "at rest: longest stall of the event loop"),
    { figure: "lagP99Ms", text: "at rest: delay of the event loop, p99", unit: "ms" },
    {
      figure: "roundSeconds",
      text: "evaluation round: until the last is done",
      unit: "s",
      goal: { at: "most", value: INTERVAL_SECONDS + 2 },
    },
    { figure: "roundCpu", text: "evaluation round: the operator's processor time", unit: "s" },
    { figure: "roundCpuPerAgent", text: "the same per Safety agent", unit: "ms" },
    { figure: "roundServerPerAgent", text: "the API server's per Safety agent", unit: "ms" },
    { figure: "roundReads", text: "evaluation round: reads per Safety agent", unit: "requests" },
    { figure: "roundWrites", text: "evaluation round: writes per Safety agent", unit: "requests" },
    ...stallRows("roundStall", "evaluation round: longest stall of the event loop"),
    { figure: "roundOthers", text: "evaluation round: others' share of the machine", unit: "%" },
    { figure: "rss", text: "memory", unit: "MB" },
    {
      figure: "rssPerThousand",
      text: "memory for 1,000 agents",
      unit: "MB",
      goal: { at: "most", value: 15, because: "V8 lets its heap grow with the lists of the start, and keeps it" },
    },
    { figure: "rawRssPerThousand", text: "raw client: memory for 1,000 agents", unit: "MB" },
    { figure: "heap", text: "heap that it holds", unit: "MB" },
    { figure: "heapPerThousand", text: "heap for 1,000 agents", unit: "MB" },
    { figure: "rawHeapPerThousand", text: "raw client: heap for 1,000 agents", unit: "MB" },
    { figure: "roundRss", text: "memory of the operator that made them, after its round", unit: "MB" },
  ],
  sizes: SIZES,
  plot: {
    title: "One operator, one population that grows",
    lines: [
      { figure: "rss", name: "memory", unit: "MB" },
      { figure: "heap", name: "heap that it holds", unit: "MB" },
      { figure: "roundCpu", name: "evaluation round", unit: "s of processor" },
      { figure: "share", name: "at rest", unit: "% of a processor" },
      { figure: "actSeconds", name: "start to first correct act", unit: "s" },
      { figure: "rawSeconds", name: "raw client lists all", unit: "s" },
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
  const { log } = session;
  const base = await measureEmpty(session);
  let sample: Sample = {};
  let before = 0;
  for (const size of SIZES) {
    try {
      log(`bench: scale, from ${before} to ${size} agents`);
      const grown = await addAgents(session, before, size);
      log(`bench: scale, ${size} agents have had their round: ${JSON.stringify(grown)}`);
      sample = { ...sample, ...at(size, grown) };
      const measured = await measure(session, size, base);
      log(`bench: scale, ${size} agents have had their rest: ${JSON.stringify(measured)}`);
      sample = { ...sample, ...at(size, measured) };
    } catch (error) {
      log(`bench: scale ends at ${size} agents: ${error instanceof Error ? error.message : String(error)}`);
      break;
    }
    before = size;
  }
  return sample;
}

/** MB of an operator and of a raw client that have no agent to look at. */
interface Base {
  readonly rss: number;
  readonly heap: number;
  readonly rawRss: number;
  readonly rawHeap: number;
}

async function measureEmpty({ cluster, log }: Session): Promise<Base> {
  const operator = await startMeasuredOperator(cluster);
  await untilSettled(operator);
  const [rss, heap] = [await operator.rssMb(), await operator.heldMb()];
  await operator.stop();
  const raw = await keepRaw(cluster);
  const base = { rss, heap, rawRss: raw.rss, rawHeap: raw.heap };
  log(`bench: scale, no agents: ${JSON.stringify(base)}`);
  return base;
}

const safetyOf = (agents: number): number => Math.floor((agents * SAFETY_OF_TEN) / 10);

/** Named so that each size adds agents of its own. */
function addedAt(size: number, { metadata, spec }: AgentFleetManifest): AgentFleetManifest {
  const agents = spec.agents?.map((entry) => ({ ...entry, name: `at-${size}-${entry.name}` })) ?? [];
  return {
    metadata: { ...metadata, name: `at-${size}-${metadata.name}` },
    // Judged by the first line: so that what is at rest has been judged.
    spec: { ...spec, nightwatch: { evaluationIntervalSeconds: INTERVAL_SECONDS, minSamples: 1 }, agents },
  };
}

async function applyAdded(client: KubeClient, before: number, size: number): Promise<void> {
  const safety = safetyOf(size) - safetyOf(before);
  const fleets = safetyFleets(NAMESPACE, Math.ceil(safety / FLEET), safety).map((fleet) => addedAt(size, fleet));
  await inLanes(fleets.length, IN_FLIGHT, async (index) => {
    await applyAsPerson<AgentFleet>(client, agentFleetResource, fleets[index] as AgentFleet);
  });
  const core = { from: before - safetyOf(before), to: size - safetyOf(size) };
  await inLanes(core.to - core.from, IN_FLIGHT, (index) =>
    applyAgent(client, coreAgent(NAMESPACE, core.from + index, "0 0 29 2 *")),
  );
}

/** Lets an operator make the agents that are missing, and watches it for an evaluation round of all. */
async function addAgents({ client, cluster, log }: Session, before: number, size: number): Promise<Sample> {
  const safety = safetyOf(size);
  const operator = await startMeasuredOperator(cluster);
  try {
    let printedAt = Infinity;
    const agents = await watchFor<Agent, "ready" | "counted">(client, agentResource, NAMESPACE, {
      ready: hasCondition("Ready"),
      counted: ({ status }) => toInstant(status?.drift?.cursor?.time ?? "") >= printedAt,
    });
    const start = Date.now();
    await applyAdded(client, before, size);
    await agents.until("ready", size);
    const createdSeconds = (agents.last("ready") - start) / 1000;
    log(`bench: scale, ${size} agents are Ready after ${Math.round(createdSeconds)} s`);
    await sleep(AFTERMATH_MS);
    await stallsOf(operator);
    const requests = await operator.requests();
    const cpu = await measureCpu(cluster, operator.process.pid);
    printedAt = Date.now();
    await letAllPrint(cluster, printedAt);
    await agents.until("counted", safety);
    const used = await cpu();
    const now = await operator.requests();
    const roundStalls = await stallsOf(operator, "roundStall");
    const roundRss = await operator.rssMb();
    await untilSettled(operator);
    await Promise.all([agents.stop(), operator.stop()]);
    return {
      createdSeconds,
      roundSeconds: (agents.last("counted") - printedAt) / 1000,
      roundCpu: used.process,
      roundCpuPerAgent: (used.process * 1000) / safety,
      roundServerPerAgent: (used.apiServer * 1000) / safety,
      roundReads: (now.reads - requests.reads) / safety,
      roundWrites: (now.writes - requests.writes) / safety,
      ...roundStalls,
      roundOthers: used.othersPercent,
      roundRss,
    };
  } catch (error) {
    await operator.process.kill();
    throw error;
  }
}

/** Starts an operator at the agents that are there, where one act is due, and watches it at rest. */
async function measure({ client, cluster }: Session, size: number, base: Base): Promise<Sample> {
  const raw = await keepRaw(cluster);
  const { pods, successor } = await losePod(client);
  if (raw.objects < size + pods) throw new Error(`the raw client came to ${raw.objects} of ${size + pods} objects`);
  const watched = await watchFor(client, podResource, NAMESPACE, { created });
  const start = Date.now();
  const operator = await startMeasuredOperator(cluster);
  try {
    await watched.until("created", pods);
    const actedAt = watched.seen("created").get(successor);
    if (actedAt === undefined) throw new Error(`the next Pod was to be ${successor}, and another came`);
    await untilLookedAt(operator, size);
    const lookedSeconds = (Date.now() - start) / 1000;
    const startStalls = await stallsOf(operator, "startStall");
    // The new Pod has a log of its own, which its first evaluation brings into the status.
    const agents = await watchFor<Agent, "judged">(client, agentResource, NAMESPACE, {
      judged: ({ status }) => status?.drift?.cursor?.pod === successor,
    });
    await agents.until("judged", 1);
    await agents.stop();
    await untilSettled(operator);

    const before = await operator.requests();
    await stallsOf(operator);
    const cpu = await measureCpu(cluster, operator.process.pid);
    await sleep(INTERVAL_SECONDS * 1000);
    const used = await cpu();
    const lagP99Ms = await operator.lagP99Ms();
    const after = await operator.requests();
    const stalls = await stallsOf(operator);
    const rss = await operator.rssMb();
    const heap = await operator.heldMb();
    await Promise.all([watched.stop(), operator.stop()]);
    const actSeconds = (actedAt - start) / 1000;
    const perThousand = (mb: number): number => (mb * 1000) / size;
    return {
      actSeconds,
      actingSeconds: operator.startMs / 1000,
      lookedSeconds,
      rawSeconds: raw.seconds,
      actRatio: actSeconds / raw.seconds,
      ...startStalls,
      share: (100 * used.process) / INTERVAL_SECONDS,
      serverShare: (100 * used.apiServer) / INTERVAL_SECONDS,
      restReads: after.reads - before.reads,
      restWrites: after.writes - before.writes,
      ...stalls,
      lagP99Ms,
      rss,
      rssPerThousand: perThousand(rss - base.rss),
      rawRssPerThousand: perThousand(raw.rss - base.rawRss),
      heap,
      heapPerThousand: perThousand(heap - base.heap),
      rawHeapPerThousand: perThousand(raw.heap - base.rawHeap),
    };
  } catch (error) {
    await operator.process.kill();
    throw error;
  }
}

/** Deletes the Pod in the middle of all, as a person does; gives how many there were, and the name of the one to come. */
async function losePod(client: KubeClient): Promise<{ readonly pods: number; readonly successor: string }> {
  const all: { readonly name: string; readonly uid: string }[] = [];
  for await (const page of client.list(podResource, { namespace: NAMESPACE })) {
    all.push(...page.items.map(({ metadata: { name, uid } }) => ({ name, uid })));
  }
  const middle = all.toSorted((a, b) => (a.name < b.name ? -1 : 1))[Math.floor(all.length / 2)];
  if (middle === undefined) throw new Error("no Pod is there");
  const { name, uid } = middle;
  await client.delete(podResource, { namespace: NAMESPACE, name }, { uid, gracePeriodSeconds: 0 });
  return { pods: all.length, successor: name.replace(/\d+$/, (number) => String(Number(number) + 1)) };
}
