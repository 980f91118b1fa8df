import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Cluster, type ClusterOptions, startCluster } from "../cluster/cluster.ts";
import type { Log } from "../cluster/failure.ts";
import { installCrds } from "../cluster/for-tests.ts";
import type { KubeClient } from "../../src/kube/client.ts";
import { loadConfig } from "../../src/kube/config.ts";
import { isNotFound } from "../../src/kube/errors.ts";
import { createKubeClient } from "../../src/kube/kube-client.ts";
import type { Sample } from "./report.ts";

/** A cluster of simulated nodes with our resources, and a client for the bench itself. */
export interface Session {
  readonly cluster: Cluster;
  readonly client: KubeClient;
  readonly log: Log;
}

/** Starts a cluster for a bench, and ends it with the bench, however that ends. */
export async function inCluster<T>(
  options: Pick<ClusterOptions, "nodes" | "tuned" | "flags"> & { readonly log: Log },
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const { log } = options;
  const cluster = await startCluster({ ...options, name: `bench-${Math.random().toString(36).slice(2, 8)}` });
  try {
    await installCrds({ ...cluster, kubectl: join(cluster.binDir, "kubectl") });
    const client = createKubeClient(await loadConfig({ kubeconfig: cluster.kubeconfig }), { userAgent: "bench" });
    try {
      return await work({ cluster, client, log });
    } finally {
      await client.close();
    }
  } finally {
    await cluster.stop();
  }
}

/** A namespace for one measurement: gone, with all that is in it, before the next may begin. */
export async function inNamespace<T>(
  { client }: Session,
  name: string,
  work: (namespace: string) => Promise<T>,
): Promise<T> {
  await client.raw("POST", "/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name } });
  await untilThere(client, `/api/v1/namespaces/${name}/serviceaccounts/default`);
  const result = await work(name);
  await client.raw("DELETE", `/api/v1/namespaces/${name}`);
  await untilGone(client, `/api/v1/namespaces/${name}`);
  return result;
}

/**
 * Measures several ways in turn, so many times; whoever comes first has the fresher cluster, so the order changes each time.
 * `compare` adds what follows from the figures of one round.
 */
export async function inTurns(
  session: Session,
  name: string,
  times: number,
  ways: readonly ((session: Session, namespace: string) => Promise<Sample>)[],
  compare: (sample: Sample) => Sample,
): Promise<readonly Sample[]> {
  const samples: Sample[] = [];
  for (let round = 0; round < times; round++) {
    const order = ways.map((_, index) => (index + round) % ways.length);
    let sample: Sample = {};
    for (const index of order) sample = { ...sample, ...(await ways[index]?.(session, `${name}-${round}-${index}`)) };
    sample = { ...sample, ...compare(sample) };
    samples.push(sample);
    session.log(`bench: ${name}, round ${round + 1} of ${times}: ${JSON.stringify(sample)}`);
  }
  return samples;
}

async function untilThere(client: KubeClient, path: string): Promise<void> {
  while (!(await exists(client, path))) await sleep(100);
}

async function untilGone(client: KubeClient, path: string): Promise<void> {
  while (await exists(client, path)) await sleep(500);
}

async function exists(client: KubeClient, path: string): Promise<boolean> {
  try {
    await client.raw("GET", path);
    return true;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}
