import type { Agent } from "../../src/api/v1alpha1/agent.ts";
import { agentResource } from "../../src/api/v1alpha1/agent.ts";
import { type AgentFleet, agentFleetResource } from "../../src/api/v1alpha1/agent-fleet.ts";
import { type AgentRun, agentRunResource } from "../../src/api/v1alpha1/agent-run.ts";
import { type Job, jobResource, type Pod, podResource } from "../../src/kube/types-core.ts";
import type { Condition, Stored } from "../../src/kube/types.ts";
import { controllerOf } from "../../src/workloads/labels.ts";
import { jobEnd } from "../../src/controllers/agent-run/run-state.ts";
import type { Person } from "./person.ts";

/** Each object by its kind and name, as JSON of what two runs of the same scenario must agree in: no uids, times, versions. */
export type FinalState = ReadonlyMap<string, string>;

export async function readFinalState(person: Person): Promise<FinalState> {
  const entries = [
    ...(await person.list<AgentFleet>(agentFleetResource)).map(
      (fleet) => ["AgentFleet", fleet, ofFleet(fleet)] as const,
    ),
    ...(await person.list<Agent>(agentResource)).map((agent) => ["Agent", agent, ofAgent(agent)] as const),
    ...(await person.list<AgentRun>(agentRunResource)).map((run) => ["AgentRun", run, ofRun(run)] as const),
    ...(await person.list<Job>(jobResource)).map((job) => ["Job", job, ofJob(job)] as const),
    ...(await person.list<Pod>(podResource)).map((pod) => ["Pod", pod, ofPod(pod)] as const),
  ];
  return new Map(
    entries
      .map(
        ([kind, object, state]) =>
          [`${kind} ${stableName(object)}`, JSON.stringify({ ...owned(object), ...state })] as const,
      )
      .toSorted(([a], [b]) => (a < b ? -1 : 1)),
  );
}

/** Where two final states differ, one line each. */
export function differences(expected: FinalState, found: FinalState): readonly string[] {
  const names = [...new Set([...expected.keys(), ...found.keys()])].toSorted();
  return names.flatMap((name) => {
    const [was, is] = [expected.get(name), found.get(name)];
    if (was === is) return [];
    return [`${name}: without faults ${was ?? "it is not there"}; with them ${is ?? "it is not there"}`];
  });
}

/** The random end of a Job's Pod and the minute of an occurrence are no part of what must agree. */
function stableName({ metadata }: Stored): string {
  const owner = controllerOf({ metadata });
  const name = owner?.kind === "Job" ? `${owner.name}-*` : metadata.name;
  return name.replace(/-\d{8}(?=$|-)/, "-occurrence");
}

function owned({ metadata }: Stored): object {
  const owner = controllerOf({ metadata });
  return {
    owner: owner === undefined ? "nobody" : `${owner.kind} ${owner.name.replace(/-\d{8}$/, "-occurrence")}`,
    labels: Object.entries(metadata.labels ?? {})
      .filter(([key]) => !key.endsWith("-uid"))
      .map(([key, value]) => `${key}=${value.replace(/-\d{8}$/, "-occurrence")}`)
      .toSorted(),
  };
}

/**
 * Of an agent with a schedule only whether it drifts: of the occurrences of a downtime the latest alone is made up for (K4), so
 * that one of two runs of the scenario may have had too few samples where the other had enough.
 */
function comparable({ spec, status }: Stored<Agent>): readonly Condition[] | undefined {
  if (spec.layer !== "Core") return status?.conditions;
  return status?.conditions?.map((each) =>
    each.type === "Drifted" && each.status !== "True" ? { ...each, status: "False", reason: "Normal" } : each,
  );
}

function standing(conditions: readonly Condition[] | undefined, generation: number | undefined): object {
  return {
    conditions: (conditions ?? []).map(({ type, status, reason }) => `${type}=${status} ${reason}`).toSorted(),
    isObserved: (conditions ?? []).every(({ observedGeneration }) => observedGeneration === generation),
  };
}

function ofFleet({ metadata, spec, status }: Stored<AgentFleet>): object {
  const { agents, layers, level, invalidAgents } = status ?? {};
  return { spec, ...standing(status?.conditions, metadata.generation), agents, layers, level, invalidAgents };
}

function ofAgent(agent: Stored<Agent>): object {
  const { metadata, spec, status } = agent;
  const { starts, pause, restart, active, correction } = status ?? {};
  return {
    spec,
    annotations: metadata.annotations?.["chaos.darkfactory.test/kept"],
    ...standing(comparable(agent), metadata.generation),
    starts,
    pause: pause?.reason,
    failures: restart?.failuresInWindow,
    lastExit: restart?.lastExit?.class,
    active,
    corrections: correction?.total,
    action: correction?.action,
    handled: [status?.lastHandledPauseAt, status?.lastHandledResumeAt, status?.lastHandledRunAt],
  };
}

function ofRun({ metadata, spec, status }: Stored<AgentRun>): object {
  const { scheduledTime, ...rest } = spec;
  const { exit, signals, result } = status ?? {};
  const isScheduled = scheduledTime !== undefined;
  return {
    spec: { ...rest, isScheduled },
    ...standing(status?.conditions, metadata.generation),
    exit,
    signals,
    result,
  };
}

function ofJob(job: Stored<Job>): object {
  const { activeDeadlineSeconds, template } = job.spec;
  const [container] = template.spec.containers;
  return { activeDeadlineSeconds, task: container?.args, image: container?.image, end: jobEnd(job)?.succeeded };
}

function ofPod({ spec, status }: Stored<Pod>): object {
  const [container] = spec.containers;
  return { phase: status?.phase, task: container?.args, image: container?.image };
}
