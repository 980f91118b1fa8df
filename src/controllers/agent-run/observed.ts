import type { AgentRun, AgentRunStatus } from "../../api/v1alpha1/agent-run.ts";
import type { Nightwatch } from "../../api/v1alpha1/nightwatch.ts";
import type { Job } from "../../kube/types-core.ts";
import type { Stored } from "../../kube/types.ts";
import type { Tally } from "../../nightwatch/tally.ts";
import type { RunVerdict } from "../../tools/reader.ts";
import type { DefaultImages } from "../../workloads/pod.ts";
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

/** What a run has written, as far as it was read. */
export interface Output {
  /** All of it, what its status held before included. */
  readonly tally: Tally;
  readonly cursor: AgentRunStatus["cursor"];
  /** What the tool says of the end of the last Pod; absent while it runs. */
  readonly verdict?: RunVerdict;
  readonly hasMore: boolean;
  /** How much was read. */
  readonly bytes: number;
  /** Nothing was read: too many others are, just now. */
  readonly isBusy?: boolean;
  /** Why the rest could not be read, in words; absent: all was read. */
  readonly unread?: string;
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
