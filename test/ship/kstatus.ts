import type { Condition } from "../../src/kube/types.ts";

/** An object as far as kstatus looks at it. */
export interface Judged {
  readonly metadata: { readonly generation?: number | undefined; readonly deletionTimestamp?: string | undefined };
  readonly status?:
    | { readonly observedGeneration?: number | undefined; readonly conditions?: readonly Condition[] | undefined }
    | undefined;
}

/**
 * Whether an object is done, as Flux and Helm 4 judge it: a port of kstatus (sigs.k8s.io/cli-utils, generic.go and
 * status.go), in its order.
 */
export function kstatus({ metadata, status }: Judged): "Terminating" | "InProgress" | "Failed" | "Current" {
  if (metadata.deletionTimestamp !== undefined) return "Terminating";
  if (status?.observedGeneration !== undefined && status.observedGeneration !== metadata.generation)
    return "InProgress";
  // The first that matches wins, in the order of the list.
  for (const { type, status: value } of status?.conditions ?? []) {
    if (type === "Reconciling" && value === "True") return "InProgress";
    if (type === "Stalled" && value === "True") return "Failed";
  }
  const ready = status?.conditions?.find(({ type }) => type === "Ready");
  return ready === undefined || ready.status === "True" ? "Current" : "InProgress";
}
