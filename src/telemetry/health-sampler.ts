import type { Pod } from "../kube/types-core.ts";
import type { ObjectRef, Stored } from "../kube/types.ts";
import { addCounters, type Counters, noCounts } from "../nightwatch/counters.ts";
import { HEALTH_INTERVAL_SECONDS, healthOf } from "../nightwatch/health-check.ts";
import { type Bucket, newWindow, record } from "../nightwatch/window.ts";
import type { Clock, Informer, Instant } from "../runtime/contract.ts";
import { shareOf } from "../workloads/hash.ts";

export interface HealthSampler {
  /** Samples from now on; returns how to stop. */
  start(): () => void;
  /** An agent's checks that no status holds yet, in buckets on its window's grid. */
  checksOf(agentUID: string): readonly Bucket[];
  /** These are in the status now: they are counted there. */
  written(agentUID: string, checks: readonly Bucket[]): void;
  /** The agent is gone, or its window began anew. */
  forget(agentUID: string): void;
}

export interface HealthSamplerOptions {
  readonly pods: Informer<Pod>;
  /** Whose Pod it is, and how long that agent's window is; undefined for a Pod of nobody. */
  readonly agentOf: (pod: Stored<Pod>) => { readonly uid: string; readonly windowSeconds: number } | undefined;
  readonly clock: Clock;
}

/**
 * Looks at each Pod that should be running every 30 s, from the cache alone (S6). Each second has its own thirtieth of the
 * Pods, so that ten thousand never meet in one.
 */
export function createHealthSampler({ pods, agentOf, clock }: HealthSamplerOptions): HealthSampler {
  // Names alone: an object's metadata would be kept as it was when the Pod was new.
  const slots = Array.from({ length: HEALTH_INTERVAL_SECONDS }, () => new Map<string, ObjectRef>());
  const pending = new Map<string, readonly Bucket[]>();

  const slotOf = (uid: string) => slots[Math.floor(shareOf(uid) * HEALTH_INTERVAL_SECONDS)];
  const add = ({ metadata: { uid, name, namespace } }: Stored<Pod>): void =>
    void slotOf(uid)?.set(uid, namespace === undefined ? { name } : { name, namespace });
  pods.onEvent({ added: add, deleted: ({ metadata }) => void slotOf(metadata.uid)?.delete(metadata.uid) });

  function sample(pod: Stored<Pod>, now: Instant): void {
    const health = healthOf(pod, now);
    const agent = health === undefined ? undefined : agentOf(pod);
    if (agent === undefined) return;
    const counts = { ...noCounts, healthChecks: 1, healthyChecks: health === "healthy" ? 1 : 0 };
    const { uid, windowSeconds } = agent;
    const before = { ...newWindow(now - 1000 * windowSeconds), buckets: pending.get(uid) ?? [] };
    pending.set(uid, record(before, counts, now, { now, windowSeconds }).buckets);
  }

  function sampleSlot(now: Instant): void {
    for (const [uid, ref] of slots[Math.floor(now / 1000) % HEALTH_INTERVAL_SECONDS] ?? []) {
      const pod = pods.get(ref);
      if (pod?.metadata.uid === uid) sample(pod, now);
    }
  }

  return {
    start() {
      let cancel = (): void => undefined;
      // At the begin of each second, so that no slot is left out and none is taken twice.
      const next = (): void => {
        cancel = clock.after(1000 - (clock.now() % 1000), () => {
          sampleSlot(clock.now());
          next();
        });
      };
      next();
      return () => cancel();
    },
    checksOf: (uid) => pending.get(uid) ?? [],
    written(uid, checks) {
      const left = checksBeyond(pending.get(uid) ?? [], checks);
      if (left.length === 0) pending.delete(uid);
      else pending.set(uid, left);
    },
    forget: (uid) => void pending.delete(uid),
  };
}

/** The checks among `all` that are not among `some`. */
export function checksBeyond(all: readonly Bucket[], some: readonly Bucket[]): readonly Bucket[] {
  return all
    .map((bucket) => {
      const same = some.filter(({ start }) => start === bucket.start).reduce<Counters>(addCounters, noCounts);
      return {
        ...bucket,
        healthChecks: bucket.healthChecks - same.healthChecks,
        healthyChecks: bucket.healthyChecks - same.healthyChecks,
      };
    })
    .filter(({ healthChecks }) => healthChecks > 0);
}
