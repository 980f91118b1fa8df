import { setTimeout as sleep } from "node:timers/promises";
import { type Agent, agentResource } from "../../src/api/v1alpha1/agent.ts";
import { type AgentFleet, type AgentFleetManifest, agentFleetResource } from "../../src/api/v1alpha1/agent-fleet.ts";
import { podResource } from "../../src/kube/types-core.ts";
import type { Bench } from "./bench.ts";
import { measureCpu } from "./cpu.ts";
import { applyAsPerson, safetyFleets } from "./objects.ts";
import { startMeasuredOperator, untilLookedAt, untilSettled } from "./operator.ts";
import { prepareRawWriter } from "./raw.ts";
import type { Sample } from "./report.ts";
import { inCluster, inNamespace, inTurns, type Session } from "./session.ts";
import { AGENTS, REST_SECONDS } from "./size.ts";
import { stallRows, stallsOf } from "./stalls.ts";
import { created, hasCondition, watchFor } from "./witness.ts";

const FLEETS = 10;
/** At the defaults an agent that says little is judged after its tenth health check, five minutes on; that is a write. */
const JUDGED_AT_ONCE = { evaluationIntervalSeconds: 60, minSamples: 1 };

export const ground: Bench = {
  name: "ground",
  title: `${AGENTS} Safety agents in ${FLEETS} fleets applied, until each has its Pod`,
  notes: [
    "Pods created: from the first fleet's apply until a watch has seen the last Pod; all ready: until every Agent says Ready.",
    "The raw writer is one process with the operator's own client and as many requests in flight as the operator has connections (32). Per agent it does the writes that the operator cannot do without: Agent, status with the start number, Pod, status of the running Pod. It watches nothing and decides nothing twice.",
    "Operator and raw writer work one after the other on the same cluster, in turns; a namespace is gone before the next run begins.",
    "Every agent is evaluated each minute, not each five, and judged by its first line: so the minute of rest holds a look of Nightwatch at each.",
    "Requests are the operator's own count (rest_client_requests_total) from the apply until all is settled, fleets' roll-ups included and the lease's renewals apart.",
    "Memory is the process' RSS after the rest, on a V8 that collects when it likes: what 1,000 agents add to it includes garbage, compiled code and what malloc keeps. The heap is measured after all garbage was collected: what the operator holds.",
    "A stall is also what the machine takes away: the raw writer's own longest stall stands beside the operator's.",
  ],
  rows: [
    { figure: "podsSeconds", text: "operator: Pods created", unit: "s" },
    { figure: "rawPodsSeconds", text: "raw writer: Pods created", unit: "s" },
    {
      figure: "podsRatio",
      text: "rate of Pods created, operator / raw writer",
      goal: { at: "least", value: 0.8 },
    },
    { figure: "readySeconds", text: "operator: all agents Ready", unit: "s" },
    { figure: "rawSeconds", text: "raw writer: all statuses written", unit: "s" },
    { figure: "readyRatio", text: "rate until all is written, operator / raw writer" },
    { figure: "cpu", text: "operator's processor time per agent", unit: "ms" },
    { figure: "rawCpu", text: "raw writer's processor time per agent", unit: "ms" },
    { figure: "serverCpu", text: "API server's processor time per agent, operator", unit: "ms" },
    { figure: "rawServerCpu", text: "API server's processor time per agent, raw writer", unit: "ms" },
    { figure: "others", text: "others' share of the machine, operator's turn", unit: "%" },
    { figure: "rawOthers", text: "others' share of the machine, raw writer's turn", unit: "%" },
    { figure: "writesPerAgent", text: "writes per agent", unit: "requests" },
    { figure: "readsPerAgent", text: "reads per agent", unit: "requests" },
    { figure: "rssBefore", text: "operator's memory before", unit: "MB" },
    { figure: "rssAfter", text: "operator's memory after", unit: "MB" },
    {
      figure: "rssGrowth",
      text: "memory for 1,000 agents",
      unit: "MB",
      goal: { at: "most", value: 15, because: "the heap's young generation, compiled code and buffers of the burst" },
    },
    { figure: "heapBefore", text: "heap that it holds before", unit: "MB" },
    { figure: "heapAfter", text: "heap that it holds after", unit: "MB" },
    { figure: "heapGrowth", text: "heap for 1,000 agents", unit: "MB" },
    ...stallRows("stall", "longest stall of the event loop"),
    { figure: "rawStallMs", text: "the raw writer's longest stall", unit: "ms" },
    {
      figure: "quietWrites",
      text: `writes in the ${REST_SECONDS} s after all is settled`,
      unit: "requests",
      goal: { at: "most", value: 0 },
    },
    { figure: "startSeconds", text: `start at ${AGENTS} existing agents: until it acts`, unit: "s" },
    { figure: "caughtUpSeconds", text: "until it has looked at each of them", unit: "s" },
    { figure: "startWrites", text: "writes of that start", unit: "requests" },
    ...stallRows("startStall", "longest stall of that start", { isJudged: false }),
    { figure: "rssStarted", text: "memory after that start", unit: "MB" },
  ],
  run: (times, log) =>
    inCluster({ nodes: { simulated: 12 }, log }, (session) =>
      inTurns(session, "ground", times, [byRawWriter, byOperator], (sample) => ({
        podsRatio: (sample["rawPodsSeconds"] ?? NaN) / (sample["podsSeconds"] ?? NaN),
        readyRatio: (sample["rawSeconds"] ?? NaN) / (sample["readySeconds"] ?? NaN),
      })),
    ),
};

function fleetsIn(namespace: string): readonly AgentFleetManifest[] {
  return safetyFleets(namespace, FLEETS, AGENTS).map((fleet) => ({
    ...fleet,
    spec: { ...fleet.spec, nightwatch: JUDGED_AT_ONCE },
  }));
}

async function byRawWriter(session: Session, name: string): Promise<Sample> {
  const { client, cluster } = session;
  return await inNamespace(session, name, async (namespace) => {
    const pods = await watchFor(client, podResource, namespace, { created });
    const writer = await prepareRawWriter({
      work: "safety",
      kubeconfig: cluster.kubeconfig,
      namespace,
      count: AGENTS,
      input: fleetsIn(namespace),
    });
    const cpu = await measureCpu(cluster, writer.pid);
    const start = Date.now();
    const [result] = await Promise.all([writer.go(), pods.until("created", AGENTS)]);
    const used = await cpu();
    await Promise.all([pods.stop(), writer.end()]);
    return {
      rawCpu: (used.process * 1000) / AGENTS,
      rawServerCpu: (used.apiServer * 1000) / AGENTS,
      rawOthers: used.othersPercent,
      rawPodsSeconds: (pods.last("created") - start) / 1000,
      rawSeconds: result.seconds,
      rawStallMs: result.longestStallMs,
    };
  });
}

async function byOperator(session: Session, name: string): Promise<Sample> {
  const { client, cluster } = session;
  return await inNamespace(session, name, async (namespace) => {
    const first = await startMeasuredOperator(cluster);
    try {
      const pods = await watchFor(client, podResource, namespace, { created });
      const agents = await watchFor<Agent, "ready">(client, agentResource, namespace, { ready: hasCondition("Ready") });
      const rssBefore = await first.rssMb();
      const heapBefore = await first.heldMb();
      const before = await first.requests();
      await stallsOf(first);
      const cpu = await measureCpu(cluster, first.process.pid);
      const start = Date.now();
      await Promise.all(
        fleetsIn(namespace).map((fleet) => applyAsPerson<AgentFleet>(client, agentFleetResource, fleet as AgentFleet)),
      );
      await Promise.all([pods.until("created", AGENTS), agents.until("ready", AGENTS)]);
      const used = await cpu();
      await untilSettled(first);
      const stalls = await stallsOf(first);
      const settled = await first.requests();
      await sleep(REST_SECONDS * 1000);
      const rssAfter = await first.rssMb();
      const quiet = await first.requests();
      const heapAfter = await first.heldMb();
      await Promise.all([pods.stop(), agents.stop(), first.stop()]);
      return {
        podsSeconds: (pods.last("created") - start) / 1000,
        readySeconds: (agents.last("ready") - start) / 1000,
        cpu: (used.process * 1000) / AGENTS,
        serverCpu: (used.apiServer * 1000) / AGENTS,
        others: used.othersPercent,
        writesPerAgent: (settled.writes - before.writes) / AGENTS,
        readsPerAgent: (settled.reads - before.reads) / AGENTS,
        rssBefore,
        rssAfter,
        rssGrowth: ((rssAfter - rssBefore) * 1000) / AGENTS,
        heapBefore,
        heapAfter,
        heapGrowth: ((heapAfter - heapBefore) * 1000) / AGENTS,
        ...stalls,
        quietWrites: quiet.writes - settled.writes,
        ...(await startAgain(session)),
      };
    } catch (error) {
      await first.process.kill();
      throw error;
    }
  });
}

/** Starts an operator where all is there already. */
async function startAgain({ cluster }: Session): Promise<Sample> {
  const start = performance.now();
  const operator = await startMeasuredOperator(cluster);
  const { writes } = await operator.requests();
  await untilLookedAt(operator, AGENTS);
  const caughtUpSeconds = (performance.now() - start) / 1000;
  await untilSettled(operator);
  const sample = {
    startSeconds: operator.startMs / 1000,
    caughtUpSeconds,
    startWrites: (await operator.requests()).writes - writes,
    ...(await stallsOf(operator, "startStall")),
    rssStarted: await operator.rssMb(),
  };
  await operator.stop();
  return sample;
}
