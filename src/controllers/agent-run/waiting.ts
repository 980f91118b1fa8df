import { condition } from "../conditions.ts";
import type { Observed } from "./observed.ts";

/** Why a run has not started, in the words of its Started condition (R2). */
export interface Waiting {
  readonly reason: WaitingReason;
  readonly message: string;
}

export type WaitingReason =
  | "AgentNotFound"
  | "AgentPaused"
  | "AgentSuspended"
  | "FleetSuspended"
  | "Queued"
  | "ConcurrencyLimit"
  | "WorkspaceInUse"
  | "StoppingPrevious";

/** The first thing that keeps a run from starting; undefined when it may start now. */
export function whyItWaits(seen: Observed): Waiting | undefined {
  const { run, agent, fleet, queue } = seen;
  const { name } = run.spec.agentRef;
  if (agent === undefined || agent.metadata.deletionTimestamp !== undefined) {
    return {
      reason: "AgentNotFound",
      message: `there is no Agent ${name} in this namespace; the run starts when there is`,
    };
  }
  if (condition(agent.status?.conditions, "Paused")?.status === "True" || agent.status?.pause !== undefined) {
    return { reason: "AgentPaused", message: `Agent ${name} is paused; the run starts when it is resumed` };
  }
  if (agent.spec.suspend) {
    return {
      reason: "AgentSuspended",
      message: `Agent ${name} is suspended (spec.suspend); the run starts when it no longer is`,
    };
  }
  if (fleet?.suspend === true) {
    return {
      reason: "FleetSuspended",
      message: `AgentFleet ${fleet.name} is suspended; the run starts when it no longer is`,
    };
  }
  if (seen.stopping !== undefined) {
    return { reason: "StoppingPrevious", message: `run ${seen.stopping} of the same agent is being stopped` };
  }
  if (seen.beforeInWorkspace !== undefined) {
    return { reason: "WorkspaceInUse", message: `${seen.beforeInWorkspace} in the agent's persistent workspace` };
  }
  if (!queue.admitted) {
    const reason = queue.place === 1 ? "ConcurrencyLimit" : "Queued";
    const message = `place ${queue.place} of ${queue.waiting} in the queue: AgentFleet ${fleet?.name ?? ""} runs at most ${queue.most} Pods and Jobs at a time`;
    return { reason, message };
  }
  return undefined;
}
