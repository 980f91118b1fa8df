import { setTimeout as sleep } from "node:timers/promises";
import { type Agent, agentResource } from "../../src/api/v1alpha1/agent.ts";
import { jobResource } from "../../src/kube/types-core.ts";
import { fromInstant } from "../../src/workloads/time.ts";
import type { Bench } from "./bench.ts";
import { measureCpu } from "./cpu.ts";
import { percentile } from "./figures.ts";
import { applyAgent, coreAgent, cronJob, cronJobResource, inLanes } from "./objects.ts";
import { startMeasuredOperator, untilSettled } from "./operator.ts";
import { prepareRawWriter } from "./raw.ts";
import type { Sample } from "./report.ts";
import { inCluster, inNamespace, inTurns, type Session } from "./session.ts";
import { AGENTS } from "./size.ts";
import { stallRows, stallsOf } from "./stalls.ts";
import { created, hasCondition, watchFor } from "./witness.ts";

const IN_FLIGHT = 32;
const MINUTE_MS = 60_000;

/** As the cluster's own controllers take a while to see a thousand objects, so does a busy machine to make them. */
const AHEAD_MS = 150_000;

/** Why two goals cannot be reached where the API server has two processors: the raw writer misses them too. */
const API_BOUND =
  "the API server is the limit: an occurrence is an AgentRun and its statuses more than a CronJob's Job";

export const schedules: Bench = {
  name: "schedules",
  title: `${AGENTS} Core agents due in the same minute, until each has its Job`,
  notes: [
    "Every time is from the begin of the minute until a watch has seen the Job.",
    "CronJobs are Kubernetes' own, with the same Jobs: by its controller manager at its defaults (a cluster of its own each time), and tuned to 1,000 requests a second, bursts of 2,000 and 20 workers (on the cluster of operator and raw writer). An occurrence costs a CronJob 2 writes, the operator 4: it makes an AgentRun, too, and keeps two statuses.",
    "The raw writer is one process that begins at the minute with 32 requests in flight and does per agent, one after the other, the writes that the operator cannot do without: run, Job, the run's status, the agent's status.",
    "All ways but the default CronJobs take turns on the same cluster; a namespace is gone before the next begins.",
  ],
  rows: [
    { figure: "p50", text: "operator: minute to Job, p50", unit: "ms" },
    { figure: "p99", text: "operator: minute to Job, p99", unit: "ms" },
    { figure: "first", text: "operator: minute to the first Job", unit: "ms" },
    { figure: "rawP50", text: "raw writer: minute to Job, p50", unit: "ms" },
    { figure: "rawP99", text: "raw writer: minute to Job, p99", unit: "ms" },
    { figure: "tunedP50", text: "CronJobs, tuned: minute to Job, p50", unit: "ms" },
    { figure: "tunedP99", text: "CronJobs, tuned: minute to Job, p99", unit: "ms" },
    { figure: "defaultP50", text: "CronJobs at the defaults: minute to Job, p50", unit: "ms" },
    { figure: "defaultP99", text: "CronJobs at the defaults: minute to Job, p99", unit: "ms" },
    {
      figure: "byDefault",
      text: "p99, CronJobs at the defaults / operator",
      goal: { at: "least", value: 10, because: API_BOUND },
    },
    { figure: "byTuned", text: "p99, CronJobs tuned / operator", goal: { at: "least", value: 2, because: API_BOUND } },
    { figure: "byRaw", text: "p99, operator / raw writer", goal: { at: "most", value: 1.25 } },
    { figure: "writesPerRun", text: "operator's writes per occurrence, to its end", unit: "requests" },
    ...stallRows("stall", "longest stall of the operator's event loop"),
    { figure: "cpu", text: "operator's processor time per occurrence, to its end", unit: "ms" },
    { figure: "others", text: "others' share of the machine, operator's turn", unit: "%" },
    { figure: "rawOthers", text: "others' share of the machine, raw writer's turn", unit: "%" },
  ],
  async run(times, log) {
    const nodes = { simulated: 12 };
    const tuned = await inCluster({ nodes, log }, (session) =>
      inTurns(session, "schedules", times, [byRawWriter, byOperator, byTunedCronJobs], (sample) => ({
        byTuned: (sample["tunedP99"] ?? NaN) / (sample["p99"] ?? NaN),
        byRaw: (sample["p99"] ?? NaN) / (sample["rawP99"] ?? NaN),
      })),
    );
    const samples: Sample[] = [];
    for (const sample of tuned) {
      // Its controller manager is busy with a thousand Jobs for minutes afterwards.
      const own = await inCluster({ nodes, log, tuned: false }, (session) => byCronJobs(session, "cron-defaults"));
      const { p99 = NaN } = own;
      samples.push({
        ...sample,
        defaultP50: own["p50"] ?? NaN,
        defaultP99: p99,
        byDefault: p99 / (sample["p99"] ?? NaN),
      });
      log(`bench: schedules, CronJobs at the defaults: ${JSON.stringify(own)}`);
    }
    return samples;
  },
};

async function byRawWriter(session: Session, name: string): Promise<Sample> {
  const { client, cluster } = session;
  return await inNamespace(session, name, async (namespace) => {
    await inLanes(AGENTS, IN_FLIGHT, (index) => applyAgent(client, coreAgent(namespace, index, "@yearly")));
    const { kubeconfig } = cluster;
    const writer = await prepareRawWriter({ work: "occurrences", kubeconfig, namespace, count: AGENTS, input: [] });
    const jobs = await watchFor(client, jobResource, namespace, { created });
    const minute = Math.ceil((Date.now() + 2000) / MINUTE_MS) * MINUTE_MS;
    const done = writer.go(minute);
    await sleep(minute - Date.now());
    const cpu = await measureCpu(cluster, writer.pid);
    await Promise.all([done, jobs.until("created", AGENTS)]);
    const { othersPercent } = await cpu();
    await Promise.all([jobs.stop(), writer.end()]);
    const { p50 = NaN, p99 = NaN } = delays(jobs.seen("created"), minute);
    return { rawP50: p50, rawP99: p99, rawOthers: othersPercent };
  });
}

async function byOperator(session: Session, name: string): Promise<Sample> {
  const { client, cluster } = session;
  return await inNamespace(session, name, async (namespace) => {
    const operator = await startMeasuredOperator(cluster);
    try {
      const agents = await watchFor<Agent, "ready" | "idle">(client, agentResource, namespace, {
        ready: hasCondition("Ready"),
        idle: ({ status }) => status?.lastSuccessTime !== undefined && status.active?.length === 0,
      });
      const { minute, schedule } = aMinuteAhead();
      await inLanes(AGENTS, IN_FLIGHT, (index) => applyAgent(client, coreAgent(namespace, index, schedule)));
      await agents.until("ready", AGENTS);
      await untilSettled(operator);
      const jobs = await watchFor(client, jobResource, namespace, { created });
      await untilJustBefore(minute);
      const before = await operator.requests();
      await stallsOf(operator);
      const cpu = await measureCpu(cluster, operator.process.pid);
      await jobs.until("created", AGENTS);
      const { othersPercent } = await cpu();
      const stalls = await stallsOf(operator);
      await agents.until("idle", AGENTS);
      const used = await cpu();
      await untilSettled(operator);
      const after = await operator.requests();
      await Promise.all([jobs.stop(), agents.stop(), operator.stop()]);
      return {
        ...delays(jobs.seen("created"), minute),
        writesPerRun: (after.writes - before.writes) / AGENTS,
        ...stalls,
        cpu: (used.process * 1000) / AGENTS,
        others: othersPercent,
      };
    } catch (error) {
      await operator.process.kill();
      throw error;
    }
  });
}

async function byTunedCronJobs(session: Session, name: string): Promise<Sample> {
  const { p50 = NaN, p99 = NaN } = await byCronJobs(session, name);
  return { tunedP50: p50, tunedP99: p99 };
}

async function byCronJobs(session: Session, name: string): Promise<Sample> {
  const { client } = session;
  return await inNamespace(session, name, async (namespace) => {
    const { minute, schedule } = aMinuteAhead();
    await inLanes(AGENTS, IN_FLIGHT, (index) => client.create(cronJobResource, cronJob(namespace, index, schedule)));
    const jobs = await watchFor(client, jobResource, namespace, { created });
    await untilJustBefore(minute);
    await jobs.until("created", AGENTS);
    await jobs.stop();
    return delays(jobs.seen("created"), minute);
  });
}

/** A minute that is far enough ahead for all to be ready, and the schedule that names it: once an hour. */
function aMinuteAhead(): { readonly minute: number; readonly schedule: string } {
  const minute = Math.ceil((Date.now() + AHEAD_MS) / MINUTE_MS) * MINUTE_MS;
  return { minute, schedule: `${new Date(minute).getUTCMinutes()} * * * *` };
}

/** Throws when it is too late: then figures would be of something else. */
async function untilJustBefore(minute: number): Promise<void> {
  const left = minute - 1000 - Date.now();
  if (left < 0)
    throw new Error(`not all was ready before ${fromInstant(minute)}: this machine is too slow for the bench`);
  await sleep(left);
}

/** Milliseconds from an instant until each. */
function delays(seen: ReadonlyMap<string, number>, since: number): Sample {
  const all = [...seen.values()].map((at) => at - since);
  return { first: Math.min(...all), p50: percentile(all, 50), p99: percentile(all, 99) };
}
