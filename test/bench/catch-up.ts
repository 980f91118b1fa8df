import { type Agent, agentResource } from "../../src/api/v1alpha1/agent.ts";
import { type AgentRun, agentRunResource } from "../../src/api/v1alpha1/agent-run.ts";
import { fromInstant, toInstant } from "../../src/workloads/time.ts";
import { beforeDowntime } from "../downtime.ts";
import type { Bench } from "./bench.ts";
import { applyAgent, coreAgent, inLanes } from "./objects.ts";
import { startMeasuredOperator } from "./operator.ts";
import type { Sample } from "./report.ts";
import { inCluster, inNamespace, inTurns, type Session } from "./session.ts";
import { stallRows, stallsOf } from "./stalls.ts";
import { created, watchFor } from "./witness.ts";

const AGENTS = 1000;
const IN_FLIGHT = 32;
const MINUTE_MS = 60_000;

/** Half of the agents may start this late and no later; the occurrence that is due is older. */
const DEADLINE_SECONDS = 60;

export const catchUp: Bench = {
  name: "catch-up",
  title: `${AGENTS} Core agents after two hours without an operator, until each occurrence is decided (K4)`,
  notes: [
    `Each agent missed three hourly occurrences, the last ten minutes ago. Half of them run that one; for the others startingDeadlineSeconds (${DEADLINE_SECONDS}) is over, and all three are recorded as missed.`,
    "Decided is when the agent's status names the last occurrence: its run stands by then, where there is one. Times begin when the operator's process does, or when it acts (caches filled, lease taken).",
  ],
  rows: [
    { figure: "startMs", text: "operator: process to acting", unit: "ms" },
    {
      figure: "decidedMs",
      text: "process to the last agent decided",
      unit: "ms",
      goal: { at: "most", value: 10_000 },
    },
    { figure: "afterStartMs", text: "acting to the last agent decided", unit: "ms" },
    { figure: "runMs", text: "acting to the last run created", unit: "ms" },
    ...stallRows("stall", "longest stall of the operator's event loop"),
  ],
  run: (times, log) =>
    inCluster({ nodes: { simulated: 12 }, log }, (session) =>
      inTurns(session, "catch-up", times, [byOperator], () => ({})),
    ),
};

async function byOperator(session: Session, name: string): Promise<Sample> {
  const { client, cluster } = session;
  return await inNamespace(session, name, async (namespace) => {
    const last = Math.floor(Date.now() / MINUTE_MS - 10) * MINUTE_MS;
    const { schedule, status } = beforeDowntime(last);
    await inLanes(AGENTS, IN_FLIGHT, async (index) => {
      const { metadata, spec } = coreAgent(namespace, index, schedule);
      const deadline = index % 2 === 0 ? {} : { startingDeadlineSeconds: DEADLINE_SECONDS };
      await applyAgent(client, { metadata, spec: { ...spec, ...deadline } });
      await client.applyStatus<Agent>(agentResource, { metadata, status } as unknown as Agent, {
        fieldManager: "darkfactory-status",
      });
    });
    const isDecided = ({ status }: Pick<Agent, "status">): boolean =>
      toInstant(status?.lastScheduleTime ?? fromInstant(0)) >= last;
    const agents = await watchFor<Agent, "decided">(client, agentResource, namespace, { decided: isDecided });
    const runs = await watchFor<AgentRun, "created">(client, agentRunResource, namespace, { created });
    const begin = Date.now();
    const operator = await startMeasuredOperator(cluster);
    try {
      const acting = begin + operator.startMs;
      await agents.until("decided", AGENTS);
      await runs.until("created", AGENTS / 2);
      const stalls = await stallsOf(operator);
      await Promise.all([agents.stop(), runs.stop(), operator.stop()]);
      return {
        startMs: operator.startMs,
        decidedMs: agents.last("decided") - begin,
        afterStartMs: agents.last("decided") - acting,
        runMs: runs.last("created") - acting,
        ...stalls,
      };
    } catch (error) {
      await operator.process.kill();
      throw error;
    }
  });
}
