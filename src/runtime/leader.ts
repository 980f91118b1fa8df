import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import type { KubeClient } from "../kube/client.ts";
import { sleep, type Random } from "../kube/clock.ts";
import { describe } from "../kube/errors.ts";
import type { ObjectRef } from "../kube/types.ts";
import type { Clock } from "./contract.ts";
import { NotLeaderError, type LeaderElection } from "./leadership.ts";
import { createLeaseLock, type LeaseRecord } from "./lease.ts";
import type { Logger } from "./logging.ts";

/** Kubernetes' own defaults for leader election (client-go tools/leaderelection): 15 s, 10 s, 2 s, jitter 1.2. */
export const LEASE_TIMINGS: LeaseTimings = { leaseMs: 15_000, renewDeadlineMs: 10_000, retryMs: 2_000 };
const RETRY_JITTER = 1.2;

export interface LeaseTimings {
  /** How long the others wait after the last change that they saw. Whole seconds: the Lease knows no other. */
  readonly leaseMs: number;
  /** How long this process counts as leader after the start of its last renewal that succeeded. */
  readonly renewDeadlineMs: number;
  readonly retryMs: number;
}

export interface LeaderElectionOptions {
  /** A client of its own: election must not queue behind other requests, nor be fenced by itself. */
  readonly client: Pick<KubeClient, "raw">;
  readonly lease: ObjectRef & { readonly namespace: string };
  readonly clock: Clock;
  readonly logger: Logger;
  /** Called once, when a leadership ends that nobody gave up. The process must stop writing and exit. */
  readonly onLost: (reason: string) => void;
  readonly onChange?: (isLeader: boolean) => void;
  /** Unique per process; default "<hostname>_<uuid>". */
  readonly identity?: string;
  readonly timings?: LeaseTimings;
  readonly random?: Random;
}

/**
 * Takes part in a leader election as client-go does it: a Lease that its holder renews; whoever finds it unchanged for
 * the holder's own duration, by its own clock since it saw the last change, takes it. Clocks need not agree.
 */
export function createLeaderElection(options: LeaderElectionOptions): LeaderElection {
  const { client, clock, onLost, onChange, random = Math.random } = options;
  const { leaseMs, renewDeadlineMs, retryMs } = options.timings ?? LEASE_TIMINGS;
  const identity = options.identity ?? `${hostname()}_${randomUUID()}`;
  const logger = options.logger.child({ lease: `${options.lease.namespace}/${options.lease.name}`, identity });
  const lock = createLeaseLock(client, options.lease, Math.max(1_000, renewDeadlineMs / 2));
  const ended = new AbortController();
  const acquired = Promise.withResolvers<boolean>();
  let observed: { readonly record: LeaseRecord; readonly at: number } | undefined;
  let lastRenewStart: number | undefined;
  let running: Promise<void> | undefined;
  let lastProblem: string | undefined;

  const deadline = (): number | undefined =>
    lastRenewStart === undefined ? undefined : lastRenewStart + renewDeadlineMs;

  function isLeader(): boolean {
    const until = deadline();
    return until !== undefined && clock.monotonic() < until;
  }

  function observe(record: LeaseRecord): void {
    if (JSON.stringify(observed?.record) !== JSON.stringify(record)) observed = { record, at: clock.monotonic() };
  }

  function isHeldByAnother(): boolean {
    const holder = observed?.record.holderIdentity ?? "";
    if (observed === undefined || holder === "" || holder === identity) return false;
    return clock.monotonic() < observed.at + observed.record.leaseDurationSeconds * 1_000;
  }

  /** One try to get or to keep the lease; throws what the API server or the network said. */
  async function tryOnce(signal: AbortSignal): Promise<boolean> {
    const start = clock.monotonic();
    const now = clock.now();
    // A leader knows what stands there: one request renews. Anything else reads first.
    if (!(isLeader() && (await renew(now, signal))) && !(await take(now, signal))) return false;
    // An answer that comes when all is over must not bring a leadership back.
    if (!ended.signal.aborted) lastRenewStart = start;
    return isLeader();
  }

  async function renew(now: number, signal: AbortSignal): Promise<boolean> {
    if (observed === undefined) return false;
    try {
      observe(await lock.update({ ...observed.record, renewTime: now }, signal));
      return true;
    } catch (error) {
      logger.debug({ err: error }, "could not renew the lease at once; reading it");
      return false;
    }
  }

  async function take(now: number, signal: AbortSignal): Promise<boolean> {
    const record = await lock.read(signal);
    if (record !== undefined) observe(record);
    if (isHeldByAnother()) return false;
    const mine = {
      holderIdentity: identity,
      leaseDurationSeconds: leaseMs / 1_000,
      acquireTime: now,
      renewTime: now,
      leaseTransitions: 0,
    };
    if (record === undefined) observe(await lock.create(mine, signal));
    else if (record.holderIdentity === identity) {
      const { acquireTime, leaseTransitions } = record;
      observe(await lock.update({ ...mine, acquireTime, leaseTransitions }, signal));
    } else observe(await lock.update({ ...mine, leaseTransitions: record.leaseTransitions + 1 }, signal));
    return true;
  }

  async function attempt(signal: AbortSignal): Promise<boolean> {
    try {
      const succeeded = await tryOnce(signal);
      lastProblem = undefined;
      return succeeded;
    } catch (error) {
      const problem = describe(error);
      // The same problem every two seconds is one warning.
      if (!signal.aborted) logger[problem === lastProblem ? "debug" : "warn"](`leader election: ${problem}`);
      lastProblem = problem;
      return false;
    }
  }

  async function run(): Promise<void> {
    logger.info("taking part in the leader election");
    let holder: string | undefined;
    while (!ended.signal.aborted && !(await attempt(ended.signal))) {
      if (observed !== undefined && observed.record.holderIdentity !== holder) {
        holder = observed.record.holderIdentity;
        logger.info({ holder }, "another process leads");
      }
      await sleep(clock, retryMs * (1 + random() * RETRY_JITTER), ended.signal);
    }
    if (ended.signal.aborted) return;
    logger.info("this process leads");
    onChange?.(true);
    acquired.resolve(true);
    await keep();
  }

  /** Renews until stopped, or until the deadline has passed without a renewal. */
  async function keep(): Promise<void> {
    for (;;) {
      await sleep(clock, retryMs, ended.signal);
      if (ended.signal.aborted) return;
      const left = (deadline() ?? 0) - clock.monotonic();
      if (left > 0) await attemptWithin(left);
      if (ended.signal.aborted) return;
      if (!isLeader()) return lose();
    }
  }

  async function attemptWithin(ms: number): Promise<void> {
    const limit = new AbortController();
    const end = (): void => limit.abort();
    const cancel = clock.after(ms, end);
    // Not AbortSignal.any: Node keeps what it gives for as long as somebody listens, and each renewal would stay in memory.
    ended.signal.addEventListener("abort", end, { once: true });
    await Promise.race([attempt(limit.signal), firing(limit.signal)]);
    cancel();
    ended.signal.removeEventListener("abort", end);
  }

  function lose(): void {
    const reason = "the leader's lease was not renewed in time";
    lastRenewStart = undefined;
    ended.abort();
    logger.error(reason);
    onChange?.(false);
    onLost(reason);
  }

  /** As client-go: an empty holder, valid for a second, so that the next one need not wait. */
  async function release(): Promise<void> {
    if (!isLeader()) return;
    lastRenewStart = undefined;
    onChange?.(false);
    try {
      const record = await lock.read();
      if (record?.holderIdentity !== identity) return;
      const now = clock.now();
      await lock.update({
        holderIdentity: "",
        leaseDurationSeconds: 1,
        acquireTime: now,
        renewTime: now,
        leaseTransitions: record.leaseTransitions,
      });
      logger.info("gave the leadership up");
    } catch (error) {
      logger.warn(`could not release the lease, it will run out: ${describe(error)}`);
    }
  }

  return {
    isLeader,
    deadline,
    fence() {
      if (isLeader()) return;
      throw new NotLeaderError(
        lastRenewStart === undefined
          ? "this process does not lead"
          : "the leader's lease has run out; nothing is written",
      );
    },
    campaign() {
      running ??= run();
      return acquired.promise;
    },
    async stop() {
      ended.abort();
      acquired.resolve(false);
      await running;
      await release();
    },
  };
}

function firing(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
