import { setTimeout as sleep } from "node:timers/promises";
import { agentResource } from "../../src/api/v1alpha1/agent.ts";
import type { KubeClient } from "../../src/kube/client.ts";
import { loadConfig } from "../../src/kube/config.ts";
import { createKubeClient } from "../../src/kube/kube-client.ts";
import { runReflector } from "../../src/kube/reflector.ts";
import type { KubeObject, ResourceType, Stored } from "../../src/kube/types.ts";
import { podResource } from "../../src/kube/types-core.ts";
import type { Kept } from "./raw.ts";

/** Long enough for what the lists left behind to be as it is with the operator: collected when V8 likes. */
const REST_MS = 5000;

/** A process of its own, as the operator is: keeps every Agent and Pod current, does nothing with them, and prints what that cost. */
async function keep(kubeconfig: string): Promise<Kept> {
  const client = createKubeClient(await loadConfig({ kubeconfig }), { userAgent: "raw-keeper" });
  const end = new AbortController();
  const start = performance.now();
  const caches = [follow(client, agentResource, end.signal), follow(client, podResource, end.signal)];
  await Promise.all(caches.map(({ synced }) => synced));
  const seconds = (performance.now() - start) / 1000;
  await sleep(REST_MS);
  const rss = process.memoryUsage.rss() / 1e6;
  globalThis.gc?.();
  globalThis.gc?.();
  const heap = process.memoryUsage().heapUsed / 1e6;
  end.abort();
  await Promise.all(caches.map(({ ended }) => ended));
  await client.close();
  return { seconds, rss, heap, objects: caches.reduce((sum, { objects }) => sum + objects.size, 0) };
}

function follow<T extends KubeObject>(client: KubeClient, type: ResourceType<T>, signal: AbortSignal) {
  const objects = new Map<string, Stored<T>>();
  const put = (object: Stored<T>): unknown => objects.set(object.metadata.uid, object);
  const { promise: synced, resolve } = Promise.withResolvers<void>();
  const ended = runReflector({
    client,
    type,
    signal,
    sink: {
      replace(all) {
        objects.clear();
        all.forEach(put);
        resolve();
      },
      apply: ({ type, object }) => (type === "DELETED" ? objects.delete(object.metadata.uid) : put(object)),
      bookmark: () => undefined,
    },
  });
  return { objects, synced, ended };
}

process.stdout.write(JSON.stringify(await keep(process.argv[2] ?? "")));
