import type { Pod } from "../../kube/types-core.ts";
import type { Stored } from "../../kube/types.ts";
import { hasEnded } from "../../workloads/pod-end.ts";
import { controllerOf, label } from "../../workloads/labels.ts";
import type { Caches } from "../caches.ts";
import { owningFleet } from "./gather.ts";
import { nightwatchOf } from "./nightwatch.ts";
import type { StoredAgent } from "./observed.ts";

/** Whose health a Pod's is: a Safety agent's own, or that of the agent whose run it works for. */
export function watchedAgentOf({ agents, fleets }: Caches) {
  return (pod: Stored<Pod>): { readonly uid: string; readonly windowSeconds: number } | undefined => {
    const owner = controllerOf(pod);
    // A run's Pod that has ended should not be running, and is kept as history: it is not checked (S6).
    if (owner?.kind !== "Agent" && hasEnded(pod)) return undefined;
    const name = owner?.kind === "Agent" ? owner.name : pod.metadata.labels?.[label.agent];
    const agent = name === undefined ? undefined : agents.get({ namespace: pod.metadata.namespace ?? "", name });
    if (agent === undefined || (owner?.kind === "Agent" && owner.uid !== agent.metadata.uid)) return undefined;
    const { windowSeconds } = nightwatchOf(owningFleet(fleets, agent), agent).settings;
    return { uid: agent.metadata.uid, windowSeconds };
  };
}

/** How often an agent is evaluated, in seconds. */
export function intervalOf({ fleets }: Caches) {
  return (agent: StoredAgent): number =>
    nightwatchOf(owningFleet(fleets, agent), agent).settings.evaluationIntervalSeconds;
}
