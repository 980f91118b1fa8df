import { expect, onTestFinished } from "vitest";
import { type Pod, podResource } from "../../src/kube/types-core.ts";
import type { Stored } from "../../src/kube/types.ts";
import { controllerOf } from "../../src/workloads/labels.ts";
import type { Hands } from "./operator-support.ts";
import { eventually } from "./support.ts";

/** What happened to the Pods of a namespace since the witness began to watch, in the API server's own order. */
export interface Testimony {
  /** "+name" when a Pod object came, "-name" when it went. */
  readonly story: readonly string[];
  /** The most Pod objects that one agent (by the name in their owner reference) had at one time. */
  readonly mostAtOnce: (agent: string) => number;
  /** The most of these agents that had, at one time, no Pod that is ready and not asked to stop. */
  readonly mostMissing: (agents: readonly string[]) => number;
  /** A Pod as it was last seen, also one that is gone. */
  readonly last: (name: string) => Stored<Pod> | undefined;
}

export interface PodWitness {
  /** All up to now: waits until the watch has shown what a list shows. */
  testify(): Promise<Testimony>;
}

/** Watches from now until the end of the test. */
export async function watchPods(hands: Pick<Hands, "namespace" | "client">): Promise<PodWitness> {
  const { namespace } = hands;
  const client = hands.client();
  const present = new Map<string, Stored<Pod>>();
  const story: string[] = [];
  const last = new Map<string, Stored<Pod>>();
  const most = new Map<string, number>();
  const upAt: ReadonlySet<string>[] = [];
  const note = (): void => {
    const pods = Map.groupBy(present.values(), (pod) => controllerOf(pod)?.name ?? "");
    for (const [agent, its] of pods) most.set(agent, Math.max(most.get(agent) ?? 0, its.length));
    upAt.push(new Set([...pods].filter(([, its]) => its.some(isUp)).map(([agent]) => agent)));
  };
  const read = async (): Promise<{ readonly pods: readonly Stored<Pod>[]; readonly resourceVersion: string }> => {
    const pages = await Array.fromAsync(client.list(podResource, { namespace }));
    return { pods: pages.flatMap(({ items }) => items), resourceVersion: pages.at(-1)?.resourceVersion ?? "" };
  };

  const { pods, resourceVersion } = await read();
  for (const pod of pods) {
    present.set(pod.metadata.uid, pod);
    last.set(pod.metadata.name, pod);
  }
  note();
  const end = new AbortController();
  const opened = Promise.withResolvers<void>();
  const watching = (async () => {
    const options = { namespace, resourceVersion, signal: end.signal, onOpen: () => opened.resolve() };
    for await (const event of client.watch(podResource, options)) {
      if (event.type === "BOOKMARK") continue;
      const { name, uid } = event.object.metadata;
      last.set(name, event.object);
      if (event.type === "DELETED") present.delete(uid);
      else present.set(uid, event.object);
      if (event.type !== "MODIFIED") story.push(`${event.type === "ADDED" ? "+" : "-"}${name}`);
      note();
    }
  })();
  onTestFinished(async () => {
    end.abort();
    await watching;
  });
  await Promise.race([opened.promise, watching]);
  return {
    async testify() {
      await eventually(async () => expect(versions(present.values())).toEqual(versions((await read()).pods)));
      return {
        story: [...story],
        mostAtOnce: (agent) => most.get(agent) ?? 0,
        last: (name) => last.get(name),
        mostMissing: (agents) => Math.max(...upAt.map((up) => agents.filter((agent) => !up.has(agent)).length)),
      };
    },
  };
}

function versions(pods: Iterable<Stored<Pod>>): readonly string[] {
  return [...pods].map(({ metadata }) => `${metadata.uid} ${metadata.resourceVersion}`).toSorted();
}

/** Runs, is ready, and nobody has asked it to stop. */
function isUp({ metadata, status }: Stored<Pod>): boolean {
  const ready = status?.conditions?.find(({ type }) => type === "Ready")?.status === "True";
  return metadata.deletionTimestamp === undefined && status?.phase === "Running" && ready;
}
