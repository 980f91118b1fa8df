import { sleep } from "../kube/clock.ts";
import type { Clock } from "./contract.ts";
import type { RunnableController } from "./controller.ts";
import type { RunnableInformer } from "./informer.ts";
import { resourceName } from "./keys.ts";
import type { LeaderElection } from "./leadership.ts";
import type { Logger } from "./logging.ts";
import { waitingFor } from "./waiting.ts";

export interface ManagerOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly http: { listen(): Promise<void>; close(): Promise<void> };
  readonly informers: readonly Pick<RunnableInformer, "type" | "run" | "whenSynced" | "hasSynced" | "reflectorState">[];
  /** What must be in order besides before anything is done; asked as soon as the manager runs. */
  readonly gates?: readonly Gate[];
  /** What is asked beside, and keeps nobody waiting. */
  readonly background?: readonly Pick<Gate, "run">[];
  readonly election: Pick<LeaderElection, "campaign" | "stop">;
  readonly controllers: readonly Pick<RunnableController, "name" | "start" | "stop">[];
  /** Sends what is still to be said, such as Events; bounded by itself. */
  readonly flush?: () => Promise<void>;
  /** How long reconciles in hand may take to end; default 30 s (O2). */
  readonly graceMs?: number;
}

/** Something to wait for at the start. */
export interface Gate {
  run(signal: AbortSignal): Promise<void>;
  whenPassed(): Promise<void>;
  /** What is wrong, for a human; undefined once it is passed. */
  problem(): string | undefined;
}

/** Starts and stops the parts of the operator in their order (O1, O2). */
export interface Manager {
  /** Runs until stopped or failed. Resolves to the exit code: 0 as asked, 1 after a failure. */
  run(): Promise<number>;
  /** Finishes what is in hand, gives the leadership up, ends run with 0. Agents run on. */
  stop(reason: string): void;
  /** Ends run with 1 and lets nothing more be written: the leadership is lost. */
  fail(reason: string): void;
}

/** How often the log says what the start waits for: soon when that changes, ever less often while it does not. */
const REMIND_MS = { least: 5_000, most: 60_000 };

/**
 * Start: HTTP, caches and gates (as long as it takes), leadership, controllers. Stop: controllers, caches, events, leadership, HTTP.
 */
export function createManager(options: ManagerOptions): Manager {
  const {
    clock,
    logger,
    http,
    informers,
    gates = [],
    background = [],
    election,
    controllers,
    graceMs = 30_000,
  } = options;
  const stopping = new AbortController();
  const reading = new AbortController();
  let failure: string | undefined;

  async function start(): Promise<void> {
    await http.listen();
    const caches = [...informers, ...gates, ...background].map((part) => part.run(reading.signal));
    logger.info({ resources: informers.map(({ type }) => resourceName(type)) }, "reading the state of the cluster");
    void Promise.all(caches).catch((error: unknown) => fail(`a cache or a check ended: ${String(error)}`));
    await synced();
    if (stopping.signal.aborted) return;
    logger.info("caches are filled");
    if (!(await election.campaign()) || stopping.signal.aborted) return;
    for (const controller of controllers) controller.start();
    logger.info({ controllers: controllers.map(({ name }) => name) }, "controllers started");
  }

  async function synced(): Promise<void> {
    const all = Promise.all([
      ...informers.map((informer) => informer.whenSynced()),
      ...gates.map((gate) => gate.whenPassed()),
    ]);
    const done = new AbortController();
    const either = AbortSignal.any([stopping.signal, done.signal]);
    void all.then(() => done.abort());
    let last = { text: "", at: clock.monotonic(), waitMs: REMIND_MS.least };
    while (!either.aborted) {
      await sleep(clock, REMIND_MS.least, either);
      if (either.aborted) return;
      const problems = gates.map((gate) => gate.problem()).filter((problem) => problem !== undefined);
      const text = [...waitingFor(informers), ...problems].join("; ");
      const at = clock.monotonic();
      if (text === "" || (text === last.text && at < last.at + last.waitMs)) continue;
      logger.warn(`waiting at the start: ${text}`);
      const waitMs = text === last.text ? Math.min(2 * last.waitMs, REMIND_MS.most) : REMIND_MS.least;
      last = { text, at, waitMs };
    }
  }

  async function end(): Promise<void> {
    // Whoever lost the leadership has no time left for what is in hand.
    const grace = failure === undefined ? graceMs : 0;
    await Promise.all(controllers.map((controller) => controller.stop(grace)));
    reading.abort();
    // Before the lease is released: past it the fence refuses writes.
    if (failure === undefined) await options.flush?.();
    // Also ends a campaign that still goes on.
    await election.stop();
    await http.close();
  }

  function fail(reason: string): void {
    failure ??= reason;
    logger.error(`stopping: ${reason}`);
    // A stop that is under way is cut short, too.
    for (const controller of controllers) void controller.stop(0);
    stopping.abort();
  }

  return {
    async run() {
      const stopped = Promise.withResolvers<void>();
      stopping.signal.addEventListener("abort", () => stopped.resolve(), { once: true });
      if (stopping.signal.aborted) stopped.resolve();
      const started = start().catch((error: unknown) => {
        logger.error({ err: error }, "could not start");
        fail("could not start");
      });
      await stopped.promise;
      await end();
      await started;
      logger.info("stopped");
      return failure === undefined ? 0 : 1;
    },
    stop(reason) {
      logger.info(`stopping: ${reason}`);
      stopping.abort();
    },
    fail,
  };
}
