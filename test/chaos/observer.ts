import { setTimeout as sleep } from "node:timers/promises";
import { agentResource } from "../../src/api/v1alpha1/agent.ts";
import { agentFleetResource } from "../../src/api/v1alpha1/agent-fleet.ts";
import { agentRunResource } from "../../src/api/v1alpha1/agent-run.ts";
import type { KubeClient } from "../../src/kube/client.ts";
import { isTransient, KubeError } from "../../src/kube/errors.ts";
import { EVENT } from "../../src/kube/events.ts";
import { jobResource, podResource } from "../../src/kube/types-core.ts";
import type { ResourceType } from "../../src/kube/types.ts";
import { type Change, type ObservedKind, presentAtEnd, type Watched } from "./history.ts";
import { until } from "../until.ts";

const types: Readonly<Record<ObservedKind, ResourceType>> = {
  AgentFleet: agentFleetResource,
  Agent: agentResource,
  AgentRun: agentRunResource,
  Pod: podResource,
  Job: jobResource,
  Event: EVENT,
};

/** How soon a watch that failed is tried again where the server asks for no more patience. */
const AGAIN_MS = 100;

/** Watches a namespace with watches of its own, which nobody spoils. */
export interface Observer {
  /** All that happened up to now, in the API server's order: waits until the watches have told what a list tells. */
  changes(): Promise<readonly Change[]>;
  stop(): Promise<void>;
}

/** Observes from now on. What is there already counts as added. */
export async function observe(client: KubeClient, namespace: string): Promise<Observer> {
  const changes: Change[] = [];
  const end = new AbortController();
  const watches = await Promise.all(
    Object.entries(types).map(([kind, type]) =>
      follow({ client, type, namespace, signal: end.signal }, (change, object) =>
        changes.push({ type: change, kind: kind as ObservedKind, object }),
      ),
    ),
  );
  const running = Promise.all(watches.map(({ ended }) => ended));
  // Told to whoever asks for the changes: a watch that lost its way makes no history.
  running.catch(() => undefined);
  const hasCaughtUp = async (): Promise<boolean> => {
    const lists = await Promise.all(Object.values(types).map((type) => list(client, type, namespace)));
    const there = lists.flat().map(versionOf);
    const told = presentAtEnd(changes).map(({ object }) => versionOf(object));
    return there.toSorted().join() === told.toSorted().join();
  };
  return {
    async changes() {
      await Promise.race([running, until("the observer's watches have told all", hasCaughtUp)]);
      return inOrder(changes);
    },
    async stop() {
      end.abort();
      await running;
    },
  };
}

interface Following {
  readonly client: KubeClient;
  readonly type: ResourceType;
  readonly namespace: string;
  readonly signal: AbortSignal;
}

/**
 * Watches for good, from what is there on. An API server ends and refuses watches as it likes, one of a kind that was only
 * just installed with "storage is (re)initializing"; a version that is gone is an error here.
 */
async function follow(
  { client, type, namespace, signal }: Following,
  tell: (change: Change["type"], object: Watched) => void,
): Promise<{ readonly ended: Promise<void> }> {
  const begun = Promise.withResolvers<void>();
  let resourceVersion: string | undefined;
  const watchOnce = async (): Promise<void> => {
    const there: Watched[] = [];
    // Not from a list: a kind's new storage may begin at a version after it, and refuses to tell of what was between.
    const from = resourceVersion === undefined ? { sendInitialEvents: true } : { resourceVersion };
    for await (const event of client.watch(type, { namespace, signal, ...from })) {
      if (event.type === "BOOKMARK") {
        if (resourceVersion === undefined && !event.initialEventsEnd) continue;
        ({ resourceVersion } = event);
        for (const object of there.splice(0)) tell("ADDED", object);
        begun.resolve();
      } else if (resourceVersion === undefined) {
        there.push(event.object);
      } else {
        ({ resourceVersion } = event.object.metadata);
        tell(event.type, event.object);
      }
    }
  };
  const watching = async (): Promise<void> => {
    while (!signal.aborted) {
      try {
        await watchOnce();
      } catch (error) {
        if (!isTransient(error)) throw error;
        const askedMs = error instanceof KubeError ? 1000 * (error.retryAfterSeconds ?? 0) : 0;
        await sleep(Math.max(askedMs, AGAIN_MS), undefined, { signal }).catch(() => undefined);
      }
    }
  };
  const ended = watching();
  await Promise.race([begun.promise, ended]);
  return { ended };
}

async function list(client: KubeClient, type: ResourceType, namespace: string): Promise<readonly Watched[]> {
  return (await Array.fromAsync(client.list(type, { namespace }))).flatMap(({ items }) => items);
}

const versionOf = ({ metadata }: Watched): string => `${metadata.uid} ${metadata.resourceVersion}`;

/** One etcd counts all changes of all kinds, so versions order what six watches told. */
function inOrder(changes: readonly Change[]): readonly Change[] {
  const version = ({ object }: Change): number => Number(object.metadata.resourceVersion);
  return changes.toSorted((a, b) => version(a) - version(b));
}
