import type { Random } from "../kube/clock.ts";
import { createBackoff } from "./backoff.ts";
import type { Clock, Instant, Key } from "./contract.ts";
import { createDelayedKeys } from "./delayed-keys.ts";
import { createReadyKeys, type Priority, type ReadyKey } from "./ready-keys.ts";

/** Where a queue reports what it does. Durations in seconds. */
export interface QueueMetrics {
  depth(priority: Priority, size: number): void;
  added(): void;
  retried(): void;
  /** A key waited this long before a worker took it. */
  taken(waitedSeconds: number): void;
  finished(workedSeconds: number): void;
  /** Told once by each queue how to read, at any time, for how long each key in hand has been worked on. */
  inHand(read: () => readonly number[]): void;
}

export interface WorkQueueOptions {
  readonly clock: Clock;
  readonly metrics?: QueueMetrics;
  readonly random?: Random;
}

/**
 * A set of keys to work on, with client-go's workqueue semantics: a key that waits is added once, a key in a worker's
 * hand is never given to a second worker, and one that is added meanwhile comes again when the first has finished.
 */
export interface WorkQueue {
  add(key: Key, priority?: Priority): void;
  /** Adds the key after a duration, which a wall-clock jump does not move; of several the earliest counts. */
  addAfter(key: Key, ms: number): void;
  /** Adds the key at an instant of the wall clock (a jump is noticed within 10 s); of several the earliest counts. */
  addAt(key: Key, at: Instant): void;
  /** Adds the key after its backoff, which grows with every call until it is forgotten. */
  addRateLimited(key: Key): void;
  /** Ends the key's row of failures, and takes back what was added after a duration or a backoff. Call it on success. */
  forget(key: Key): void;
  failures(key: Key): number;
  /** The next key, now in the caller's hand until done; undefined once the queue is shut down. */
  get(): Promise<Key | undefined>;
  done(key: Key): void;
  /** Keys that wait for a worker. */
  readonly depth: number;
  /** Gives out and takes in nothing more; resolves when the last key in hand is done. */
  shutDown(): Promise<void>;
}

export function createWorkQueue(options: WorkQueueOptions): WorkQueue {
  const { clock, metrics } = options;
  const backoff = createBackoff(options.random === undefined ? {} : { random: options.random });
  const ready = createReadyKeys();
  const inHand = new Map<Key, { readonly since: number; again: ReadyKey | undefined }>();
  const idleWorkers: ((key: Key | undefined) => void)[] = [];
  const drained = Promise.withResolvers<void>();
  let shuttingDown = false;

  const durations = createDelayedKeys({ clock, time: "monotonic", onDue: add });
  const instants = createDelayedKeys({ clock, time: "wall", onDue: add });
  metrics?.inHand(() => Array.from(inHand.values(), ({ since }) => (clock.monotonic() - since) / 1_000));

  function add(key: Key, priority: Priority = "normal"): void {
    if (shuttingDown) return;
    const entry = { key, priority, since: clock.monotonic() };
    const held = inHand.get(key);
    if (held === undefined) {
      const before = ready.size;
      ready.add(entry);
      if (ready.size > before) metrics?.added();
      handOut();
    } else if (held.again === undefined) {
      held.again = entry;
      metrics?.added();
    } else if (priority === "normal") held.again = { ...held.again, priority };
  }

  function handOut(): void {
    const worker = idleWorkers.shift();
    if (worker !== undefined) worker(take());
    reportDepth();
  }

  function take(): Key | undefined {
    const entry = ready.take();
    if (entry === undefined) return undefined;
    const since = clock.monotonic();
    inHand.set(entry.key, { since, again: undefined });
    metrics?.taken((since - entry.since) / 1_000);
    return entry.key;
  }

  function reportDepth(): void {
    metrics?.depth("normal", ready.count("normal"));
    metrics?.depth("low", ready.count("low"));
  }

  return {
    add,
    addAfter(key, ms) {
      if (shuttingDown) return;
      if (ms <= 0) add(key);
      else durations.add(key, clock.monotonic() + ms);
    },
    addAt(key, at) {
      if (shuttingDown) return;
      if (at <= clock.now()) add(key);
      else instants.add(key, at);
    },
    addRateLimited(key) {
      if (shuttingDown) return;
      metrics?.retried();
      durations.add(key, clock.monotonic() + backoff.next(key));
    },
    forget(key) {
      backoff.forget(key);
      durations.delete(key);
    },
    failures: (key) => backoff.failures(key),
    async get() {
      if (shuttingDown) return undefined;
      const key = take();
      if (key === undefined) return new Promise((resolve) => idleWorkers.push(resolve));
      reportDepth();
      return key;
    },
    done(key) {
      const held = inHand.get(key);
      if (held === undefined) return;
      inHand.delete(key);
      metrics?.finished((clock.monotonic() - held.since) / 1_000);
      if (shuttingDown) {
        if (inHand.size === 0) drained.resolve();
        return;
      }
      if (held.again === undefined) return;
      ready.add(held.again);
      handOut();
    },
    get depth() {
      return ready.size;
    },
    shutDown() {
      shuttingDown = true;
      durations.clear();
      instants.clear();
      ready.clear();
      reportDepth();
      for (const worker of idleWorkers.splice(0)) worker(undefined);
      if (inHand.size === 0) drained.resolve();
      return drained.promise;
    },
  };
}
