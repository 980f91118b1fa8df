import type { ClusterConfig } from "./kube/cluster-config.ts";
import { IN_CLUSTER } from "./kube/in-cluster.ts";
import type { Options } from "./options.ts";

/** The Lease by which replicas decide who acts. */
export interface LeaderLease {
  readonly namespace: string;
  readonly name: string;
  /** What a person should know of this place, who did not choose it. */
  readonly warning?: string;
}

/**
 * Where the Lease stands if nobody says so: in a Pod's own namespace, which is there as long as the operator. A person's
 * kubeconfig may open no other namespace than the watched ones.
 */
export function leaderLease(
  options: Pick<Options, "leader-election-namespace" | "leader-election-id" | "namespaces">,
  config: Pick<ClusterConfig, "namespace" | "source">,
): LeaderLease {
  const { "leader-election-namespace": chosen, "leader-election-id": name, namespaces } = options;
  if (chosen !== undefined) return { namespace: chosen, name };
  const [first] = namespaces;
  if (config.source === IN_CLUSTER || first === undefined) return { namespace: config.namespace, name };
  if (namespaces.length === 1) return { namespace: first, name };
  const others = namespaces.slice(1).join(", ");
  const warning =
    `the Lease stands in namespace ${first}: when that is deleted, the operator ends, and nobody acts in ${others} either; ` +
    "--leader-election-namespace names another place";
  return { namespace: first, name, warning };
}
