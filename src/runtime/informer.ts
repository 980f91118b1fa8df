import { describe } from "../kube/errors.ts";
import type { KubeClient } from "../kube/client.ts";
import type { ReflectorOptions, ReflectorSink, ReflectorState } from "../kube/reflector-contract.ts";
import { runReflector } from "../kube/reflector.ts";
import type { KubeObject, ResourceType, Stored } from "../kube/types.ts";
import type { EventHandler, Informer, Key } from "./contract.ts";
import { keyOf, resourceName } from "./keys.ts";
import type { Logger } from "./logging.ts";
import { createStore, type Indexes } from "./store.ts";

export interface InformerOptions<T extends KubeObject> {
  readonly type: ResourceType<T>;
  readonly client: Pick<KubeClient, "list" | "watch">;
  readonly logger: Logger;
  /** Absent: all namespaces. */
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly indexes?: Indexes<T>;
  /** Called when the reflector's state changed: for metrics. */
  readonly onState?: (state: ReflectorState) => void;
  /** How to keep the cache current; default the reflector of kube/. */
  readonly reflect?: (options: ReflectorOptions<T>) => Promise<void>;
  /** Passed on to the reflector. */
  readonly tuning?: Pick<
    ReflectorOptions<T>,
    "clock" | "random" | "idleMs" | "watchSeconds" | "relistMs" | "transform"
  >;
}

/** An informer together with what keeps it current. */
export interface RunnableInformer<T extends KubeObject = KubeObject> extends Informer<T> {
  /** Lists and watches until the signal fires; survives every failure. Call it once. */
  run(signal: AbortSignal): Promise<void>;
  /** Resolves when the first list is in the cache, however long that takes. */
  whenSynced(): Promise<void>;
  /** What the reflector is doing; undefined before run. */
  reflectorState(): ReflectorState | undefined;
}

type Delivery<T extends KubeObject> = (handler: EventHandler<T>) => void;

/** An empty cache of one kind. Handlers that are registered later are told of every object that is already there. */
export function createInformer<T extends KubeObject>(options: InformerOptions<T>): RunnableInformer<T> {
  const { type, client, logger, reflect = runReflector } = options;
  const store = createStore(options.indexes ?? {});
  const handlers: EventHandler<T>[] = [];
  const listeners: (() => void)[] = [];
  let lastResourceVersion: string | undefined;
  let state: ReflectorState | undefined;
  let isCut = false;
  const synced = Promise.withResolvers<void>();

  function deliver(delivery: Delivery<T>, to: readonly EventHandler<T>[] = handlers): void {
    for (const handler of to) {
      try {
        delivery(handler);
      } catch (error) {
        logger.error({ err: error, resource: type.plural }, "an event handler failed; the event is lost to it");
      }
    }
  }

  /** Puts the object into the store and gives the events that this makes. */
  function put(object: Stored<T>, isInInitialList: boolean): readonly Delivery<T>[] {
    const before = store.get(object.metadata);
    const added: Delivery<T> = (handler) => handler.added?.(object, isInInitialList);
    store.set(object);
    if (before === undefined) return [added];
    if (before.metadata.uid !== object.metadata.uid) return [(handler) => handler.deleted?.(before), added];
    // A relist brings back what did not change.
    if (before.metadata.resourceVersion === object.metadata.resourceVersion) return [];
    return [(handler) => handler.updated?.(before, object)];
  }

  function remove(object: Stored<T>): readonly Delivery<T>[] {
    if (store.get(object.metadata) === undefined) return [];
    store.delete(object.metadata);
    return [(handler) => handler.deleted?.(object)];
  }

  /** The store is there already; tells whoever follows its objects, then whoever waits for a version. */
  function cameTo(resourceVersion: string, deliveries: readonly Delivery<T>[]): void {
    lastResourceVersion = resourceVersion;
    for (const delivery of deliveries) deliver(delivery);
    for (const listener of listeners) listener();
  }

  const sink: ReflectorSink<T> = {
    replace(objects, resourceVersion) {
      const isInInitialList = lastResourceVersion === undefined;
      const present = new Set<Key>(objects.map((object) => keyOf(object.metadata)));
      const gone = store.list().filter((object) => !present.has(keyOf(object.metadata)));
      // The whole store first, so that a handler that looks sees the state which the events lead to.
      const deliveries = [...gone.flatMap(remove), ...objects.flatMap((object) => put(object, isInInitialList))];
      cameTo(resourceVersion, deliveries);
      synced.resolve();
    },
    apply({ type, object }) {
      const deliveries = type === "DELETED" ? remove(object) : put(object, false);
      cameTo(object.metadata.resourceVersion, deliveries);
    },
    bookmark: (resourceVersion) => cameTo(resourceVersion, []),
  };

  /** Says when the cache stops following the server, and when it follows again; a hiccup is not worth a line. */
  function report(next: ReflectorState): void {
    state = next;
    options.onState?.(next);
    if (lastResourceVersion === undefined) return;
    const resource = resourceName(type);
    if (!isCut && next.failuresInARow >= 2) {
      isCut = true;
      logger.warn({ resource }, `the cache is out of date, trying again: ${describe(next.lastError)}`);
    } else if (isCut && next.failuresInARow === 0 && next.phase === "watching") {
      isCut = false;
      logger.info({ resource }, "the cache is up to date again");
    }
  }

  return {
    type,
    get: (ref) => store.get(ref),
    list: () => store.list(),
    byIndex: (index, value) => store.byIndex(index, value),
    onEvent(handler) {
      handlers.push(handler);
      for (const object of store.list()) deliver((h) => h.added?.(object, true), [handler]);
    },
    onProgress: (listener) => void listeners.push(listener),
    hasSynced: () => lastResourceVersion !== undefined,
    get lastResourceVersion() {
      return lastResourceVersion;
    },
    whenSynced: () => synced.promise,
    reflectorState: () => state,
    run: (signal) =>
      reflect({
        client,
        type,
        sink,
        signal,
        onState: report,
        ...options.tuning,
        ...(options.namespace === undefined ? {} : { namespace: options.namespace }),
        ...(options.labelSelector === undefined ? {} : { labelSelector: options.labelSelector }),
        ...(options.fieldSelector === undefined ? {} : { fieldSelector: options.fieldSelector }),
      }),
  };
}
