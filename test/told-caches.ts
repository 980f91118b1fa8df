import type { AgentFleet } from "../src/api/v1alpha1/agent-fleet.ts";
import type { Agent } from "../src/api/v1alpha1/agent.ts";
import type { AgentRun } from "../src/api/v1alpha1/agent-run.ts";
import { type Caches, createCaches } from "../src/controllers/caches.ts";
import type { KubeClient } from "../src/kube/client.ts";
import type { ReflectorSink } from "../src/kube/reflector-contract.ts";
import type { Job, Pod } from "../src/kube/types-core.ts";
import type { KubeObject, Stored } from "../src/kube/types.ts";
import { createLogger } from "../src/runtime/logging.ts";

interface Kinds {
  readonly agents: Agent;
  readonly agentfleets: AgentFleet;
  readonly pods: Pod;
  readonly agentruns: AgentRun;
  readonly jobs: Job;
}

/** The operator's own caches, which know what a test tells them and nothing else. */
export interface ToldCaches {
  readonly caches: Caches;
  /** The object is there now, or has changed. */
  readonly put: <K extends keyof Kinds>(kind: K, object: Stored<Kinds[K]>) => void;
  readonly gone: <K extends keyof Kinds>(kind: K, object: Stored<Kinds[K]>) => void;
}

export function toldCaches(): ToldCaches {
  const sinks = new Map<string, ReflectorSink<KubeObject>>();
  const noCalls = (): never => {
    throw new Error("a told cache asks no server");
  };
  const client: Pick<KubeClient, "list" | "watch"> = { list: noCalls, watch: noCalls };
  const caches = createCaches({
    client,
    logger: createLogger({ level: "silent", format: "json" }),
    reflect: ({ type, sink }) => {
      sinks.set(type.plural, sink);
      sink.replace([], "1");
      return Promise.resolve();
    },
  });
  for (const informer of Object.values(caches)) void informer.run(new AbortController().signal);
  const tell = (kind: string, type: "MODIFIED" | "DELETED", object: Stored): void => {
    sinks.get(kind)?.apply({ type, object });
  };
  return {
    caches,
    put: (kind, object) => tell(kind, "MODIFIED", object),
    gone: (kind, object) => tell(kind, "DELETED", object),
  };
}
