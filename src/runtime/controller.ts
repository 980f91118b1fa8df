import type { Random } from "../kube/clock.ts";
import { describe, isConflict, isNotFound, isTransient, KubeError } from "../kube/errors.ts";
import type { ObjectRef } from "../kube/types.ts";
import { TerminalError, type Clock, type Controller, type Key, type Reconcile } from "./contract.ts";
import { keyOf, refOf } from "./keys.ts";
import { NotLeaderError } from "./leadership.ts";
import { objectLogger, type Logger } from "./logging.ts";
import { createTurns } from "./turns.ts";
import type { Watch } from "./watching.ts";
import { createWorkQueue, type QueueMetrics } from "./work-queue.ts";
import { createWrites, EXPIRY_MS } from "./writes.ts";

/** controller-runtime's words for how a reconcile ended. */
export type ReconcileOutcome = "success" | "error" | "requeue" | "requeue_after";

/** Where a controller reports what it does. */
export interface ControllerMetrics {
  readonly queue: QueueMetrics;
  workers(count: number): void;
  activeWorkers(count: number): void;
  reconciled(outcome: ReconcileOutcome, seconds: number): void;
  /** Besides the outcome "error": only a human can mend it. */
  terminal(): void;
  /** Besides the outcome "error": our own code is wrong. */
  panicked(): void;
  timedOut(): void;
}

export interface ControllerOptions {
  /** Lower case with dashes: in metrics and log lines. */
  readonly name: string;
  /** The kind that its keys name, for log lines. */
  readonly kind: string;
  readonly reconcile: Reconcile;
  readonly clock: Clock;
  readonly logger: Logger;
  /** What wakes it; more may be added by its own handlers through enqueue. */
  readonly watches?: readonly Watch[];
  /** Reconciles at a time; default 4. */
  readonly workers?: number;
  /** Its workers begin when this has come, or `atMostMs` after its start: what others have to do first. Default: at once. */
  readonly after?: { readonly done: Promise<void>; readonly atMostMs: number };
  /** A reconcile's signal fires after this long; default 2 min. */
  readonly timeoutMs?: number;
  readonly metrics?: ControllerMetrics;
  readonly random?: Random;
}

/** A controller and how to start and stop it. Before start it takes in nothing: a standby only keeps its caches warm. */
export interface RunnableController extends Controller {
  /** Connects the watches and starts the workers. Call it when the caches are synced and this process leads. */
  start(): void;
  /** Resolves when each key that its initial lists called urgent has been reconciled once; never before start. */
  readonly caughtUp: Promise<void>;
  /**
   * Starts no further reconcile and waits for those in hand; after `graceMs` their signal fires. Resolves when all have
   * ended, or, if some ignore the signal, 1 s after it.
   */
  stop(graceMs: number): Promise<void>;
  /** The longest running reconcile, for a health check. */
  longestRunning(): { readonly key: Key; readonly seconds: number } | undefined;
}

/** How long a reconcile that is told to stop may take to notice. */
const STOP_MS = 1_000;

export function createController(options: ControllerOptions): RunnableController {
  const { name, kind, reconcile, clock, metrics, workers = 4, timeoutMs = 120_000, random = Math.random } = options;
  const logger = options.logger.child({ controller: name });
  const queue = createWorkQueue({ clock, random, ...(metrics && { metrics: metrics.queue }) });
  const writes = createWrites({ clock, logger });
  const turns = createTurns(clock);
  const stopping = new AbortController();
  const running = new Map<Key, number>();
  /** Keys whose last writes the caches do not show yet: they come as soon as that is so, whatever else wakes them. */
  const heldBack = new Set<Key>();
  let isStarted = false;
  let isStopped = false;
  const caughtUp = Promise.withResolvers<void>();
  /** Keys that came urgent with the initial lists, until each was reconciled once. */
  const listed = new Set<Key>();
  let isListing = false;

  async function work(): Promise<void> {
    for (let key = await queue.get(); key !== undefined; key = await queue.get()) {
      // Before, not after, and at once where it may: all workers are woken together where a list or a roll-up brings many keys.
      const turn = turns.next();
      if (turn !== undefined) await turn;
      if (!isStopped) {
        if (writes.pending(key) === undefined) await run(key);
        else holdBack(key);
      }
      queue.done(key);
      if (listed.delete(key) && listed.size === 0) caughtUp.resolve();
    }
  }

  async function beginWork(): Promise<void> {
    if (options.after !== undefined) await endsWithin(options.after.done, options.after.atMostMs, clock);
    for (let n = 0; n < workers; n++) void work();
  }

  function holdBack(key: Key): void {
    heldBack.add(key);
    writes.onceShown(key, () => {
      if (heldBack.delete(key)) queue.add(key);
    });
    // Should no event and no bookmark ever come, the write is given up.
    queue.addAfter(key, EXPIRY_MS);
  }

  async function run(key: Key): Promise<void> {
    heldBack.delete(key);
    const start = clock.monotonic();
    running.set(key, start);
    metrics?.activeWorkers(running.size);
    const outcome = await settle(key);
    running.delete(key);
    metrics?.activeWorkers(running.size);
    const seconds = (clock.monotonic() - start) / 1_000;
    metrics?.reconciled(outcome, seconds);
    if (logger.isLevelEnabled("debug")) {
      objectLogger(logger, kind, refOf(key)).debug({ outcome, seconds: Number(seconds.toFixed(3)) }, "reconciled");
    }
  }

  /** Runs one reconcile and decides when its key comes again. Never throws. */
  async function settle(key: Key): Promise<ReconcileOutcome> {
    const deadline = new AbortController();
    const cancelDeadline = clock.after(timeoutMs, () => {
      metrics?.timedOut();
      deadline.abort(new Error(`the reconcile did not end within ${timeoutMs / 1_000} s`));
    });
    const signal = AbortSignal.any([stopping.signal, deadline.signal]);
    try {
      const { wakeAt } = await reconcile(refOf(key), {
        signal,
        wrote: (informer, answer) => writes.wrote(key, informer, answer),
      });
      queue.forget(key);
      if (wakeAt === undefined) return "success";
      queue.addAt(key, wakeAt);
      return "requeue_after";
    } catch (error) {
      return failed(key, deadline.signal.aborted ? deadline.signal.reason : error);
    } finally {
      cancelDeadline();
    }
  }

  function failed(key: Key, error: unknown): ReconcileOutcome {
    const log = objectLogger(logger, kind, refOf(key));
    if (stopping.signal.aborted || error instanceof NotLeaderError) {
      // Whoever leads next starts from what the cluster shows; here nothing more may be done.
      log.debug({ err: error }, "reconcile given up: this process stops or leads no more");
      queue.addRateLimited(key);
      return "requeue";
    }
    if (isConflict(error)) {
      log.debug({ err: error }, "decided on an outdated object; once more");
      queue.addRateLimited(key);
      return "requeue";
    }
    if (isGoneItself(error, kind, refOf(key))) {
      queue.forget(key);
      log.debug({ err: error }, "deleted while it was worked on; nothing is left to do");
      return "success";
    }
    if (error instanceof TerminalError) {
      metrics?.terminal();
      queue.forget(key);
      log.error({ err: error }, "reconcile failed for good; waiting for a change");
      return "error";
    }
    if (isPanic(error)) metrics?.panicked();
    queue.addRateLimited(key);
    const level = isTransient(error) ? "warn" : "error";
    log[level]({ err: error, failures: queue.failures(key) }, `reconcile failed, will be retried: ${describe(error)}`);
    return "error";
  }

  const controller: RunnableController = {
    name,
    caughtUp: caughtUp.promise,
    enqueue(ref, priority) {
      const key = keyOf(ref);
      if (!isStarted || heldBack.has(key)) return;
      if (isListing && priority !== "low") listed.add(key);
      queue.add(key, priority);
    },
    enqueueAt(ref, at) {
      if (isStarted) queue.addAt(keyOf(ref), at);
    },
    start() {
      if (isStarted || stopping.signal.aborted) return;
      isStarted = true;
      metrics?.workers(workers);
      isListing = true;
      for (const watch of options.watches ?? []) watch(controller);
      isListing = false;
      if (listed.size === 0) caughtUp.resolve();
      void beginWork();
    },
    async stop(graceMs) {
      isStopped = true;
      const drained = queue.shutDown();
      if (graceMs > 0 && (await endsWithin(drained, graceMs, clock))) return;
      if (running.size > 0) logger.warn({ keys: [...running.keys()].slice(0, 10) }, "reconciles in hand are aborted");
      stopping.abort(new Error("the operator stops"));
      await endsWithin(drained, STOP_MS, clock);
    },
    longestRunning() {
      // A Map keeps insertion order, so the first is the oldest.
      for (const [key, since] of running) return { key, seconds: (clock.monotonic() - since) / 1_000 };
      return undefined;
    },
  };
  return controller;
}

/** The server did not find the very object that is reconciled, and says so by its plural and name. */
function isGoneItself(error: unknown, kind: string, { name }: ObjectRef): boolean {
  if (!isNotFound(error) || !(error instanceof KubeError)) return false;
  return error.details?.kind === `${kind.toLowerCase()}s` && error.details.name === name;
}

/** An error that no answer of a server can cause: what Go would call a panic. */
function isPanic(error: unknown): boolean {
  return (
    !(error instanceof Error) ||
    error instanceof TypeError ||
    error instanceof ReferenceError ||
    error instanceof RangeError ||
    error.name === "AssertionError"
  );
}

async function endsWithin(promise: Promise<void>, ms: number, clock: Clock): Promise<boolean> {
  const { promise: outcome, resolve } = Promise.withResolvers<boolean>();
  const cancel = clock.after(ms, () => resolve(false));
  void promise.then(() => resolve(true));
  const ended = await outcome;
  cancel();
  return ended;
}
