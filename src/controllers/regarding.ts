import { apiVersion } from "../api/v1alpha1/object.ts";
import type { EventReference } from "../kube/events.ts";
import type { Stored } from "../kube/types.ts";

/** How an event names one of our objects. */
export function regarding(kind: "Agent" | "AgentFleet" | "AgentRun", { metadata }: Stored): EventReference {
  const { name, namespace, uid } = metadata;
  return { apiVersion, kind, name, ...(namespace === undefined ? {} : { namespace }), uid };
}
