/** One permission as RBAC knows it. `resource` is plural, or plural/subresource. */
export interface Permission {
  readonly group: string;
  readonly resource: string;
  readonly verb: string;
  /** Of one object only. */
  readonly name?: string;
}

const OURS = "darkfactory.dev";

const rules: readonly (readonly [group: string, resources: readonly string[], verbs: readonly string[]])[] = [
  [OURS, ["agentfleets"], ["list", "watch"]],
  [OURS, ["agents"], ["get", "list", "watch", "create", "patch", "delete"]],
  [OURS, ["agentruns"], ["get", "list", "watch", "create", "patch", "delete"]],
  [OURS, ["agentfleets/status", "agents/status", "agentruns/status"], ["patch"]],
  ["", ["pods"], ["get", "list", "watch", "create", "patch", "delete"]],
  ["", ["pods/status"], ["patch"]],
  ["", ["pods/log"], ["get"]],
  ["", ["persistentvolumeclaims"], ["get", "create", "delete"]],
  ["batch", ["jobs"], ["get", "list", "watch", "create", "patch", "delete"]],
  ["events.k8s.io", ["events"], ["get", "create", "patch"]],
];

/**
 * What the operator does in each namespace that it watches. A test holds it against the role of the chart, which grants
 * update on finalizers besides: only some clusters ask for that.
 */
export const permissions: readonly Permission[] = rules.flatMap(([group, resources, verbs]) =>
  resources.flatMap((resource) => verbs.map((verb) => ({ group, resource, verb }))),
);

/** What the election of a leader needs in the Lease's namespace. */
export const leasePermissions = (name: string): readonly Permission[] => {
  const lease = { group: "coordination.k8s.io", resource: "leases" };
  return [
    { ...lease, verb: "create" },
    { ...lease, verb: "get", name },
    { ...lease, verb: "update", name },
  ];
};
