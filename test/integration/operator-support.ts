import { afterAll, beforeAll, beforeEach, expect, inject, onTestFailed } from "vitest";
import { type Agent, type AgentManifest, agentResource, type AgentSpecInput } from "../../src/api/v1alpha1/agent.ts";
import { type AgentFleet, type AgentFleetManifest, agentFleetResource } from "../../src/api/v1alpha1/agent-fleet.ts";
import type { KubeClient } from "../../src/kube/client.ts";
import { loadConfig } from "../../src/kube/config.ts";
import { isNotFound } from "../../src/kube/errors.ts";
import { EVENT, type KubeEvent } from "../../src/kube/events.ts";
import { createKubeClient } from "../../src/kube/kube-client.ts";
import { type Pod, podResource } from "../../src/kube/types-core.ts";
import type { Condition, KubeObject, ResourceType, Stored } from "../../src/kube/types.ts";
import { controllerOf } from "../../src/workloads/labels.ts";
import { ACTING, type OperatorProcess, startOperator } from "../operator-process.ts";
import { aNamespace, eventually } from "./support.ts";

export type Removal = "Background" | "Foreground";

/** One namespace seen and changed by a person's hands: everything goes straight to the API server. */
export interface Hands {
  readonly namespace: string;
  readonly client: () => KubeClient;
  /** Server-side apply as kubectl does it, by the manager "kubectl" or another one. */
  readonly apply: <T extends KubeObject>(type: ResourceType<T>, object: T, fieldManager?: string) => Promise<Stored<T>>;
  readonly patch: <T extends KubeObject>(type: ResourceType<T>, name: string, patch: object) => Promise<Stored<T>>;
  /** A new value for one of the annotations that ask for something, such as "restart-requested-at". */
  readonly ask: (agent: string, annotation: string) => Promise<void>;
  readonly remove: (type: ResourceType, name: string, how?: Removal) => Promise<void>;
  readonly find: <T extends KubeObject>(type: ResourceType<T>, name: string) => Promise<Stored<T> | undefined>;
  readonly list: <T extends KubeObject>(type: ResourceType<T>) => Promise<readonly Stored<T>[]>;
  readonly agent: (name: string) => Promise<Stored<Agent>>;
  readonly fleet: (name: string) => Promise<Stored<AgentFleet>>;
  /** The Pods that an agent controls, by name. */
  readonly podsOf: (agent: string) => Promise<readonly Stored<Pod>[]>;
  readonly events: (about: string) => Promise<readonly Stored<KubeEvent>[]>;
  /** Waits until an agent's or a fleet's Ready condition, for its present generation, is as given. */
  readonly becomes: (kind: "Agent" | "AgentFleet", name: string, ready: Partial<Condition>) => Promise<void>;
  /** Waits until an agent is Ready by a running Pod, and gives that Pod, its only one. */
  readonly runningPod: (agent: string) => Promise<Stored<Pod>>;
}

/** A person's hands in a namespace of the tests' cluster; usable from beforeAll on. */
export function handsIn(namespace: string): Hands {
  let client: KubeClient | undefined;
  beforeAll(async () => {
    client = createKubeClient(await loadConfig({ kubeconfig: inject("cluster").kubeconfig }));
  });
  afterAll(async () => await client?.close());
  return hands(namespace, () => {
    if (client === undefined) throw new Error("the client is made in beforeAll");
    return client;
  });
}

/** Hands on whatever cluster `client` speaks to. */
export function hands(namespace: string, client: () => KubeClient): Hands {
  const read = async <T extends KubeObject>(type: ResourceType<T>, name: string): Promise<Stored<T>> =>
    await client().get(type, { namespace, name });
  const list = async <T extends KubeObject>(type: ResourceType<T>): Promise<readonly Stored<T>[]> => {
    const found: Stored<T>[] = [];
    for await (const page of client().list(type, { namespace })) found.push(...page.items);
    return found;
  };
  const find = async <T extends KubeObject>(type: ResourceType<T>, name: string): Promise<Stored<T> | undefined> =>
    await read(type, name).catch((error: unknown) => {
      if (isNotFound(error)) return undefined;
      throw error;
    });
  const agent = (name: string): Promise<Stored<Agent>> => read<Agent>(agentResource, name);
  const fleet = (name: string): Promise<Stored<AgentFleet>> => read<AgentFleet>(agentFleetResource, name);
  const podsOf = async (name: string): Promise<readonly Stored<Pod>[]> => {
    const { uid } = (await agent(name)).metadata;
    return (await list<Pod>(podResource))
      .filter((pod) => controllerOf(pod)?.uid === uid)
      .sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  };
  const becomes: Hands["becomes"] = (kind, name, ready) =>
    eventually(async () => {
      const { metadata, status } = kind === "Agent" ? await agent(name) : await fleet(name);
      const found = status?.conditions?.find(({ type }) => type === "Ready");
      expect(found).toMatchObject({ observedGeneration: metadata.generation, ...ready });
    });
  return {
    namespace,
    client,
    apply: (type, object, fieldManager = "kubectl") =>
      client().apply(type, { ...object, metadata: { ...object.metadata, namespace } }, { fieldManager }),
    patch: (type, name, patch) => client().mergePatch(type, { namespace, name }, patch),
    async ask(name, annotation) {
      const annotations = { [`darkfactory.dev/${annotation}`]: new Date().toISOString() };
      await client().mergePatch(agentResource, { namespace, name }, { metadata: { annotations } });
    },
    async remove(type, name, propagationPolicy = "Background") {
      const { uid } = (await read(type, name)).metadata;
      await client().delete(type, { namespace, name }, { uid, propagationPolicy });
    },
    find,
    list,
    agent,
    fleet,
    podsOf,
    events: async (about) => (await list(EVENT)).filter(({ regarding }) => regarding.name === about),
    becomes,
    runningPod: (name) =>
      eventually(async () => {
        await becomes("Agent", name, { status: "True", reason: "Running" });
        const pods = await podsOf(name);
        // What the status says may be of a moment ago: it must speak of the Pod that is there.
        const { active } = (await agent(name)).status ?? {};
        expect(pods.map(({ metadata }) => ({ kind: "Pod", name: metadata.name }))).toEqual(active);
        expect(pods.map(({ metadata, status }) => [metadata.deletionTimestamp, status?.phase])).toEqual([
          [undefined, "Running"],
        ]);
        return pods[0]!;
      }),
  };
}

/** A namespace with an operator of its own that watches nothing else. */
export interface Operated extends Hands {
  /** The operator that runs. */
  readonly operator: () => OperatorProcess;
  /** Kills the operator, and starts another in its place. */
  readonly replaceOperator: () => Promise<void>;
}

const ALONE = ["--leader-elect", "false"] as const;

/**
 * One operator and one namespace for all tests of this file. When a test fails, it shows the operator's last words; when
 * the operator does not end by SIGTERM with exit code 0 after them, the file fails. It is alone and holds no lease: on a
 * machine that is busy for ten seconds it would lose it, and rightly end.
 */
export function anOperatedNamespace(args: readonly string[] = []): Operated {
  const namespace = aNamespace();
  const own = handsIn(namespace);
  let operator: OperatorProcess | undefined;
  const start = async (): Promise<void> => {
    const { kubeconfig } = inject("cluster");
    operator = startOperator({ kubeconfig, args: ["--namespaces", namespace, ...ALONE, ...args] });
    await operator.logged(ACTING);
  };
  beforeAll(start);
  beforeEach(() => {
    onTestFailed(() => console.error(operator?.logTail().slice(-30).join("\n")));
  });
  afterAll(async () => {
    expect(await operator?.stop()).toBe(0);
  });
  return {
    ...own,
    operator() {
      if (operator === undefined) throw new Error("the operator is started in beforeAll");
      return operator;
    },
    async replaceOperator() {
      await operator?.kill();
      await start();
    },
  };
}

/** A Safety agent that runs until it is stopped, unless `spec` says otherwise. */
export function aSafetyAgent(name: string, spec: Partial<AgentSpecInput> = {}): AgentManifest {
  return {
    metadata: { name },
    spec: { layer: "Safety", tool: "text", image: IMAGE, command: ["sh", "-c"], task: "sleep 3600", ...spec },
  };
}

export function aFleet(name: string, spec: AgentFleetManifest["spec"]): AgentFleetManifest {
  return {
    metadata: { name },
    spec: { ...spec, defaults: { tool: "text", image: IMAGE, command: ["sh", "-c"], ...spec.defaults } },
  };
}

const IMAGE = "darkfactory.test/busybox:1";

/** A podTemplate that tells a simulated node how its Pod fares (test/cluster/simulated-pods.yaml). */
export function simulated(fate: Readonly<Record<string, string>>): NonNullable<AgentSpecInput["podTemplate"]> {
  const annotations = Object.entries(fate).map(([what, value]) => [`sim.darkfactory.dev/${what}`, value] as const);
  return { metadata: { annotations: Object.fromEntries(annotations) } };
}
