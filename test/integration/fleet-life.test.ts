import { describe, expect, it } from "vitest";
import { agentResource } from "../../src/api/v1alpha1/agent.ts";
import { agentFleetResource } from "../../src/api/v1alpha1/agent-fleet.ts";
import { podResource } from "../../src/kube/types-core.ts";
import type { Removal } from "./operator-support.ts";
import { aFleet, anOperatedNamespace, aSafetyAgent } from "./operator-support.ts";
import { watchPods } from "./pod-witness.ts";
import { eventually } from "./support.ts";

const cluster = anOperatedNamespace();
const { apply, patch, remove, list, agent, fleet, becomes, runningPod } = cluster;

const safety = (name: string) => ({ ...aSafetyAgent(name).spec, name });
const growth = (name: string) => ({ name, layer: "Growth" as const, task: "work" });

describe("the roll-up of a fleet", () => {
  it("follows its agents: total, ready, running, per layer, and who needs attention (F4)", async () => {
    await apply(agentFleetResource, aFleet("sum", { agents: [safety("sum-a"), safety("sum-b"), growth("sum-c")] }));
    await becomes("AgentFleet", "sum", { status: "True" });
    expect((await fleet("sum")).status).toMatchObject({
      agents: { total: 3, ready: 3, running: 2, drifted: 0, paused: 0 },
      layers: [
        { layer: "Safety", total: 2, ready: 2, running: 2 },
        { layer: "Growth", total: 1, ready: 1, running: 0 },
      ],
      attention: [],
    });

    // A Pod that loses its readiness changes nothing in the fleet's spec: only the agent's status tells of it.
    const { name } = (await runningPod("sum-b")).metadata;
    await patch(podResource, name, { metadata: { annotations: { "sim.darkfactory.dev/ready": "false" } } });
    await becomes("Agent", "sum-b", { status: "False", reason: "NotReady" });
    await becomes("AgentFleet", "sum", { status: "False", reason: "AgentsNotReady" });
    expect((await fleet("sum")).status).toMatchObject({
      agents: { total: 3, ready: 2 },
      attention: [{ name: "sum-b", reason: "NotReady" }],
    });
  });
});

describe("a suspended fleet", () => {
  it("stops all its Pods, says so on each agent, and starts them again afterwards (F1, L1)", async () => {
    await apply(
      agentFleetResource,
      aFleet("pause", { agents: [safety("pause-a"), safety("pause-b"), growth("pause-c")] }),
    );
    await becomes("AgentFleet", "pause", { status: "True" });
    const witness = await watchPods(cluster);

    await patch(agentFleetResource, "pause", { spec: { suspend: true } });
    for (const name of ["pause-a", "pause-b", "pause-c"]) {
      await becomes("Agent", name, { status: "True", reason: "FleetSuspended" });
    }
    expect(await cluster.podsOf("pause-a")).toEqual([]);
    expect((await agent("pause-a")).spec.suspend).toBe(false);

    await patch(agentFleetResource, "pause", { spec: { suspend: false } });
    expect((await runningPod("pause-a")).metadata.name).toBe("pause-a-2");
    await runningPod("pause-b");
    await becomes("Agent", "pause-c", { status: "True", reason: "Idle" });
    const { mostAtOnce } = await witness.testify();
    expect([mostAtOnce("pause-a"), mostAtOnce("pause-b")]).toEqual([1, 1]);
  });
});

describe("deleting a fleet", () => {
  it.each<Removal>(["Background", "Foreground"])(
    "in the %s takes its agents and Pods and nothing else (F6)",
    async (how) => {
      const name = how.toLowerCase();
      await apply(agentResource, aSafetyAgent(`${name}-loner`));
      await apply(
        agentFleetResource,
        aFleet(name, { agents: [safety(`${name}-a`), safety(`${name}-b`), growth(`${name}-c`)] }),
      );
      await becomes("AgentFleet", name, { status: "True" });
      await runningPod(`${name}-loner`);
      const ownPods = [...(await cluster.podsOf(`${name}-a`)), ...(await cluster.podsOf(`${name}-b`))];
      expect(ownPods).toHaveLength(2);
      const witness = await watchPods(cluster);

      await remove(agentFleetResource, name, how);
      await eventually(async () => {
        const left = [
          ...(await list(agentResource)),
          ...(await list(podResource)),
          ...(await list(agentFleetResource)),
        ];
        expect(
          left
            .map(({ metadata }) => metadata.name)
            .filter((each) => each.startsWith(name))
            .toSorted(),
        ).toEqual([`${name}-loner`, `${name}-loner-1`]);
      });
      // No Pod was made on the way out.
      expect((await witness.testify()).story.filter((each) => each.startsWith("+"))).toEqual([]);
      await becomes("Agent", `${name}-loner`, { status: "True" });
      await remove(agentResource, `${name}-loner`);
    },
  );
});
