import { expect } from "vitest";
import { agentResource, type AgentManifest, type AgentSpecInput } from "../../src/api/v1alpha1/agent.ts";
import { agentRunResource, type AgentRun, type AgentRunManifest } from "../../src/api/v1alpha1/agent-run.ts";
import { type Pod, podResource } from "../../src/kube/types-core.ts";
import type { Stored } from "../../src/kube/types.ts";
import { label } from "../../src/workloads/labels.ts";
import type { Hands } from "../integration/operator-support.ts";
import { eventually, kubectl } from "../integration/support.ts";

/** Growth agents and their runs in one namespace. */
export interface Growth {
  /** Applies an agent that runs `task` by a shell, unless `spec` says otherwise. */
  readonly agent: (name: string, task: string, spec?: Partial<AgentSpecInput>) => Promise<void>;
  /** Creates a run of an agent. */
  readonly request: (run: string, agent: string) => Promise<void>;
  readonly run: (name: string) => Promise<Stored<AgentRun>>;
  /** Waits until a run's Started condition has this reason, and gives the condition's message. */
  readonly shows: (name: string, reason: string) => Promise<string>;
  /** Waits until a run is Complete or Failed. */
  readonly ended: (name: string) => Promise<Stored<AgentRun>>;
  /** The Pods of a run that are still there, oldest first. */
  readonly podsOf: (name: string) => Promise<readonly Stored<Pod>[]>;
  /** What the agent's container of a run's last Pod printed. */
  readonly log: (name: string) => Promise<string>;
}

/** A real node takes a Pod through its life in a few seconds; the kubelet tries again after ten what could not start. */
const patience = { timeoutMs: 120_000, everyMs: 200 };

export function growthIn({ namespace, apply, client, list }: Hands): Growth {
  const run = (name: string): Promise<Stored<AgentRun>> =>
    client().get<AgentRun>(agentRunResource, { namespace, name });
  const conditionOf = async (name: string, type: string) =>
    (await run(name)).status?.conditions?.find((condition) => condition.type === type);
  const podsOf: Growth["podsOf"] = async (name) =>
    (await list<Pod>(podResource))
      .filter(({ metadata }) => metadata.labels?.[label.run] === name)
      .sort((a, b) => (a.metadata.creationTimestamp < b.metadata.creationTimestamp ? -1 : 1));
  return {
    async agent(name, task, spec = {}) {
      const manifest: AgentManifest = {
        metadata: { name },
        spec: {
          layer: "Growth",
          tool: "text",
          image: "darkfactory.test/busybox:1",
          command: ["/bin/sh", "-c"],
          task,
          ...spec,
        },
      };
      await apply<AgentManifest>(agentResource, manifest);
    },
    async request(name, agent) {
      const manifest: AgentRunManifest = { metadata: { name }, spec: { agentRef: { name: agent } } };
      await apply<AgentRunManifest>(agentRunResource, manifest);
    },
    run,
    shows: (name, reason) =>
      eventually(async () => {
        const started = await conditionOf(name, "Started");
        expect(started?.reason).toBe(reason);
        return started?.message ?? "";
      }, patience),
    ended: (name) =>
      eventually(async () => {
        const found = await run(name);
        expect(found.status?.display?.state).toBeOneOf(["Complete", "Failed"]);
        return found;
      }, patience),
    podsOf,
    async log(name) {
      const pod = (await podsOf(name)).at(-1)?.metadata.name ?? "";
      return (await kubectl(["--namespace", namespace, "logs", pod, "--container", "agent"])).stdout;
    },
  };
}
