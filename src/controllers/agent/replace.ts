import { annotation } from "../../workloads/labels.ts";
import { agentContainer, ownLabels, podHash } from "../../workloads/pod.ts";
import type { Act, PodRef } from "../plan.ts";
import { isNewGeneration, type Observed, openRequest, type StoredPod } from "./observed.ts";

export type ReplaceReason = "Reload" | "Restart" | "SpecChanged" | "EditedByHand" | "RestartRequested";

export const replaceMessage: Readonly<Record<ReplaceReason, string>> = {
  Reload: "a Reload answers its drift",
  Restart: "a Restart answers its drift",
  SpecChanged: "the agent's spec changed",
  EditedByHand: "its image was changed by hand",
  RestartRequested: "a restart was requested",
};

/** Why a Pod must give way to a new one; undefined when it may stay. */
export function reasonToReplace({ agent, correcting }: Observed, pod: StoredPod): ReplaceReason | undefined {
  if (correcting !== undefined) return correcting;
  if (openRequest(agent, "restart") !== undefined) return "RestartRequested";
  const hash = pod.metadata.annotations?.[annotation.podHash];
  // Without our hash (removed by hand) only an unchanged generation says that the Pod still fits.
  const outdated = hash === undefined ? isNewGeneration(agent) : hash !== podHash(agent.spec);
  if (outdated) return "SpecChanged";
  return isEditedByHand(pod) ? "EditedByHand" : undefined;
}

/**
 * Only a Pod whose spec was written to after its creation can have been edited (metadata.generation, since Kubernetes
 * 1.33): an image that admission rewrote at creation is none of our business.
 */
function isEditedByHand(pod: StoredPod): boolean {
  const built = pod.metadata.annotations?.[annotation.image];
  const image = pod.spec.containers.find((container) => container.name === agentContainer)?.image;
  return (pod.metadata.generation ?? 1) > 1 && built !== undefined && image !== built;
}

/** Puts back labels and annotations of ours that somebody changed or removed. */
export function metadataRepair({ agent }: Observed, pod: StoredPod): readonly Act[] {
  const labels = ownLabels(agent);
  const annotations = { [annotation.podHash]: podHash(agent.spec) };
  const holds = (wanted: Record<string, string>, live: Readonly<Record<string, string>> | undefined) =>
    Object.entries(wanted).every(([key, value]) => live?.[key] === value);
  if (holds(labels, pod.metadata.labels) && holds(annotations, pod.metadata.annotations)) return [];
  return [{ act: "restore-pod-metadata", pod: refTo(pod), labels, annotations }];
}

export function refTo(pod: StoredPod): PodRef {
  return { namespace: pod.metadata.namespace ?? "", name: pod.metadata.name, uid: pod.metadata.uid };
}
