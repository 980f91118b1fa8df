import { describe, isForbidden, isNotFound, isUnauthorized, TransportError } from "../kube/errors.ts";
import type { Informer } from "./contract.ts";
import type { RunnableInformer } from "./informer.ts";
import { resourceName } from "./keys.ts";

/** The part of an informer that tells what it waits for. */
export type Waiting = Pick<RunnableInformer, "hasSynced" | "reflectorState"> & { readonly type: Informer["type"] };

/** Why a cache is not filled yet, in one line for a human; undefined when it is. */
export function whyNotSynced(informer: Waiting): string | undefined {
  if (informer.hasSynced()) return undefined;
  const { type } = informer;
  const error = informer.reflectorState()?.lastError;
  if (error === undefined) return `reading ${resourceName(type)}`;
  if (error instanceof TransportError) return `the API server cannot be reached: ${error.message}`;
  // describe names verb and resource.
  if (isForbidden(error) || isUnauthorized(error)) return describe(error);
  if (isNotFound(error)) {
    return isCustom(type.group)
      ? `${resourceName(type)} is not known to the API server; the CRDs are not installed: kubectl apply -f crds/`
      : `the API server does not serve ${resourceName(type)} ${type.version}`;
  }
  return describe(error);
}

/** What the caches wait for, each reason once: an API server that is down is one line, not one for each kind. */
export function waitingFor(informers: readonly Waiting[]): readonly string[] {
  return [...new Set(informers.map(whyNotSynced).filter((why) => why !== undefined))];
}

/** Kubernetes' own groups have no dot (apps) or end in k8s.io. */
function isCustom(group: string): boolean {
  return group.includes(".") && !group.endsWith(".k8s.io");
}
