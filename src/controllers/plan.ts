import type { Agent } from "../api/v1alpha1/agent.ts";
import type { AgentRun } from "../api/v1alpha1/agent-run.ts";
import type { Job, PersistentVolumeClaim, Pod } from "../kube/types-core.ts";
import type { OwnerReference } from "../kube/types.ts";
import { claimOf } from "../workloads/pod.ts";
import type { Instant } from "../runtime/contract.ts";

/** Names one Pod for good: the uid goes along as the precondition of whatever is done to it. */
export interface PodRef {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

/** What an event says about the resource that is reconciled; which resource that is, the controller knows. */
export interface EventNote {
  readonly type: "Normal" | "Warning";
  readonly reason: string;
  /** What was done or tried, one CamelCase word (events.k8s.io). */
  readonly action: string;
  readonly note: string;
}

/** The claim of a persistent workspace: made before the first Pod that mounts it, and anew where a Restart asked for that. */
export interface CreateClaim {
  readonly act: "create-claim";
  readonly claim: PersistentVolumeClaim;
}

/** What must be there before a Pod of the agent can be. */
export function claimActs(agent: Agent): readonly CreateClaim[] {
  const claim = claimOf(agent);
  return claim === undefined ? [] : [{ act: "create-claim", claim }];
}

/** One thing that a reconcile does, in the order that its plan lists them. */
export type Act =
  /** Writes the plan's status now: the intent stands before what follows is done (L5). */
  | { readonly act: "record-status" }
  /** Asks the API server whether it would take this Pod, before anything that runs is given up for it. */
  | { readonly act: "check-pod"; readonly pod: Pod }
  | CreateClaim
  | { readonly act: "create-pod"; readonly pod: Pod }
  /** Asks the API server whether the agent is still the one that was looked at: a cache may be behind. If not, it is decided anew. */
  | { readonly act: "confirm-agent" }
  /** A run of this agent, under its deterministic name: found there already, it counts as created (K3, R8). */
  | { readonly act: "create-run"; readonly run: AgentRun }
  | {
      readonly act: "delete-run";
      readonly run: RunRef;
      /** Foreground: it stays, terminating, until its Job and Pods are gone. */
      readonly propagation: "Background" | "Foreground";
    }
  /** Stops a run: its Job stays, terminating, until its Pods are gone; the run itself stays and says why. */
  | { readonly act: "stop-run"; readonly job: JobRef; readonly because: string }
  | { readonly act: "delete-pod"; readonly pod: PodRef; readonly because: string }
  /** Looks for a Pod of ours that the cache lacks because somebody removed our labels: found, it gets them back, and the plan ends. */
  | { readonly act: "find-pod"; readonly pod: Omit<PodRef, "uid">; readonly labels: Readonly<Record<string, string>> }
  /** Puts our labels and annotations back where somebody changed them by hand. */
  | {
      readonly act: "restore-pod-metadata";
      readonly pod: PodRef;
      readonly labels: Readonly<Record<string, string>>;
      readonly annotations: Readonly<Record<string, string>>;
    };

/** Names one run for good. */
export type RunRef = PodRef;

/** Names one Job for good. */
export type JobRef = PodRef;

/** What a run's reconcile does beside its status. */
export type RunAct =
  | { readonly act: "adopt-run"; readonly owner: OwnerReference }
  | CreateClaim
  | { readonly act: "create-job"; readonly job: Job }
  /** Asks the API server why a Job has no Pod, by a dry run of the Pod that it would create. */
  | { readonly act: "check-pod"; readonly pod: Pod }
  /** Puts the label back by which Jobs of ours are watched. */
  | { readonly act: "restore-job-labels"; readonly job: JobRef; readonly labels: Readonly<Record<string, string>> }
  /** Tells the Job that this Pod was taken away and did not fail (condition DisruptionTarget). */
  | {
      readonly act: "mark-disrupted";
      /** With the version that was looked at: a Pod recreated under this name is not meant. */
      readonly pod: { readonly namespace: string; readonly name: string; readonly resourceVersion: string };
    };

/** What one reconcile will do: acts in order, then the whole next status, then when to look again. */
export interface Plan<Status, Acts = Act> {
  readonly acts: readonly Acts[];
  readonly status: Status;
  /** Events about the resource itself; sent once the status that they tell of is written. */
  readonly events: readonly EventNote[];
  readonly wakeAt?: Instant;
}
