import { setTimeout as sleep } from "node:timers/promises";
import type { KubeClient } from "../../src/kube/client.ts";
import type { ClusterOptions } from "../cluster/cluster.ts";
import type { Log } from "../cluster/failure.ts";
import { exists, inOwnCluster, type Inside, openNamespace } from "../cluster/in-cluster.ts";
import type { Sample } from "./report.ts";

/** A cluster of simulated nodes with our resources, and a client for the bench itself. */
export interface Session extends Inside {
  readonly log: Log;
}

/** Starts a cluster for a bench, and ends it with the bench, however that ends. */
export function inCluster<T>(
  options: Pick<ClusterOptions, "nodes" | "tuned" | "flags"> & { readonly log: Log },
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const name = `bench-${Math.random().toString(36).slice(2, 8)}`;
  return inOwnCluster({ ...options, name, userAgent: "bench" }, (inside) => work({ ...inside, log: options.log }));
}

/** A namespace for one measurement: gone, with all that is in it, before the next may begin. */
export async function inNamespace<T>(
  { client }: Session,
  name: string,
  work: (namespace: string) => Promise<T>,
): Promise<T> {
  await openNamespace(client, name);
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

async function untilGone(client: KubeClient, path: string): Promise<void> {
  while (await exists(client, path)) await sleep(500);
}
