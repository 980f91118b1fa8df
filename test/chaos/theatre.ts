import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { KubeClient } from "../../src/kube/client.ts";
import { loadConfig } from "../../src/kube/config.ts";
import { isNotFound } from "../../src/kube/errors.ts";
import { createKubeClient } from "../../src/kube/kube-client.ts";
import { auditFlags } from "../cluster/audit-log.ts";
import { type Cluster, type ClusterOptions, startCluster } from "../cluster/cluster.ts";
import { installCrds } from "../cluster/for-tests.ts";
import { auditRules, PERSON } from "./audit-trail.ts";
import { until } from "./until.ts";

/** A cluster whose API server writes down all that changes, and a client that knows no faults. */
export interface Theatre {
  readonly cluster: Cluster;
  readonly client: KubeClient;
  /** Where the audit log and the operators' logs are. */
  readonly folder: string;
}

/** Opens one for the time of `work`, and leaves nothing of it. `tuned`: Kubernetes' own controllers without their request limits. */
export async function inTheatre<T>(
  nodes: number,
  work: (theatre: Theatre) => Promise<T>,
  { tuned = false }: Pick<ClusterOptions, "tuned"> = {},
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "chaos-"));
  const flags = await auditFlags(folder, auditRules);
  const cluster = await startCluster({ nodes: { simulated: nodes }, flags, tuned });
  try {
    await installCrds({ ...cluster, kubectl: join(cluster.binDir, "kubectl") });
    const client = createKubeClient(await loadConfig({ kubeconfig: cluster.kubeconfig }), { userAgent: PERSON });
    try {
      return await work({ cluster, client, folder });
    } finally {
      await client.close();
    }
  } finally {
    await cluster.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** A namespace that takes Pods. */
export async function openNamespace(client: KubeClient, name: string): Promise<void> {
  await client.raw("POST", "/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name } });
  await until(`namespace ${name} has its ServiceAccount`, async () => {
    try {
      await client.raw("GET", `/api/v1/namespaces/${name}/serviceaccounts/default`);
      return true;
    } catch (error) {
      if (isNotFound(error)) return false;
      throw error;
    }
  });
}
