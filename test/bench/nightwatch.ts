import { setTimeout as sleep } from "node:timers/promises";
import { type Agent, agentResource, type AgentManifest } from "../../src/api/v1alpha1/agent.ts";
import { type AgentFleet, agentFleetResource } from "../../src/api/v1alpha1/agent-fleet.ts";
import type { Bench } from "./bench.ts";
import { measureCpu } from "./cpu.ts";
import { percentile } from "./figures.ts";
import { applyAgent, applyAsPerson, inLanes, nameOf, safetyFleets, tool } from "./objects.ts";
import { type MeasuredOperator, startMeasuredOperator, untilSettled } from "./operator.ts";
import { letAllPrint, LINES } from "./output.ts";
import type { Sample } from "./report.ts";
import { inCluster, inNamespace, inTurns, type Session } from "./session.ts";
import { intervalSeconds } from "./size.ts";
import { stallRows, stallsOf } from "./stalls.ts";
import { hasCondition, watchFor } from "./witness.ts";

const AGENTS = Number(process.env["BENCH_AGENTS"] ?? 10_000);
const FLEET = 500;
/** An interval in which this machine can serve that many logs beside everything else. */
const INTERVAL_SECONDS = intervalSeconds(120);
const DRIFTING = 100;
const SHORTEST_INTERVAL_SECONDS = 5;

export const nightwatch: Bench = {
  name: "nightwatch",
  title: `${AGENTS.toLocaleString("en")} agents watched, and how soon drift is corrected`,
  notes: [
    `Each of the simulated agents has ${LINES} new lines in every interval of ${INTERVAL_SECONDS} s: all of them serve one file, so that the lines are the same and the reads are not.`,
    "A round is one interval after the first: every agent's log is read once, and every status gets new counts; figures are the operator's own for that time.",
    "At rest nothing is written to the logs: what the operator then reads is not written anywhere (D12).",
    `Drift is injected into ${DRIFTING} agents one after the other, slowly enough that it is no storm; from the first bad line until a watch shows the correction in the status. Their interval is the shortest, ${SHORTEST_INTERVAL_SECONDS} s.`,
  ],
  rows: [
    { figure: "roundCpu", text: "operator's processor time for a round", unit: "s" },
    { figure: "roundCpuPerAgent", text: "the same per agent", unit: "ms" },
    { figure: "roundReads", text: "reads in a round, per agent", unit: "requests" },
    { figure: "roundWrites", text: "writes in a round, per agent", unit: "requests" },
    ...stallRows("stall", "longest stall of the event loop in a round"),
    { figure: "rss", text: "operator's memory after a round", unit: "MB" },
    { figure: "restReads", text: "at rest: reads in a minute, per agent", unit: "requests" },
    { figure: "restWrites", text: "at rest: writes in a minute", unit: "requests", goal: { at: "most", value: 0 } },
    { figure: "others", text: "others' share of the machine in the round", unit: "%" },
    { figure: "correctedP50", text: "drift to correction, p50", unit: "s" },
    {
      figure: "correctedP99",
      text: "drift to correction, p99",
      unit: "s",
      goal: { at: "most", value: SHORTEST_INTERVAL_SECONDS + 2 },
    },
    { figure: "corrected", text: `agents corrected, of ${DRIFTING}`, goal: { at: "least", value: DRIFTING } },
  ],
  run: (times, log) =>
    inCluster({ nodes: { simulated: Math.ceil(Math.max(AGENTS, DRIFTING) / 100) + 1 }, log }, (session) =>
      inTurns(session, "nightwatch", times, [watched, corrected], () => ({})),
    ),
};

/** All agents for an interval in which they write, and a minute in which they do not. */
async function watched(session: Session, name: string): Promise<Sample> {
  const { client, cluster, log } = session;
  return await inNamespace(session, name, async (namespace) => {
    const operator = await startMeasuredOperator(cluster);
    try {
      const agents = await watchFor<Agent, "ready">(client, agentResource, namespace, { ready: hasCondition("Ready") });
      const fleets = safetyFleets(namespace, Math.ceil(AGENTS / FLEET), AGENTS).map((fleet) => ({
        ...fleet,
        spec: { ...fleet.spec, nightwatch: { evaluationIntervalSeconds: INTERVAL_SECONDS, windowSeconds: 3600 } },
      }));
      for (const fleet of fleets) await applyAsPerson<AgentFleet>(client, agentFleetResource, fleet as AgentFleet);
      await agents.until("ready", AGENTS);
      log(`bench: ${AGENTS} agents are ready`);
      await letAllPrint(cluster);
      await sleep(INTERVAL_SECONDS * 1000);
      await stallsOf(operator);
      const before = await operator.requests();
      const cpu = await measureCpu(cluster, operator.process.pid);
      await letAllPrint(cluster);
      await sleep(INTERVAL_SECONDS * 1000);
      const used = await cpu();
      const after = await operator.requests();
      const stalls = await stallsOf(operator);
      const rss = await operator.rssMb();
      const rest = await atRest(operator);
      await Promise.all([agents.stop(), operator.stop()]);
      return {
        roundCpu: used.process,
        roundCpuPerAgent: (used.process * 1000) / AGENTS,
        roundReads: (after.reads - before.reads) / AGENTS,
        roundWrites: (after.writes - before.writes) / AGENTS,
        others: used.othersPercent,
        ...stalls,
        rss,
        ...rest,
      };
    } catch (error) {
      await operator.process.kill();
      throw error;
    }
  });
}

async function atRest(operator: MeasuredOperator): Promise<Sample> {
  // What was written last is read at each agent's next turn.
  await sleep(INTERVAL_SECONDS * 1000);
  await untilSettled(operator);
  const before = await operator.requests();
  await sleep(60_000);
  const after = await operator.requests();
  return { restReads: (after.reads - before.reads) / AGENTS, restWrites: after.writes - before.writes };
}

/** Agents that begin to fail one after the other. */
async function corrected(session: Session, name: string): Promise<Sample> {
  const { client, cluster } = session;
  return await inNamespace(session, name, async (namespace) => {
    const operator = await startMeasuredOperator(cluster);
    try {
      const isCorrected = ({ status }: Agent): boolean => (status?.correction?.total ?? 0) > 0;
      const agents = await watchFor<Agent, "ready" | "corrected">(client, agentResource, namespace, {
        ready: hasCondition("Ready"),
        corrected: isCorrected,
      });
      const names = Array.from({ length: DRIFTING }, (_, index) => nameOf("drifts", index));
      for (const each of names) await write(session, { namespace, name: `${each}-1` }, 0);
      await inLanes(DRIFTING, 16, async (index) => {
        await applyAgent(client, watchedAgent(namespace, names[index] ?? ""));
      });
      await agents.until("ready", DRIFTING);
      await untilSettled(operator);
      const injected = new Map<string, number>();
      for (const each of names) {
        injected.set(each, Date.now());
        await write(session, { namespace, name: `${each}-1` }, 30);
        // Under a third of the agents in two intervals: many drifting at once would be one incident (C6).
        await sleep((SHORTEST_INTERVAL_SECONDS * 1000) / (DRIFTING / 10));
      }
      await agents.until("corrected", DRIFTING);
      const waits = names.map(
        (each) => ((agents.seen("corrected").get(each) ?? NaN) - (injected.get(each) ?? NaN)) / 1000,
      );
      await Promise.all([agents.stop(), operator.stop()]);
      return {
        correctedP50: percentile(waits, 50),
        correctedP99: percentile(waits, 99),
        corrected: waits.length,
      };
    } catch (error) {
      await operator.process.kill();
      throw error;
    }
  });
}

async function write({ cluster }: Session, pod: { readonly namespace: string; readonly name: string }, errors: number) {
  const lines = Array.from({ length: 20 + errors }, (_, n) => ({
    text: n < 20 ? `step ${n} is done` : "error: the provider answered 500",
    time: new Date(Date.now() - 20 + n).toISOString(),
  }));
  await cluster.writePodLog(pod, lines);
}

function watchedAgent(namespace: string, name: string): AgentManifest {
  return {
    metadata: { name, namespace },
    spec: {
      layer: "Safety",
      task: "sleep 3600",
      ...tool,
      nightwatch: { evaluationIntervalSeconds: SHORTEST_INTERVAL_SECONDS, windowSeconds: 600 },
    },
  };
}
