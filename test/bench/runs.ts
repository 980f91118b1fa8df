import { type Agent, agentResource } from "../../src/api/v1alpha1/agent.ts";
import { type AgentFleet, agentFleetResource } from "../../src/api/v1alpha1/agent-fleet.ts";
import { type AgentRun, agentRunResource } from "../../src/api/v1alpha1/agent-run.ts";
import { jobResource } from "../../src/kube/types-core.ts";
import type { Bench } from "./bench.ts";
import { measureCpu } from "./cpu.ts";
import { percentile } from "./figures.ts";
import { applyAsPerson, growthFleet, growthRun, inLanes } from "./objects.ts";
import { startMeasuredOperator, untilSettled } from "./operator.ts";
import { prepareRawWriter } from "./raw.ts";
import type { Sample } from "./report.ts";
import { inCluster, inNamespace, inTurns, type Session } from "./session.ts";
import { AGENTS as RUNS } from "./size.ts";
import { stallRows, stallsOf } from "./stalls.ts";
import { created, hasCondition, watchFor, type Witness } from "./witness.ts";

const AGENTS = 10;
const IN_FLIGHT = 32;

export const runs: Bench = {
  name: "runs",
  title: `${RUNS} runs of ${AGENTS} Growth agents created at once, until each has its Job and its end`,
  notes: [
    `The bench creates the runs with ${IN_FLIGHT} requests in flight while the operator works; their fleet lets all of them go at once. Times are of a watch that sees runs and Jobs.`,
    "The raw writer is one process that does per run, one after the other, the writes that the operator cannot do without: run, its owner, Job, and the statuses Started, Running and Complete. It waits for no Pod, so its time until complete says nothing about Jobs.",
    "Kubernetes' own controllers run without their usual request limits here: at their defaults Jobs get their Pods at about 3.4 a second, whoever creates them.",
    "Operator and raw writer work one after the other on the same cluster, in turns; a namespace is gone before the next run begins.",
    "Requests are the operator's own count from before the first run until all is settled, the lease's renewals apart; runs are kept, so none is spent on removing old ones (one more per run once the history is full).",
  ],
  rows: [
    { figure: "jobSeconds", text: "operator: until the last Job", unit: "s" },
    { figure: "rawJobSeconds", text: "raw writer: until the last Job", unit: "s" },
    { figure: "rate", text: "operator: Jobs created", unit: "1/s" },
    { figure: "rawRate", text: "raw writer: Jobs created", unit: "1/s" },
    { figure: "ratio", text: "rate of Jobs, operator / raw writer", goal: { at: "least", value: 0.8 } },
    { figure: "p50", text: "operator: run created to Job created, p50", unit: "ms" },
    { figure: "p99", text: "operator: run created to Job created, p99", unit: "ms" },
    { figure: "rawP50", text: "raw writer: run created to Job created, p50", unit: "ms" },
    { figure: "rawP99", text: "raw writer: run created to Job created, p99", unit: "ms" },
    { figure: "endP50", text: "operator: run created to Complete, p50", unit: "ms" },
    { figure: "endP99", text: "operator: run created to Complete, p99", unit: "ms" },
    { figure: "recordP50", text: "operator: Job complete to run Complete, p50", unit: "ms" },
    { figure: "recordP99", text: "operator: Job complete to run Complete, p99", unit: "ms" },
    { figure: "writesPerRun", text: "writes per run", unit: "requests" },
    { figure: "readsPerRun", text: "reads per run", unit: "requests" },
    { figure: "cpu", text: "operator's processor time per run, to its end", unit: "ms" },
    { figure: "rawCpu", text: "raw writer's processor time per run", unit: "ms" },
    ...stallRows("stall", "longest stall of the operator's event loop"),
    { figure: "others", text: "others' share of the machine, operator's turn", unit: "%" },
    { figure: "rawOthers", text: "others' share of the machine, raw writer's turn", unit: "%" },
  ],
  run: (times, log) =>
    inCluster({ nodes: { simulated: 12 }, log }, (session) =>
      inTurns(session, "runs", times, [byRawWriter, byOperator], (sample) => ({
        ratio: (sample["rate"] ?? NaN) / (sample["rawRate"] ?? NaN),
      })),
    ),
};

async function byRawWriter(session: Session, name: string): Promise<Sample> {
  const { cluster } = session;
  return await inNamespace(session, name, async (namespace) => {
    const created = await watchRuns(session, namespace);
    const writer = await prepareRawWriter({
      work: "runs",
      kubeconfig: cluster.kubeconfig,
      namespace,
      count: RUNS,
      input: growthFleet(namespace, AGENTS),
    });
    const cpu = await measureCpu(cluster, writer.pid);
    const start = Date.now();
    await Promise.all([writer.go(), created.jobs.until("created", RUNS)]);
    const used = await cpu();
    await Promise.all([created.runs.stop(), created.jobs.stop(), writer.end()]);
    const seconds = (created.jobs.last("created") - start) / 1000;
    const waits = between(created.runs.seen("created"), created.jobs.seen("created"));
    return {
      rawJobSeconds: seconds,
      rawRate: RUNS / seconds,
      rawP50: percentile(waits, 50),
      rawP99: percentile(waits, 99),
      rawCpu: (used.process * 1000) / RUNS,
      rawOthers: used.othersPercent,
    };
  });
}

async function byOperator(session: Session, name: string): Promise<Sample> {
  const { client, cluster } = session;
  return await inNamespace(session, name, async (namespace) => {
    const operator = await startMeasuredOperator(cluster);
    try {
      const agents = await watchFor<Agent, "ready">(client, agentResource, namespace, { ready: hasCondition("Ready") });
      await applyAsPerson(client, agentFleetResource, growthFleet(namespace, AGENTS) as AgentFleet);
      await agents.until("ready", AGENTS);
      await agents.stop();
      await untilSettled(operator);
      const { runs, jobs } = await watchRuns(session, namespace);
      const before = await operator.requests();
      await stallsOf(operator);
      const cpu = await measureCpu(cluster, operator.process.pid);
      const start = Date.now();
      await inLanes(RUNS, IN_FLIGHT, (index) =>
        client.create<AgentRun>(agentRunResource, growthRun(namespace, index, AGENTS) as AgentRun, {
          fieldManager: "kubectl",
        }),
      );
      await jobs.until("created", RUNS);
      await runs.until("complete", RUNS);
      const used = await cpu();
      await untilSettled(operator);
      const after = await operator.requests();
      const stalls = await stallsOf(operator);
      await Promise.all([runs.stop(), jobs.stop(), operator.stop()]);
      const seconds = (jobs.last("created") - start) / 1000;
      const waits = between(runs.seen("created"), jobs.seen("created"));
      const lives = between(runs.seen("created"), runs.seen("complete"));
      const records = between(jobs.seen("complete"), runs.seen("complete"));
      return {
        jobSeconds: seconds,
        rate: RUNS / seconds,
        p50: percentile(waits, 50),
        p99: percentile(waits, 99),
        endP50: percentile(lives, 50),
        endP99: percentile(lives, 99),
        recordP50: percentile(records, 50),
        recordP99: percentile(records, 99),
        writesPerRun: (after.writes - before.writes) / RUNS,
        readsPerRun: (after.reads - before.reads) / RUNS,
        cpu: (used.process * 1000) / RUNS,
        ...stalls,
        others: used.othersPercent,
      };
    } catch (error) {
      await operator.process.kill();
      throw error;
    }
  });
}

type Mark = "created" | "complete";

async function watchRuns(
  { client }: Session,
  namespace: string,
): Promise<{ readonly runs: Witness<Mark>; readonly jobs: Witness<Mark> }> {
  const marks = { created, complete: hasCondition("Complete") };
  return {
    runs: await watchFor<AgentRun, Mark>(client, agentRunResource, namespace, marks),
    jobs: await watchFor(client, jobResource, namespace, marks),
  };
}

/** Milliseconds from one moment to the other, for every name that has both. */
function between(from: ReadonlyMap<string, number>, to: ReadonlyMap<string, number>): readonly number[] {
  return [...to].flatMap(([name, at]) => {
    const since = from.get(name);
    return since === undefined ? [] : [at - since];
  });
}
