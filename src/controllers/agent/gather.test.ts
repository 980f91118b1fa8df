import { describe, expect, it } from "vitest";
import { aCache, aFleet, anAgent, aPodOf } from "../../../test/builders.ts";
import { type AgentRun, agentRunResource } from "../../api/v1alpha1/agent-run.ts";
import { type AgentSpec, agentResource } from "../../api/v1alpha1/agent.ts";
import { agentFleetResource } from "../../api/v1alpha1/agent-fleet.ts";
import { jobResource, podResource } from "../../kube/types-core.ts";
import type { KubeObject } from "../../kube/types.ts";
import { controllerOf } from "../../workloads/labels.ts";
import { gather } from "./gather.ts";
import type { StoredAgent, StoredPod } from "./observed.ts";

const ref = { namespace: "default", name: "sentinel" };

function gatherFrom(world: { agents?: StoredAgent[]; fleets?: ReturnType<typeof aFleet>[]; pods?: StoredPod[] }) {
  const owner = (object: KubeObject) => [controllerOf(object)?.uid ?? ""];
  const agent = (object: KubeObject) => [`${object.metadata.namespace}/${controllerOf(object)?.name ?? ""}`];
  return gather(
    {
      agents: aCache(agentResource, world.agents ?? []),
      fleets: aCache(agentFleetResource, world.fleets ?? []),
      pods: aCache(podResource, world.pods ?? [], { owner, agent }),
      runs: aCache<AgentRun>(agentRunResource, [], { agent }),
      jobs: aCache(jobResource, []),
      rollout: { gate: (fleet) => ({ open: true, message: fleet?.metadata.name ?? "none" }), claim: () => undefined },
      images: { text: "t:1" },
    },
    ref,
  );
}

describe("what is gathered about an agent", () => {
  it("is nothing when it is gone", () => {
    expect(gatherFrom({})).toBeUndefined();
  });

  it("tells its own Pods from those of an earlier agent of its name (L1, O5)", () => {
    const agent = anAgent({ uid: "new" });
    const own = aPodOf(agent, 1);
    const old = aPodOf(anAgent({ uid: "old" }), 3);
    const others = aPodOf(anAgent({ name: "other" }), 1);
    expect(gatherFrom({ agents: [agent], pods: [own, old, others] })).toMatchObject({ pods: [own], leftovers: [old] });
  });

  it("takes the fleet that controls it, and its place in that fleet's rollout (L6)", () => {
    const seen = gatherFrom({ agents: [anAgent({ fleet: "night" })], fleets: [aFleet({ spec: { suspend: true } })] });
    expect(seen).toMatchObject({ fleet: { name: "night", suspend: true }, rollout: { message: "night" } });
  });

  it("takes no fleet that merely has the name of the one that controlled it (O5)", () => {
    const fleet = aFleet();
    const another = { ...fleet, metadata: { ...fleet.metadata, uid: "another" } };
    const seen = gatherFrom({ agents: [anAgent({ fleet: "night" })], fleets: [another] });
    expect(seen).toMatchObject({ fleet: undefined, rollout: { message: "none" } });
  });

  it("says what is wrong with a spec that an older CRD let through, field by field", () => {
    const { command: _, ...spec } = anAgent().spec;
    const wrong = { ...anAgent(), spec: { ...spec, timeZone: 3 } as unknown as AgentSpec };
    expect(gatherFrom({ agents: [wrong] })?.problems).toEqual([expect.stringMatching(/^spec\.timeZone: /)]);
    expect(gatherFrom({ agents: [anAgent()] })?.problems).toEqual([]);
  });
});
