import type { OwnerReference } from "../kube/types.ts";

/** Labels and annotations of what darkfactory creates (api.md, "Labels and annotations"). */
export const label = {
  managedBy: "app.kubernetes.io/managed-by",
  fleet: "darkfactory.dev/fleet",
  agent: "darkfactory.dev/agent",
  run: "darkfactory.dev/run",
  layer: "darkfactory.dev/layer",
} as const;

export const annotation = {
  /** On a Pod: the hash of the agent's fields that shaped it (L6). */
  podHash: "darkfactory.dev/pod-hash",
  /** On a Pod: the image that it was built with, so that an edit by hand is told from an image that admission rewrote. */
  image: "darkfactory.dev/image",
  /** On an Agent of a fleet: the hash of what the fleet last applied. */
  appliedHash: "darkfactory.dev/applied-hash",
  /** On a claim: since when its workspace is the agent's (workspaceSince): two times of one second are told by this alone. */
  workspaceSince: "darkfactory.dev/workspace-since",
} as const;

export const managedBy = "darkfactory";

/** Selects all that darkfactory created, and nothing else. */
export const managedSelector = `${label.managedBy}=${managedBy}`;

/** A controller reference from a child to its owner of this API group. */
export function controlledBy(
  kind: "Agent" | "AgentFleet" | "AgentRun",
  owner: { name: string; uid: string },
): OwnerReference {
  return {
    apiVersion: "darkfactory.dev/v1alpha1",
    kind,
    name: owner.name,
    uid: owner.uid,
    controller: true,
    blockOwnerDeletion: true,
  };
}

/** The owner that controls an object, if any has said so. */
export function controllerOf(object: {
  readonly metadata: { readonly ownerReferences?: readonly OwnerReference[] };
}): OwnerReference | undefined {
  return object.metadata.ownerReferences?.find((reference) => reference.controller === true);
}
