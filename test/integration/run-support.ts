import { expect } from "vitest";
import type { Agent, AgentManifest, AgentSpecInput } from "../../src/api/v1alpha1/agent.ts";
import { type AgentRun, type AgentRunManifest, agentRunResource } from "../../src/api/v1alpha1/agent-run.ts";
import { type Job, jobResource, type Pod, podResource } from "../../src/kube/types-core.ts";
import type { Condition, Stored } from "../../src/kube/types.ts";
import { controllerOf } from "../../src/workloads/labels.ts";
import { type Hands, simulated } from "./operator-support.ts";
import { eventually } from "./support.ts";

/** A Growth agent whose runs take `fate.run` (default 300 ms) and end well, unless `fate` and `spec` say otherwise. */
export function aGrowthAgent(
  name: string,
  fate: Readonly<Record<string, string>> = {},
  spec: Partial<AgentSpecInput> = {},
): AgentManifest {
  return {
    metadata: { name },
    spec: {
      layer: "Growth",
      tool: "text",
      image: "darkfactory.test/busybox:1",
      command: ["sh", "-c"],
      task: "work",
      podTemplate: simulated({ run: "300ms", ...fate }),
      ...spec,
    },
  };
}

/** Works until it is stopped. */
export const forever = { run: "1h" };

/** A run of an agent as a person writes it. */
export function aRunOf(agent: string, name: string, spec: Partial<AgentRunManifest["spec"]> = {}): AgentRunManifest {
  return { metadata: { name }, spec: { agentRef: { name: agent }, ...spec } };
}

/** What a person does with runs, and sees of them. */
export interface RunHands {
  /** As kubectl create: refused when the name is taken. */
  readonly start: (agent: string, name: string, spec?: Partial<AgentRunManifest["spec"]>) => Promise<Stored<AgentRun>>;
  readonly run: (name: string) => Promise<Stored<AgentRun>>;
  readonly runsOf: (agent: string) => Promise<readonly Stored<AgentRun>[]>;
  readonly job: (name: string) => Promise<Stored<Job> | undefined>;
  /** The Pods of a run's Job, by creation. */
  readonly podsOfRun: (name: string) => Promise<readonly Stored<Pod>[]>;
  /** Waits until a condition of a run is as given, and gives the run. */
  readonly reaches: (name: string, condition: Partial<Condition>) => Promise<Stored<AgentRun>>;
  readonly completes: (name: string) => Promise<Stored<AgentRun>>;
  readonly fails: (name: string, reason: string) => Promise<Stored<AgentRun>>;
  readonly waits: (name: string, reason: string) => Promise<Stored<AgentRun>>;
  /** Waits until a run's Pod runs, and gives it. */
  readonly runningPodOf: (name: string) => Promise<Stored<Pod>>;
  /** Lets a run that works until it is stopped end well, now. */
  readonly finish: (name: string) => Promise<void>;
}

export function runHands({ namespace, client, list, find }: Hands): RunHands {
  const run = (name: string) => client().get<AgentRun>(agentRunResource, { namespace, name });
  const podsOfRun = async (name: string) =>
    (await list<Pod>(podResource))
      .filter((pod) => controllerOf(pod)?.kind === "Job" && controllerOf(pod)?.name === name)
      .sort((a, b) => (a.metadata.creationTimestamp < b.metadata.creationTimestamp ? -1 : 1));
  const reaches: RunHands["reaches"] = (name, condition) =>
    eventually(
      async () => {
        const found = await run(name);
        const conditions = found.status?.conditions ?? [];
        expect(conditions.find(({ type }) => type === condition.type)).toMatchObject(condition);
        return found;
      },
      { timeoutMs: 60_000 },
    );
  const runningPodOf: RunHands["runningPodOf"] = (name) =>
    eventually(async () => {
      const found = (await podsOfRun(name)).filter(
        ({ status, metadata }) => status?.phase === "Running" && metadata.deletionTimestamp === undefined,
      );
      expect(found).toHaveLength(1);
      return found[0]!;
    });
  return {
    start: (agent, name, spec) => {
      const { metadata, ...rest } = aRunOf(agent, name, spec);
      return client().create<AgentRun>(agentRunResource, { ...rest, metadata: { ...metadata, namespace } } as AgentRun);
    },
    run,
    runsOf: async (agent) =>
      (await list<AgentRun>(agentRunResource)).filter(({ spec }) => spec.agentRef.name === agent),
    job: (name) => find<Job>(jobResource, name),
    podsOfRun,
    reaches,
    completes: (name) => reaches(name, { type: "Complete", status: "True" }),
    fails: (name, reason) => reaches(name, { type: "Failed", status: "True", reason }),
    waits: (name, reason) => reaches(name, { type: "Started", status: "False", reason }),
    runningPodOf,
    async finish(name) {
      const { metadata } = await runningPodOf(name);
      await client().mergePatch(podResource, { namespace, name: metadata.name }, simulated({ run: "1ms" }));
    },
  };
}

/** Waits until an agent's status is as given, and gives the agent. */
export function showsStatus(hands: Pick<Hands, "agent">, name: string, status: object): Promise<Stored<Agent>> {
  return eventually(async () => {
    const agent = await hands.agent(name);
    expect(agent.status).toMatchObject(status);
    return agent;
  });
}
