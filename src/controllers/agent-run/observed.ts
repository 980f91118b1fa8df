import type { AgentRun, AgentRunStatus } from "../../api/v1alpha1/agent-run.ts";
import type { Nightwatch } from "../../api/v1alpha1/nightwatch.ts";
import type { Job } from "../../kube/types-core.ts";
import type { Stored } from "../../kube/types.ts";
import type { DefaultImages } from "../../workloads/pod.ts";
import type { Output } from "./output.ts";
import type { FleetContext, StoredAgent, StoredPod } from "../agent/observed.ts";

export type StoredRun = Stored<AgentRun>;
export type StoredJob = Stored<Job>;

/** A run's place among those that wait for the same fleet (R2, R3). */
export interface QueuePlace {
  /** It may start now: fewer wait before it than places are free. */
  readonly admitted: boolean;
  /** 1 is next. */
  readonly place: number;
  readonly waiting: number;
  /** spec.concurrency.max of the fleet. */
  readonly most: number;
}

/** All that the AgentRun controller looked at before deciding. */
export interface Observed {
  readonly run: StoredRun;
  readonly agent: StoredAgent | undefined;
  readonly fleet: FleetContext | undefined;
  /** The object under the run's name, whoever's it is. */
  readonly job: StoredJob | undefined;
  /** Pods that the run's Job controls, oldest first. */
  readonly pods: readonly StoredPod[];
  /** Another run of the agent that is deleted and still at work: its name. */
  readonly stopping: string | undefined;
  /** What must end before the agent's persistent workspace is free, in words; undefined where there is none to wait for. */
  readonly beforeInWorkspace: string | undefined;
  readonly queue: QueuePlace;
  readonly images: DefaultImages;
  /** How the run's agent is watched; undefined without one. */
  readonly nightwatch?: Nightwatch;
  /** What the run wrote; absent where it was not read now. */
  readonly output?: Output;
}

export function statusBefore(run: AgentRun): AgentRunStatus {
  return run.status ?? { observedGeneration: -1 };
}
