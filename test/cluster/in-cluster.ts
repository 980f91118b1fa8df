import { join } from "node:path";
import type { KubeClient } from "../../src/kube/client.ts";
import { loadConfig } from "../../src/kube/config.ts";
import { isNotFound } from "../../src/kube/errors.ts";
import { createKubeClient } from "../../src/kube/kube-client.ts";
import { until } from "../until.ts";
import { type Cluster, type ClusterOptions, startCluster } from "./cluster.ts";
import { installCrds } from "./for-tests.ts";

/** A cluster that knows our resources, and a client of its administrator. */
export interface Inside {
  readonly cluster: Cluster;
  readonly client: KubeClient;
}

/** Starts one for the time of `work`, and leaves nothing of it, however that ends. */
export async function inOwnCluster<T>(
  { userAgent, ...options }: ClusterOptions & { readonly userAgent: string },
  work: (inside: Inside) => Promise<T>,
): Promise<T> {
  const cluster = await startCluster(options);
  try {
    await installCrds({ ...cluster, kubectl: join(cluster.binDir, "kubectl") });
    const client = createKubeClient(await loadConfig({ kubeconfig: cluster.kubeconfig }), { userAgent });
    try {
      return await work({ cluster, client });
    } finally {
      await client.close();
    }
  } finally {
    await cluster.stop();
  }
}

/** A namespace that takes Pods. */
export async function openNamespace(client: KubeClient, name: string): Promise<void> {
  await client.raw("POST", "/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name } });
  await until(`namespace ${name} has its ServiceAccount`, () =>
    exists(client, `/api/v1/namespaces/${name}/serviceaccounts/default`),
  );
}

/** Whether there is something at a path. */
export async function exists(client: KubeClient, path: string): Promise<boolean> {
  try {
    await client.raw("GET", path);
    return true;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}
