import type { AgentSpec, AgentStatus } from "../src/api/v1alpha1/agent.ts";
import type { AgentFleetSpec, AgentFleetStatus } from "../src/api/v1alpha1/agent-fleet.ts";
import { nightwatchDefaults } from "../src/api/v1alpha1/nightwatch.ts";
import type { Observed, StoredAgent, StoredPod } from "../src/controllers/agent/observed.ts";
import type { StoredFleet } from "../src/controllers/agent-fleet/observed.ts";
import type { ContainerStatus, Pod, PodStatus } from "../src/kube/types-core.ts";
import type { Condition, KubeObject, ResourceType, Stored } from "../src/kube/types.ts";
import type { Informer } from "../src/runtime/contract.ts";
import { controlledBy, label } from "../src/workloads/labels.ts";
import { safetyPod } from "../src/workloads/pod.ts";

/** The instant at which tests stand unless they say otherwise: 2026-03-01T12:00:00Z, in milliseconds since the epoch. */
export const NOON = Date.parse("2026-03-01T12:00:00Z");

/** RFC 3339 of NOON plus so many seconds. */
export function noonPlus(seconds: number): string {
  return new Date(NOON + seconds * 1000).toISOString().replace(".000", "");
}

export const defaultSpec: AgentSpec = {
  layer: "Safety",
  tool: "text",
  image: "darkfactory.test/busybox:1",
  command: ["/bin/sh", "-c"],
  task: "sleep 1",
  timeZone: "Etc/UTC",
  concurrencyPolicy: "Forbid",
  suspend: false,
  runLimits: { activeDeadlineSeconds: 3600, retries: 0, keepSucceeded: 3, keepFailed: 3 },
  restart: { cooldownSeconds: 60, maxRestarts: 10, windowSeconds: 43_200 },
};

interface AgentParts {
  readonly name?: string;
  readonly uid?: string;
  readonly generation?: number;
  readonly spec?: Partial<AgentSpec>;
  readonly status?: Partial<AgentStatus>;
  readonly annotations?: Record<string, string>;
  readonly deletionTimestamp?: string;
  readonly fleet?: string;
}

/** An Agent as the server stores it: a Safety agent named "sentinel", generation 1, no status, unless told otherwise. */
export function anAgent(parts: AgentParts = {}): StoredAgent {
  const { name = "sentinel", generation = 1, fleet } = parts;
  return {
    apiVersion: "darkfactory.dev/v1alpha1",
    kind: "Agent",
    metadata: {
      name,
      namespace: "default",
      uid: parts.uid ?? `uid-${name}`,
      resourceVersion: "100",
      creationTimestamp: noonPlus(-3600),
      generation,
      ...(fleet === undefined
        ? {}
        : {
            labels: { [label.fleet]: fleet },
            ownerReferences: [controlledBy("AgentFleet", { name: fleet, uid: `uid-${fleet}` })],
          }),
      ...(parts.annotations === undefined ? {} : { annotations: parts.annotations }),
      ...(parts.deletionTimestamp === undefined ? {} : { deletionTimestamp: parts.deletionTimestamp }),
    },
    spec: { ...defaultSpec, ...parts.spec },
    ...(parts.status === undefined ? {} : { status: { observedGeneration: generation, ...parts.status } }),
  };
}

/** What became of a Pod: its status and what stands in its metadata because of it. */
export interface PodFate {
  readonly status?: PodStatus;
  readonly deletionTimestamp?: string;
}

const agentStatus = (state: ContainerStatus["state"], ready = false): ContainerStatus => ({
  name: "agent",
  ready,
  restartCount: 0,
  ...(state === undefined ? {} : { state }),
});

export const pending = (): PodFate => ({ status: { phase: "Pending" } });

export const running = (): PodFate => ({
  status: {
    phase: "Running",
    startTime: noonPlus(-300),
    conditions: [{ type: "Ready", status: "True" }],
    containerStatuses: [agentStatus({ running: { startedAt: noonPlus(-299) } }, true)],
  },
});

/** Ended with an exit code, at an instant given in seconds from noon. */
export const exited = (exitCode: number, at = 0, reason = exitCode === 0 ? "Completed" : "Error"): PodFate => ({
  status: {
    phase: exitCode === 0 ? "Succeeded" : "Failed",
    startTime: noonPlus(-300),
    containerStatuses: [agentStatus({ terminated: { exitCode, reason, finishedAt: noonPlus(at) } })],
  },
});

export const evicted = (): PodFate => ({
  status: { phase: "Failed", reason: "Evicted", message: "The node was low on resource: memory." },
});

export const waitingFor = (reason: string, message?: string): PodFate => ({
  status: {
    phase: "Pending",
    containerStatuses: [agentStatus({ waiting: { reason, ...(message === undefined ? {} : { message }) } })],
  },
});

export const unschedulable = (message = "0/3 nodes are available"): PodFate => ({
  status: {
    phase: "Pending",
    conditions: [{ type: "PodScheduled", status: "False", reason: "Unschedulable", message }],
  },
});

export const stopping = (fate: PodFate = running()): PodFate => ({ ...fate, deletionTimestamp: noonPlus(-1) });

/** The Pod that the operator would have made for an agent's n-th start, with a fate; `change` edits it afterwards. */
export function aPodOf(
  agent: StoredAgent,
  start: number,
  fate: PodFate = running(),
  change: (pod: Pod) => Pod = same,
): StoredPod {
  const pod = change(safetyPod(agent, start, {}));
  return {
    ...pod,
    metadata: {
      ...pod.metadata,
      uid: `uid-${pod.metadata.name}`,
      resourceVersion: "200",
      creationTimestamp: noonPlus(-301),
      ...(fate.deletionTimestamp === undefined ? {} : { deletionTimestamp: fate.deletionTimestamp }),
    },
    ...(fate.status === undefined ? {} : { status: fate.status }),
  };
}

const same = (pod: Pod): Pod => pod;

/** What the Agent controller would have gathered about an agent and these Pods. */
export function seenOf(agent: StoredAgent, pods: readonly StoredPod[] = [], more: Partial<Observed> = {}): Observed {
  return {
    agent,
    pods,
    leftovers: [],
    runs: [],
    problems: [],
    fleet: undefined,
    rollout: { open: true, message: "" },
    images: {},
    jobs: new Map(),
    nightwatch: nightwatchDefaults,
    ...more,
  };
}

/** A condition of generation 1, as a status holds it. */
export function aCondition(type: string, status: Condition["status"] = "True", reason = type): Condition {
  return { type, status, reason, message: "", observedGeneration: 1, lastTransitionTime: noonPlus(-60) };
}

interface FleetParts {
  readonly name?: string;
  readonly generation?: number;
  readonly spec?: Partial<AgentFleetSpec>;
  readonly status?: Partial<AgentFleetStatus>;
  readonly deletionTimestamp?: string;
}

/** An AgentFleet as the server stores it, named "night" and empty unless told otherwise. */
export function aFleet(parts: FleetParts = {}): StoredFleet {
  const { name = "night", generation = 1 } = parts;
  return {
    apiVersion: "darkfactory.dev/v1alpha1",
    kind: "AgentFleet",
    metadata: {
      name,
      namespace: "default",
      uid: `uid-${name}`,
      resourceVersion: "100",
      creationTimestamp: noonPlus(-3600),
      generation,
      ...(parts.deletionTimestamp === undefined ? {} : { deletionTimestamp: parts.deletionTimestamp }),
    },
    spec: { agents: [], ...parts.spec } as AgentFleetSpec,
    ...(parts.status === undefined ? {} : { status: { observedGeneration: generation, ...parts.status } }),
  };
}

/** A cache that holds these objects, which a test may exchange; index functions as an informer is made with. */
export function aCache<T extends KubeObject>(
  type: ResourceType<T>,
  objects: readonly Stored<T>[],
  indexes: Readonly<Record<string, (object: Stored<T>) => readonly string[]>> = {},
): Informer<T> {
  return {
    type,
    get: ({ name, namespace }) =>
      objects.find(({ metadata }) => metadata.name === name && metadata.namespace === namespace),
    list: () => objects,
    byIndex: (index, value) => objects.filter((object) => indexes[index]?.(object).includes(value) ?? false),
    onEvent: () => undefined,
    onProgress: () => undefined,
    hasSynced: () => true,
    lastResourceVersion: undefined,
  };
}
