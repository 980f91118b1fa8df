import type { Agent } from "../../api/v1alpha1/agent.ts";
import type { AgentFleet } from "../../api/v1alpha1/agent-fleet.ts";
import type { ObjectRef } from "../../kube/types.ts";
import type { Informer } from "../../runtime/contract.ts";
import { controllerOf } from "../../workloads/labels.ts";
import type { Storms } from "../agent/storms.ts";
import type { Observed, Refusal } from "./observed.ts";

/** Where the AgentFleet controller looks: caches only, and what the API server refused before. */
export interface Sources {
  /** With the index "owner": the uid of the controlling fleet. */
  readonly agents: Informer<Agent>;
  readonly fleets: Informer<AgentFleet>;
  readonly refused: ReadonlyMap<string, ReadonlyMap<string, Refusal>>;
  readonly storms: Pick<Storms, "stormsOf">;
}

/** Everything that a decision about one fleet needs; undefined when the fleet is gone. */
export function gather({ agents, fleets, refused, storms }: Sources, ref: ObjectRef): Observed | undefined {
  const fleet = fleets.get(ref);
  if (fleet === undefined) return undefined;
  const { uid, namespace = "" } = fleet.metadata;
  const named = (fleet.spec.agents ?? []).map(({ name }) => agents.get({ namespace, name }));
  return {
    fleet,
    owned: agents.byIndex("owner", uid),
    foreign: named.filter((agent) => agent !== undefined).filter((agent) => controllerOf(agent)?.uid !== uid),
    refused: refused.get(uid) ?? new Map<string, Refusal>(),
    ...storms.stormsOf(uid),
  };
}
