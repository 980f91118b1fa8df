import type { AgentManifest, AgentSpecInput } from "../../src/api/v1alpha1/agent.ts";
import type { AgentFleetEntry, AgentFleetManifest } from "../../src/api/v1alpha1/agent-fleet.ts";
import type { KubeObject, ResourceType } from "../../src/kube/types.ts";

/** How many of each kind of agent a fleet has. */
export interface Size {
  readonly safety: number;
  readonly growth: number;
  /** Core agents that fire each minute, while the scenario goes on. */
  readonly minutely: number;
}

/** The value that must never be seen outside of its Secret. */
export const PLANTED = "planted-5f2d1c7e9b3a";

/** The field manager of somebody whose fields on a fleet's agents are to stay as they are. */
export const STRANGER = "stranger";

export const secretResource: ResourceType<KubeObject & { readonly stringData: Readonly<Record<string, string>> }> = {
  group: "",
  version: "v1",
  kind: "Secret",
  plural: "secrets",
  namespaced: true,
};

const tool = { tool: "text", image: "darkfactory.test/busybox:1", command: ["sh", "-c"] } as const;
const fate = (annotations: Readonly<Record<string, string>>): NonNullable<AgentSpecInput["podTemplate"]> => ({
  metadata: {
    annotations: Object.fromEntries(
      Object.entries({ start: "20ms", stop: "50ms", ...annotations }).map(([what, value]) => [
        `sim.darkfactory.dev/${what}`,
        value,
      ]),
    ),
  },
});

/** Looked at every 5 s, and without a guard against storms: one that begins in one run and not in the other is no fault. */
const nightwatch = {
  evaluationIntervalSeconds: 5,
  stormGuardPercent: 100,
  maxCorrections: { count: 1000, windowSeconds: 3600 },
};

/** The fleet that stands from first to last; each round gives it other tasks, and another entry in place of the last. */
export function crew(size: Size, round: number, last: boolean): AgentFleetManifest {
  const many = (count: number, name: string, entry: Omit<AgentFleetEntry, "name">): readonly AgentFleetEntry[] =>
    Array.from({ length: count }, (_, n) => ({ ...entry, name: `${name}-${n}` }));
  return {
    metadata: { name: "crew" },
    spec: {
      nightwatch,
      concurrency: { max: size.safety + 4 },
      rollout: { maxUnavailablePercent: 50 },
      defaults: {
        ...tool,
        podTemplate: fate({}),
        restart: { cooldownSeconds: 1 },
        runLimits: { keepSucceeded: 2 },
        env: [{ name: "TOKEN", valueFrom: { secretKeyRef: { name: "credentials", key: "token" } } }],
      },
      agents: [
        ...many(size.safety, "guard", { layer: "Safety", task: `watch ${round}` }),
        ...many(size.growth, "hand", { layer: "Growth", task: `work ${round}`, podTemplate: fate({ run: "300ms" }) }),
        ...many(size.minutely, "clock", {
          layer: "Core",
          schedule: "* * * * *",
          task: `tick ${round}`,
          suspend: last,
          runLimits: { keepSucceeded: 1 },
          podTemplate: fate({ run: "300ms" }),
        }),
        { name: `extra-${round}`, layer: "Safety", task: "stay for a round" },
      ],
    },
  };
}

/** A fleet that comes and goes within a round, with a run that would go on for long. */
export function guests(round: number): AgentFleetManifest {
  return {
    metadata: { name: `guests-${round}` },
    spec: {
      nightwatch,
      defaults: { ...tool, podTemplate: fate({ run: "1h" }) },
      agents: [
        { name: `guest-${round}`, layer: "Safety", task: "stay" },
        { name: `visitor-${round}`, layer: "Growth", task: "visit" },
      ],
    },
  };
}

/** An agent of no fleet that fails at each start, until its budget is spent. */
export const flaky: AgentManifest = {
  metadata: { name: "flaky" },
  spec: {
    ...tool,
    layer: "Safety",
    task: "fail",
    restart: { cooldownSeconds: 1, maxRestarts: 1 },
    podTemplate: fate({ run: "50ms", exit: "1" }),
  },
};

/** An agent of no fleet with one occurrence that was missed, as after a downtime: it fires as soon as it is seen. */
export function nightly(round: number, occurrence: number): AgentManifest {
  const at = new Date(occurrence);
  const schedule = `${at.getUTCMinutes()} ${at.getUTCHours()} * * *`;
  return {
    metadata: { name: `nightly-${round}` },
    spec: { ...tool, layer: "Core", schedule, task: "nightly", podTemplate: fate({ run: "300ms" }) },
  };
}

/** Its status as an operator left it that followed the schedule until an hour before. */
export function followedBefore(agent: AgentManifest, occurrence: number): AgentManifest {
  const { schedule = "" } = agent.spec;
  const since = new Date(occurrence - 3_600_000).toISOString();
  const timetable = { schedule, timeZone: "Etc/UTC", since };
  return { metadata: agent.metadata, status: { observedGeneration: 1, timetable } } as AgentManifest;
}
