import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { KubeClient } from "../../src/kube/client.ts";
import { loadConfig } from "../../src/kube/config.ts";
import { isNotFound } from "../../src/kube/errors.ts";
import { createKubeClient } from "../../src/kube/kube-client.ts";
import { type AuditRule, auditFlags } from "../cluster/audit-log.ts";
import { type Cluster, type ClusterOptions, startCluster } from "../cluster/cluster.ts";
import { installCrds } from "../cluster/for-tests.ts";
import { PERSON } from "./audit-trail.ts";
import { until } from "./until.ts";

/** A cluster, and a client that knows no faults. */
export interface Theatre {
  readonly cluster: Cluster;
  readonly client: KubeClient;
  /** Where the audit log, if there is one, and the operators' logs are. */
  readonly folder: string;
}

export interface TheatreOptions extends Pick<ClusterOptions, "tuned"> {
  /** What the API server writes down in its audit log; default: it keeps none, for the log is work of its own. */
  readonly audit?: readonly AuditRule[];
}

/** Opens one for the time of `work`, and leaves nothing of it. `tuned`: Kubernetes' own controllers without their request limits. */
export async function inTheatre<T>(
  nodes: number,
  work: (theatre: Theatre) => Promise<T>,
  { tuned = false, audit }: TheatreOptions = {},
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "chaos-"));
  const flags = audit === undefined ? {} : { flags: await auditFlags(folder, audit) };
  const cluster = await startCluster({ nodes: { simulated: nodes }, ...flags, tuned });
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
