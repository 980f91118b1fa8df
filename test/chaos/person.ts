import { type Agent, agentResource } from "../../src/api/v1alpha1/agent.ts";
import { type AgentFleet, agentFleetResource } from "../../src/api/v1alpha1/agent-fleet.ts";
import { type AgentRun, agentRunResource } from "../../src/api/v1alpha1/agent-run.ts";
import type { KubeClient } from "../../src/kube/client.ts";
import { isNotFound } from "../../src/kube/errors.ts";
import { type Pod, podResource } from "../../src/kube/types-core.ts";
import type { Condition, KubeObject, ResourceType, Stored } from "../../src/kube/types.ts";
import { controllerOf } from "../../src/workloads/labels.ts";
import { until } from "../until.ts";

/** What a person does in a namespace, and looks for: past all faults, straight at the API server. */
export interface Person {
  readonly namespace: string;
  readonly client: KubeClient;
  /** Server-side apply, as kubectl does it. */
  apply<T extends KubeObject>(type: ResourceType<T>, object: T, fieldManager?: string): Promise<Stored<T>>;
  find<T extends KubeObject>(type: ResourceType<T>, name: string): Promise<Stored<T> | undefined>;
  list<T extends KubeObject>(type: ResourceType<T>): Promise<readonly Stored<T>[]>;
  /** Gives one of the annotations that ask for something a new value, such as "resume-requested-at". */
  ask(agent: string, what: string, value: string): Promise<void>;
  remove(type: ResourceType, name: string, how?: "Background" | "Foreground"): Promise<void>;
  agent(name: string): Promise<Stored<Agent> | undefined>;
  podsOf(agent: string): Promise<readonly Stored<Pod>[]>;
  /** Waits until an agent is Ready as it is described now, by one Pod that runs, and gives that Pod's name. */
  runningPod(agent: string): Promise<string>;
  untilReady(fleet: string): Promise<void>;
  untilComplete(run: string): Promise<void>;
  untilGone(type: ResourceType, name: string): Promise<void>;
}

export function personIn(namespace: string, client: KubeClient): Person {
  const find: Person["find"] = (type, name) =>
    client.get(type, { namespace, name }).catch((error: unknown) => {
      if (isNotFound(error)) return undefined;
      throw error;
    });
  const list: Person["list"] = async (type) =>
    (await Array.fromAsync(client.list(type, { namespace }))).flatMap(({ items }) => items);
  const agent = (name: string): Promise<Stored<Agent> | undefined> => find<Agent>(agentResource, name);
  const podsOf = async (name: string): Promise<readonly Stored<Pod>[]> =>
    (await list<Pod>(podResource)).filter(
      (pod) => controllerOf(pod)?.kind === "Agent" && controllerOf(pod)?.name === name,
    );
  const up = async (name: string): Promise<string | undefined> => {
    const [found, pods] = [await agent(name), await podsOf(name)];
    const [pod] = pods;
    const isUp = pod?.status?.phase === "Running" && pod.metadata.deletionTimestamp === undefined;
    const isIts = pods.length === 1 && controllerOf(pod ?? { metadata: {} })?.uid === found?.metadata.uid;
    return isUp && isIts && hasCondition(found, "Ready", "True") ? pod.metadata.name : undefined;
  };
  return {
    namespace,
    client,
    find,
    list,
    agent,
    podsOf,
    apply: (type, object, fieldManager = "kubectl") =>
      client.apply(type, { ...object, metadata: { ...object.metadata, namespace } }, { fieldManager }),
    async ask(name, what, value) {
      const annotations = { [`darkfactory.dev/${what}`]: value };
      await client.mergePatch(agentResource, { namespace, name }, { metadata: { annotations } }, asPerson);
    },
    async remove(type, name, propagationPolicy = "Background") {
      const found = await find(type, name);
      if (found === undefined) return;
      await client.delete(type, { namespace, name }, { uid: found.metadata.uid, propagationPolicy });
    },
    async runningPod(name) {
      let pod: string | undefined;
      await until(`${name} runs in ${namespace}`, async () => (pod = await up(name)) !== undefined);
      return pod ?? "";
    },
    untilReady: (name) =>
      until(`fleet ${name} is ready in ${namespace}`, async () =>
        hasCondition(await find<AgentFleet>(agentFleetResource, name), "Ready", "True"),
      ),
    untilComplete: (name) =>
      until(`run ${name} is complete in ${namespace}`, async () =>
        hasCondition(await find<AgentRun>(agentRunResource, name), "Complete", "True"),
      ),
    untilGone: (type, name) =>
      until(`${type.kind} ${name} is gone from ${namespace}`, async () => (await find(type, name)) === undefined),
  };
}

const asPerson = { fieldManager: "kubectl-annotate" };

interface WithConditions {
  readonly metadata: { readonly generation?: number };
  readonly status?: { readonly conditions?: readonly Condition[] };
}

/** Whether a condition says so of the present generation. */
export function hasCondition(
  object: WithConditions | undefined,
  type: string,
  status: string,
  reason?: string,
): boolean {
  const found = object?.status?.conditions?.find((each) => each.type === type);
  return (
    found?.status === status &&
    (reason === undefined || found.reason === reason) &&
    found.observedGeneration === object?.metadata.generation
  );
}
