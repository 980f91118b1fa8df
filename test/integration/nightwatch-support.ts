import { beforeAll, inject } from "vitest";
import type { AgentManifest, AgentSpecInput } from "../../src/api/v1alpha1/agent.ts";
import { podResource } from "../../src/kube/types-core.ts";
import { type Cluster, openCluster } from "../cluster/cluster.ts";
import type { LogLine } from "../cluster/simulated-nodes.ts";
import { aSafetyAgent, type Hands, simulated } from "./operator-support.ts";
import { aGrowthAgent } from "./run-support.ts";

/** What simulated Pods of a namespace have written; only clusters of our own can be told. */
export interface Talkers {
  /** Gives a Pod, present or to come, these lines in place of any before. */
  readonly write: (pod: string, lines: readonly LogLine[]) => Promise<void>;
  /** Adds lines to what a Pod has written. */
  readonly append: (pod: string, lines: readonly LogLine[]) => Promise<void>;
  /** Makes room for so many Pods more than the cluster's own nodes take. */
  readonly makeRoom: (pods: number) => Promise<void>;
  /** Lets a Pod have written, from now on, what another has. */
  readonly share: (pod: string, other: string) => Promise<void>;
}

export function talkersIn(namespace: string): Talkers {
  let cluster: Cluster | undefined;
  beforeAll(async () => {
    cluster = await openCluster(inject("cluster").name ?? "");
  });
  return {
    write: async (pod, lines) => await cluster?.writePodLog({ namespace, name: pod }, lines),
    makeRoom: async (pods) => await cluster?.addNodes(Math.ceil(pods / 110), namespace),
    append: async (pod, lines) => await cluster?.appendPodLog({ namespace, name: pod }, lines),
    share: async (pod, other) => await cluster?.sharePodLog({ namespace, name: pod }, { namespace, name: other }),
  };
}

/** The fate of a Pod that starts when it is let: what must be there before it, such as its log, may take as long as it takes. */
export const HELD = { start: "1h" };

/** Lets a Pod start that is held. */
export async function letStart({ client, namespace }: Pick<Hands, "client" | "namespace">, pod: string): Promise<void> {
  await client().mergePatch(podResource, { namespace, name: pod }, simulated({ start: "1ms" }));
}

/** So many lines, the first of them errors; each has a time of its own, a millisecond apart, and the last is now. */
export function lines(total: number, errors = 0, now = Date.now()): readonly LogLine[] {
  return Array.from({ length: total }, (_, n) => ({
    text: n < errors ? `error: step ${n} failed` : `step ${n} is done`,
    stream: n < errors ? ("stderr" as const) : ("stdout" as const),
    time: new Date(now - (total - n)).toISOString(),
  }));
}

/** Lines as given, each with a time of its own, the last of them now. */
export function saying(texts: readonly string[], now = Date.now()): readonly LogLine[] {
  return texts.map((text, n) => ({ text, time: new Date(now - (texts.length - n)).toISOString() }));
}

/** Looked at every 5 s, and without a storm guard: tests put many agents that drift into one namespace. */
const WATCHED = { evaluationIntervalSeconds: 5, windowSeconds: 600, stormGuardPercent: 100 };

/** A Growth agent of simulated Pods that is looked at every 5 s. */
export function aWatchedGrowthAgent(
  name: string,
  fate: Readonly<Record<string, string>> = {},
  spec: Partial<AgentSpecInput> = {},
): AgentManifest {
  return aGrowthAgent(name, fate, { nightwatch: WATCHED, ...spec });
}

/** A Safety agent that is looked at every 5 s, the shortest that there is. */
export function aWatchedAgent(
  name: string,
  nightwatch: AgentSpecInput["nightwatch"] = {},
  spec: Partial<AgentSpecInput> = {},
): AgentManifest {
  return aSafetyAgent(name, {
    nightwatch: { ...WATCHED, ...nightwatch },
    ...spec,
  });
}
