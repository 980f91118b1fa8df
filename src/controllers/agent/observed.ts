import type { Agent, AgentStatus } from "../../api/v1alpha1/agent.ts";
import type { AgentRun } from "../../api/v1alpha1/agent-run.ts";
import type { Nightwatch } from "../../api/v1alpha1/nightwatch.ts";
import type { Stored } from "../../kube/types.ts";
import type { Pod } from "../../kube/types-core.ts";
import type { Counters } from "../../nightwatch/counters.ts";
import type { Bucket } from "../../nightwatch/window.ts";
import type { Instant } from "../../runtime/contract.ts";
import type { LogCursor } from "../../telemetry/log-cursor.ts";
import type { RunVerdict } from "../../tools/reader.ts";
import type { DefaultImages } from "../../workloads/pod.ts";
import type { Standing } from "../conditions.ts";
import type { Act, EventNote } from "../plan.ts";

export type StoredAgent = Stored<Agent>;
export type StoredPod = Stored<Pod>;

/** What an agent takes from the fleet that owns it. An agent of no fleet has none. */
export interface FleetContext {
  readonly name: string;
  readonly suspend: boolean;
}

/** May one more running Pod of the fleet be replaced because a spec changed (L6)? `message` says why not. */
export interface RolloutGate {
  readonly open: boolean;
  readonly message: string;
}

/** All that the Agent controller looked at before deciding. Owns no clock and no client. */
export interface Observed {
  readonly agent: StoredAgent;
  /** What is wrong with the spec, field by field; empty as long as the API server checks it against our schema. */
  readonly problems: readonly string[];
  readonly fleet: FleetContext | undefined;
  /** Ours only: controlled by this agent's uid. */
  readonly pods: readonly StoredPod[];
  /** Pods of an earlier agent of this name, still on their way out: no Pod is started beside them (L1). */
  readonly leftovers: readonly StoredPod[];
  /** Runs that name this agent and are its own (owner uid checked); none for a Safety agent. */
  readonly runs: readonly Stored<AgentRun>[];
  /** uid of each run's Job (owner uid checked), by the run's uid. */
  readonly jobs: ReadonlyMap<string, string>;
  readonly rollout: RolloutGate;
  readonly images: DefaultImages;
  /** How the agent is watched: its own fields over its fleet's. Defaults where they do not fit together (see problems). */
  readonly nightwatch: Nightwatch;
  /** What is new since the last evaluation; absent where none is due. */
  readonly evidence?: Evidence;
  /** What the evaluation came to for the Pod that runs: it is replaced. Set by judge. */
  readonly correcting?: "Reload" | "Restart";
  /** A human has just lifted its pause. */
  readonly isResumed?: boolean;
}

/** What one evaluation of an agent goes by (D8), beside what its status holds already. */
export interface Evidence {
  /** False for a reading between two evaluations: its counts are added, and nothing is judged by them (S5). */
  readonly judges: boolean;
  /** A Safety agent's: what its Pod wrote since the cursor, and the cursor after it. Absent: nothing could be read. */
  readonly reading?: {
    readonly counts: Counters;
    /** The same by the minute in which it was written. */
    readonly buckets: readonly Bucket[];
    readonly cursor: LogCursor;
    /** A provider's limit keeps the agent from working; `resetTime` where its end was announced. */
    readonly limit?: { readonly resetTime?: string };
    /** What the tool says of how it ended; absent while it runs. */
    readonly verdict?: RunVerdict;
  };
  /** There is more in the Pod's log than could be read now; one that has ended is kept for it. */
  readonly isUnread?: boolean;
  /** How much was read. */
  readonly bytes: number;
  /** There is more to read: it is read again soon. */
  readonly hasMore: boolean;
  /** Health checks since the previous evaluation. */
  readonly health: readonly Bucket[];
  /** Those that it judged and no status holds, because it was no news (D12). */
  readonly unwrittenHealth: readonly Bucket[];
  /** What was read and not judged since the previous evaluation: it is in the window already. */
  readonly readBefore: readonly Bucket[];
  /** The evidence before this one lies too far back for this one to be judged (D9). */
  readonly isStale: boolean;
  readonly storm: StormView;
}

/** How the agent's group stands towards the storm guard (C6). */
export interface StormView {
  /** When the storm that is on began. */
  readonly begin?: Instant;
  /** The last storm that is over: from its first onset to its end. */
  readonly last?: { readonly onset: Instant; readonly end: Instant };
  /** All others were looked at, so that a correction may be carried out. Else it waits until they were. */
  readonly isClear: boolean;
}

/** What a layer's rules come to: acts, how the agent stands, and what changes in its status beside the conditions. */
export interface Decision {
  readonly acts: readonly Act[];
  readonly standing: Standing;
  /** `undefined` removes a field. */
  readonly changes: { readonly [Field in keyof AgentStatus]?: AgentStatus[Field] | undefined };
  /** Beside what a change of the standing tells by itself. */
  readonly events?: readonly EventNote[];
  readonly wakeAt?: Instant;
}

/** The status that a plan builds on: what was written before, or nothing. */
export function statusBefore(agent: Agent): AgentStatus {
  return agent.status ?? { observedGeneration: -1 };
}

/** True when the spec is not the one that the status speaks of. */
export function isNewGeneration(agent: StoredAgent): boolean {
  return statusBefore(agent).observedGeneration !== agent.metadata.generation;
}

/** What a human asks for through annotations, and where the answer is echoed (api.md, "Labels and annotations"). */
export const request = {
  restart: { annotation: "darkfactory.dev/restart-requested-at", echo: "lastHandledRestartAt" },
  resume: { annotation: "darkfactory.dev/resume-requested-at", echo: "lastHandledResumeAt" },
  pause: { annotation: "darkfactory.dev/pause-requested-at", echo: "lastHandledPauseAt" },
  run: { annotation: "darkfactory.dev/run-requested-at", echo: "lastHandledRunAt" },
  reconcile: { annotation: "darkfactory.dev/reconcile-requested-at", echo: "lastHandledReconcileAt" },
} as const;

/** The value of a request that was not answered yet. */
export function openRequest(agent: StoredAgent, which: keyof typeof request): string | undefined {
  const { annotation, echo } = request[which];
  const asked = agent.metadata.annotations?.[annotation];
  return asked !== undefined && asked !== statusBefore(agent)[echo] ? asked : undefined;
}
