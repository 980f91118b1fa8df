import { type Agent, agentResource, type AgentManifest, parseAgentSpec } from "../../src/api/v1alpha1/agent.ts";
import type { AgentFleetEntry, AgentFleetManifest } from "../../src/api/v1alpha1/agent-fleet.ts";
import type { AgentRunManifest } from "../../src/api/v1alpha1/agent-run.ts";
import type { KubeClient } from "../../src/kube/client.ts";
import type { KubeObject, ResourceType, Stored } from "../../src/kube/types.ts";
import { runJob } from "../../src/workloads/job.ts";

/** What every agent of a bench has in common; simulated nodes run any image. */
export const tool = {
  tool: "text",
  image: "darkfactory.test/busybox:1",
  command: ["/bin/sh", "-c"],
  resources: { requests: { cpu: "10m", memory: "16Mi" }, limits: { memory: "64Mi" } },
} as const;

const task = "while true; do echo scanned 42 dependencies, nothing to report; sleep 5; done";

/** Numbers of four digits, so that names sort as they count. */
export function nameOf(what: string, index: number): string {
  return `${what}-${String(index).padStart(4, "0")}`;
}

/** Fleets of Safety agents, filled as evenly as whole numbers can. */
export function safetyFleets(namespace: string, count: number, agents: number): readonly AgentFleetManifest[] {
  const upTo = (fleets: number): number => Math.floor((fleets * agents) / count);
  return Array.from({ length: count }, (_, fleet) => ({
    metadata: { name: nameOf("fleet", fleet), namespace },
    spec: {
      concurrency: { max: 10_000 },
      defaults: tool,
      agents: Array.from({ length: upTo(fleet + 1) - upTo(fleet) }, (_, index): AgentFleetEntry => ({
        name: nameOf(`safety-${fleet}`, index),
        layer: "Safety",
        task,
      })),
    },
  }));
}

/** A fleet of Growth agents that lets all their runs go at once, and keeps them. */
export function growthFleet(namespace: string, agents: number): AgentFleetManifest {
  return {
    metadata: { name: "growth", namespace },
    spec: {
      concurrency: { max: 10_000 },
      defaults: { ...tool, runLimits: { keepSucceeded: 1000 } },
      agents: Array.from({ length: agents }, (_, index) => ({ name: nameOf("growth", index), layer: "Growth", task })),
    },
  };
}

/** A run of one of those agents, as a person creates it. */
export function growthRun(namespace: string, index: number, agents: number): AgentRunManifest {
  return {
    metadata: { name: nameOf("run", index), namespace },
    spec: { agentRef: { name: nameOf("growth", index % agents) }, task: `Review change ${index}` },
  };
}

/** A Core agent of no fleet: nothing bounds how many run at a time. */
export function coreAgent(namespace: string, index: number, schedule: string): AgentManifest {
  return { metadata: { name: nameOf("core", index), namespace }, spec: { layer: "Core", schedule, task, ...tool } };
}

/** The same work as Kubernetes' own kind for it: a CronJob whose Jobs are those of the agent's runs. */
export function cronJob(namespace: string, index: number, schedule: string): CronJob {
  const { metadata, spec } = coreAgent(namespace, index, schedule);
  const parsed = parseAgentSpec(spec);
  if (!parsed.ok) throw new Error(`the bench's agent is not valid: ${JSON.stringify(parsed.problems)}`);
  const agent = { metadata, spec: parsed.value };
  const job = runJob(agent, { metadata, spec: { agentRef: metadata, trigger: "OnDemand" } }, {});
  return {
    metadata,
    spec: { schedule, timeZone: "Etc/UTC", concurrencyPolicy: "Forbid", jobTemplate: { spec: job.spec } },
  };
}

interface CronJob extends KubeObject {
  readonly spec: object;
}

export const cronJobResource: ResourceType<CronJob> = {
  group: "batch",
  version: "v1",
  kind: "CronJob",
  plural: "cronjobs",
  namespaced: true,
};

/** Does something for every index below `count`, that many at a time. */
export async function inLanes(count: number, lanes: number, work: (index: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}

/** Applies an object as kubectl does. */
export async function applyAsPerson<T extends KubeObject>(
  client: KubeClient,
  type: ResourceType<T>,
  object: T,
): Promise<Stored<T>> {
  return await client.apply(type, object, { fieldManager: "kubectl" });
}

/** An agent as the operator's cache holds it: with every default that the API server has filled in. */
export async function applyAgent(client: KubeClient, agent: AgentManifest | Agent): Promise<Stored<Agent>> {
  return await client.apply<Agent>(agentResource, agent as Agent, { fieldManager: "kubectl" });
}
