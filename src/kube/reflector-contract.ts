import type { KubeClient } from "./client.ts";
import type { KubeClock, Random } from "./clock.ts";
import type { KubeObject, ResourceType, Stored } from "./types.ts";

/** One change, in the server's order. */
export interface Change<T extends KubeObject> {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly object: Stored<T>;
}

/**
 * Where a reflector puts what it sees: the informer's store. Calls are synchronous and in the server's order, the first
 * is always `replace`. Objects are frozen and without managedFields. The sink derives what a replace leaves out: DELETED
 * for a key that vanished, DELETED and ADDED for a key whose uid changed (in `replace` and in `apply` alike). Should a
 * call throw, the reflector reports it and lists anew.
 */
export interface ReflectorSink<T extends KubeObject> {
  /** The complete state as of `resourceVersion`: at the start, and after every relist. */
  replace(objects: readonly Stored<T>[], resourceVersion: string): void;
  /** One change after the last replace; object.metadata.resourceVersion is where the cache now stands. */
  apply(change: Change<T>): void;
  /** Nothing changed up to `resourceVersion`. */
  bookmark(resourceVersion: string): void;
}

/**
 * Why the whole state was read anew. expired: the version to resume from is gone (410). safety: the last whole read is
 * `relistMs` old. watch-failed: following from there failed again and again. sink-failed: the sink threw.
 * out-of-order: an event came that is older than one before it, so that what lies between may be missing.
 */
export type RelistReason = "expired" | "safety" | "watch-failed" | "sink-failed" | "out-of-order";

/** What a reflector has done so far, for metrics and for saying what it waits for. */
export interface ReflectorState {
  /** listing: reading the whole state; watching: following changes; waiting: backing off after a failure; stopped. */
  readonly phase: "listing" | "watching" | "waiting" | "stopped";
  /** Whole reads begun, as paged lists and as streams (sendInitialEvents) together. */
  readonly lists: number;
  readonly watches: number;
  /** Whole reads that became necessary after the first, by reason. */
  readonly relists: Readonly<Record<RelistReason, number>>;
  /** Watches that this side ended because no byte came for too long. */
  readonly idleAborts: number;
  /** Failures since the server last accepted a watch or gave the whole state; 0 while all is well. */
  readonly failuresInARow: number;
  /** The last of those failures; `describe` makes it one line. */
  readonly lastError: Error | undefined;
}

export interface ReflectorOptions<T extends KubeObject> {
  readonly client: Pick<KubeClient, "list" | "watch">;
  readonly type: ResourceType<T>;
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly sink: ReflectorSink<T>;
  /** Ends the loop: runReflector's promise resolves. */
  readonly signal: AbortSignal;
  readonly clock?: KubeClock;
  readonly random?: Random;
  /** What the cache keeps of an object, before it is frozen; default: all but managedFields. */
  readonly transform?: (object: Stored<T>) => Stored<T>;
  /** Called synchronously whenever the state changed (never per event). */
  readonly onState?: (state: ReflectorState) => void;
  /** No byte for this long aborts a watch; default 120 s. */
  readonly idleMs?: number;
  /** The server ends a watch after a random time between this and twice this; default 300 s, as client-go. */
  readonly watchSeconds?: number;
  /** Reads the whole state anew when the last whole read is this old; default never. */
  readonly relistMs?: number;
}
