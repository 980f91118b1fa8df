import type { KubeObject, ObjectRef, ResourceType, Stored } from "../kube/types.ts";

/** Milliseconds since the epoch, from an injected clock. */
export type Instant = number;

/** Where time comes from. Tests inject their own. */
export interface Clock {
  now(): Instant;
  /** Monotonic milliseconds: for deadlines and leases, which a wall-clock jump must not move. */
  monotonic(): number;
  /** Runs `callback` once after `ms` (any length; longer than setTimeout's 2^31−1 is chained); returns how to cancel. */
  after(ms: number, callback: () => void): () => void;
}

/** What a key in a queue stands for: "namespace/name". */
export type Key = string;

/** Called synchronously on every change; must only enqueue keys. A delete and recreate under one name arrives as two events. */
export interface EventHandler<T extends KubeObject> {
  added?(object: Stored<T>, isInInitialList: boolean): void;
  updated?(before: Stored<T>, after: Stored<T>): void;
  deleted?(object: Stored<T>): void;
}

/** A cache of one kind, kept current by list and watch. What it returns is frozen: never change it. */
export interface Informer<T extends KubeObject = KubeObject> {
  readonly type: ResourceType<T>;
  get(ref: ObjectRef): Stored<T> | undefined;
  list(): readonly Stored<T>[];
  /** Objects under one value of an index that was declared when the informer was made. */
  byIndex(index: string, value: string): readonly Stored<T>[];
  onEvent(handler: EventHandler<T>): void;
  /** Called synchronously whenever lastResourceVersion moved, after the handlers; must not throw. */
  onProgress(listener: () => void): void;
  hasSynced(): boolean;
  /** The newest resourceVersion seen (event or bookmark); undefined before the first list. */
  readonly lastResourceVersion: string | undefined;
}

/** How a reconcile ended. Absent `wakeAt`: nothing more until an event. */
export interface ReconcileResult {
  readonly wakeAt?: Instant;
}

export interface ReconcileContext {
  /** Aborted when the leader's lease is lost, or when shutdown's grace is over. */
  readonly signal: AbortSignal;
  /**
   * Remembers a write of this key, so that its next reconcile waits until `informer` has seen it (read your writes).
   * Pass what the server answered.
   */
  readonly wrote: <T extends KubeObject>(informer: Informer<T>, answer: Stored<T>) => void;
}

/** Thrown by a reconcile for what only a human can mend: logged and counted, never retried by backoff. */
export class TerminalError extends Error {
  override readonly name = "TerminalError";
}

export type Reconcile = (ref: ObjectRef, context: ReconcileContext) => Promise<ReconcileResult>;

/** One controller: a queue of keys, workers, a reconcile. */
export interface Controller {
  readonly name: string;
  /** Enqueues now; `priority` "low" is for initial lists and resyncs. */
  enqueue(ref: ObjectRef, priority?: "normal" | "low"): void;
  /** Enqueues at an instant at the latest (an earlier wake stays). */
  enqueueAt(ref: ObjectRef, at: Instant): void;
}
