import { join } from "node:path";
import { type FaultProxy, type PassedCall, startFaultProxy } from "../faults/proxy.ts";
import { signatureOf } from "./audit-trail.ts";
import type { FaultPlan } from "./fault-plan.ts";
import type { LogText } from "./history.ts";
import { keepOperators, type Kills, type Operators } from "./operators.ts";
import type { Theatre } from "./theatre.ts";
import { until } from "../until.ts";

/** One or more replicas of the operator in one namespace, each with a proxy of its own between it and the server. */
export interface Replicas {
  calls(): readonly PassedCall[];
  logs(): Promise<readonly LogText[]>;
  /** No more faults and kills from here on. */
  spare(): void;
  /** Freezes who leads until another does, then lets it go on. Nothing happens where there is one only. */
  passTheLead(): Promise<void>;
  /** Ends all, and gives how the ends were that nobody planned. */
  stop(): Promise<readonly string[]>;
}

export interface ReplicaOptions {
  readonly namespace: string;
  readonly count: number;
  /** Absent: nothing is spoilt. */
  readonly faults?: { readonly plan: FaultPlan; readonly kills: Kills };
}

interface Replica {
  readonly proxy: FaultProxy;
  readonly operators: Operators;
}

/** Starts them. A single one needs no lease: a killed one would leave it held for fifteen seconds. */
export async function startReplicas(
  { cluster, folder }: Theatre,
  { namespace, count, faults }: ReplicaOptions,
): Promise<Replicas> {
  const lease = ["--leader-elect", String(count > 1), "--leader-election-namespace", namespace];
  const start = async (n: number): Promise<Replica> => {
    const replica = `${namespace}-${n}`;
    const proxy = await startFaultProxy({ kubeconfig: cluster.kubeconfig, signature: signatureOf(replica) });
    if (faults !== undefined) proxy.plan(faults.plan.decide);
    const options = {
      kubeconfig: proxy.kubeconfig,
      args: ["--namespaces", namespace, ...lease],
      logFile: join(folder, `${replica}.log`),
    };
    return { proxy, operators: keepOperators(options, faults && shareOf(faults.kills, n, count)) };
  };
  const all = await Promise.all(Array.from({ length: count }, (_, n) => start(n)));
  return {
    calls: () => all.flatMap(({ proxy }) => proxy.calls()),
    logs: async () => (await Promise.all(all.map(({ operators }) => operators.logs()))).flat(),
    spare() {
      for (const { proxy, operators } of all) {
        proxy.clear();
        operators.spare();
      }
    },
    async passTheLead() {
      if (count === 1) return;
      await until(`somebody leads in ${namespace}`, () => leaderOf(all) !== undefined);
      const leader = leaderOf(all);
      leader?.operators.pause();
      await until(`another leads in ${namespace}`, () => leaderOf(all) !== leader);
      leader?.operators.resume();
      faults?.plan.count("leader frozen until another led");
    },
    async stop() {
      const ends = await Promise.all(all.map(({ operators }) => operators.stop()));
      await Promise.all(all.map(({ proxy }) => proxy.stop()));
      return ends.flat();
    },
  };
}

/** What of all kills is for the n-th of so many replicas: none more in all, and not all at the same writes. */
export function shareOf(kills: Kills, n: number, count: number): Kills {
  return { ...kills, seed: kills.seed + n, most: Math.ceil((kills.most - n) / count) };
}

/** Whose write of the lease was the last that the server took. */
function leaderOf(all: readonly Replica[]): Replica | undefined {
  const renewals = all.flatMap((replica) =>
    replica.proxy
      .calls({ resource: "leases" })
      .filter(({ method, code = 500 }) => method !== "GET" && code < 300)
      .map(({ at }) => ({ at, replica })),
  );
  return renewals.toSorted((a, b) => a.at - b.at).at(-1)?.replica;
}
