import type { AgentRunSpec, AgentRunStatus } from "../src/api/v1alpha1/agent-run.ts";
import type { Observed, StoredJob, StoredRun } from "../src/controllers/agent-run/observed.ts";
import type { StoredAgent, StoredPod } from "../src/controllers/agent/observed.ts";
import type { JobStatus, PodCondition } from "../src/kube/types-core.ts";
import type { Condition, OwnerReference } from "../src/kube/types.ts";
import { runJob } from "../src/workloads/job.ts";
import { controlledBy } from "../src/workloads/labels.ts";
import { anAgent, noonPlus, type PodFate, running } from "./builders.ts";

interface RunParts {
  readonly name?: string;
  readonly uid?: string;
  readonly agent?: string;
  readonly spec?: Partial<AgentRunSpec>;
  readonly status?: Partial<AgentRunStatus>;
  /** Seconds from noon; default an hour before. */
  readonly createdAt?: number;
  readonly deletionTimestamp?: string;
  readonly owners?: readonly OwnerReference[];
}

/** A run as the server stores it: "review-1" of the agent "reviewer", which owns it; no status unless told otherwise. */
export function aRun(parts: RunParts = {}): StoredRun {
  const { name = "review-1", agent = "reviewer", createdAt = -3600 } = parts;
  return {
    apiVersion: "darkfactory.dev/v1alpha1",
    kind: "AgentRun",
    metadata: {
      name,
      namespace: "default",
      uid: parts.uid ?? `uid-${name}`,
      resourceVersion: "100",
      creationTimestamp: noonPlus(createdAt),
      generation: 1,
      ownerReferences: parts.owners ?? [controlledBy("Agent", { name: agent, uid: `uid-${agent}` })],
      ...(parts.deletionTimestamp === undefined ? {} : { deletionTimestamp: parts.deletionTimestamp }),
    },
    spec: { agentRef: { name: agent }, trigger: "OnDemand", ...parts.spec },
    ...(parts.status === undefined ? {} : { status: { observedGeneration: 1, ...parts.status } }),
  };
}

const conditionOf = (type: string, status: "True" | "False", reason: string): Condition => ({
  type,
  status,
  reason,
  message: reason,
  observedGeneration: 1,
  lastTransitionTime: noonPlus(-60),
});

export const waitsFor = (reason: string): Partial<AgentRunStatus> => ({
  conditions: [conditionOf("Started", "False", reason)],
});

export const hasBegun = (reason = "JobCreated"): Partial<AgentRunStatus> => ({
  conditions: [conditionOf("Started", "True", reason)],
});

/** Ended with this class, so many seconds from noon. */
export const over = (
  kind: NonNullable<AgentRunStatus["exit"]>["class"] = "Success",
  at = 0,
): Partial<AgentRunStatus> => ({
  conditions: [
    conditionOf("Started", "True", "JobCreated"),
    conditionOf(kind === "Success" ? "Complete" : "Failed", "True", kind),
  ],
  exit: { class: kind },
  completionTime: noonPlus(at),
});

export const growthAgent = (parts: Parameters<typeof anAgent>[0] = {}): StoredAgent =>
  anAgent({ name: "reviewer", ...parts, spec: { layer: "Growth", ...parts.spec } });

/** The Job that the operator would have made for a run. */
export function aJobOf(run: StoredRun, status: JobStatus = {}, agent: StoredAgent = growthAgent()): StoredJob {
  const job = runJob(agent, run, {});
  return {
    ...job,
    metadata: {
      ...job.metadata,
      uid: `job-${run.metadata.uid}`,
      resourceVersion: "300",
      creationTimestamp: noonPlus(-300),
    },
    status,
  };
}

export const jobCondition = (type: string, reason = "", message = ""): PodCondition => ({
  type,
  status: "True",
  reason,
  message,
  lastTransitionTime: noonPlus(0),
});

export const jobComplete = (): JobStatus => ({
  succeeded: 1,
  startTime: noonPlus(-300),
  conditions: [jobCondition("SuccessCriteriaMet"), jobCondition("Complete", "CompletionsReached")],
});

export const jobFailed = (
  reason = "BackoffLimitExceeded",
  message = "Job has reached the specified backoff limit",
): JobStatus => ({
  failed: 1,
  startTime: noonPlus(-300),
  conditions: [jobCondition("FailureTarget", reason, message), jobCondition("Failed", reason, message)],
});

/** The n-th Pod of a Job, with a fate. */
export function aJobPod(
  job: StoredJob,
  n = 1,
  fate: PodFate & { readonly graceSeconds?: number } = running(),
): StoredPod {
  const name = `${job.metadata.name}-pod${n}`;
  return {
    metadata: {
      name,
      namespace: "default",
      uid: `uid-${name}`,
      resourceVersion: "400",
      creationTimestamp: noonPlus(-301 + n),
      labels: { ...job.metadata.labels },
      ownerReferences: [
        { apiVersion: "batch/v1", kind: "Job", name: job.metadata.name, uid: job.metadata.uid, controller: true },
      ],
      ...(fate.deletionTimestamp === undefined ? {} : { deletionTimestamp: fate.deletionTimestamp }),
      ...(fate.graceSeconds === undefined ? {} : { deletionGracePeriodSeconds: fate.graceSeconds }),
    },
    spec: job.spec.template.spec,
    ...(fate.status === undefined ? {} : { status: fate.status }),
  };
}

/** What the AgentRun controller would have gathered about a run of an idle agent with a place that is free. */
export function seenOfRun(run: StoredRun, more: Partial<Observed> = {}): Observed {
  return {
    run,
    agent: growthAgent(),
    fleet: undefined,
    job: undefined,
    pods: [],
    stopping: undefined,
    beforeInWorkspace: undefined,
    queue: { admitted: true, place: 1, waiting: 1, most: 15 },
    images: {},
    ...more,
  };
}
