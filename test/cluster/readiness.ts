import { setTimeout as sleep } from "node:timers/promises";
import { isHealthy, requestApi } from "./api-request.ts";
import { mustBeAlive, type Component, type ComponentName } from "./components.ts";
import { ClusterFailure } from "./failure.ts";
import { kubeletHealthPort } from "./ports.ts";
import { isContainerdReady } from "./real-node.ts";
import { directoryOf, serverOf, type ClusterRecord } from "./record.ts";

const healthChecks: Readonly<Record<ComponentName, (record: ClusterRecord) => Promise<boolean>>> = {
  etcd: ({ address, ports }) => isHealthy(`http://${address}:${ports.etcd}/health`),
  "kube-apiserver": (record) => isHealthy(`${serverOf(record)}/readyz`),
  "kube-controller-manager": ({ address, ports }) => isHealthy(`https://${address}:${ports.controllerManager}/healthz`),
  "kube-scheduler": ({ address, ports }) => isHealthy(`https://${address}:${ports.scheduler}/healthz`),
  kwok: ({ address, ports }) => isHealthy(`http://${address}:${ports.kubelet}/healthz`),
  kubelet: ({ address }) => isHealthy(`http://${address}:${kubeletHealthPort}/healthz`),
  containerd: isContainerdReady,
};

/** Whether a component answers that it is healthy. */
export function isReady(record: ClusterRecord, name: ComponentName): Promise<boolean> {
  return healthChecks[name](record);
}

/** Whether the namespace default can take Pods: until its ServiceAccount exists they are Forbidden. */
export async function hasDefaultServiceAccount(record: ClusterRecord): Promise<boolean> {
  const { status } = await requestApi(record, "GET", "/api/v1/namespaces/default/serviceaccounts/default");
  return status === 200;
}

interface NodeList {
  readonly items: readonly {
    readonly spec: { readonly taints?: readonly unknown[] };
    readonly status: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
  }[];
}

/** Whether that many Nodes are Ready and take Pods (a new Node is tainted until the controller manager saw it Ready). */
export async function hasReadyNodes(record: ClusterRecord, count: number): Promise<boolean> {
  const { status, body } = await requestApi(record, "GET", "/api/v1/nodes");
  if (status !== 200) return false;
  const ready = (body as NodeList).items.filter(
    (node) =>
      (node.spec.taints ?? []).length === 0 &&
      node.status.conditions?.some((condition) => condition.type === "Ready" && condition.status === "True"),
  );
  return ready.length >= count;
}

/** Long enough for a busy machine; a component that ended is noticed at once. */
const timeoutMs = 120_000;

interface Wait {
  /** What is waited for, as it completes "waited for …". */
  readonly what: string;
  readonly condition: () => Promise<boolean>;
  /** The components without which there is nothing to wait for. */
  readonly needed: readonly Component[];
  readonly aborted?: AbortSignal | undefined;
}

/** Returns when the condition holds. Refuses when a needed component has ended, or after two minutes. */
export async function until(record: ClusterRecord, { what, condition, needed, aborted }: Wait): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    aborted?.throwIfAborted();
    if (await condition().catch(() => false)) return;
    for (const component of needed) await mustBeAlive(directoryOf(record), component);
    if (Date.now() > deadline) throw new ClusterFailure(`cluster ${record.name}: waited two minutes for ${what}`);
    await sleep(50);
  }
}
