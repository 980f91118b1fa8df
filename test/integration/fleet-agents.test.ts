import { describe, expect, it } from "vitest";
import { agentResource } from "../../src/api/v1alpha1/agent.ts";
import { agentFleetResource } from "../../src/api/v1alpha1/agent-fleet.ts";
import { podResource } from "../../src/kube/types-core.ts";
import { aFleet, anOperatedNamespace, aSafetyAgent } from "./operator-support.ts";
import { eventually } from "./support.ts";

const cluster = anOperatedNamespace();
const { apply, patch, remove, find, list, agent, fleet, becomes } = cluster;

const growth = (name: string, more: object = {}) => ({ name, layer: "Growth" as const, task: "work", ...more });

/** Who wrote the agents of this test, by name: each write of the spec or the metadata moves the number. */
async function versions(...names: readonly string[]): Promise<readonly string[]> {
  return await Promise.all(names.map(async (name) => (await agent(name)).metadata.resourceVersion));
}

describe("a fleet makes its agents", () => {
  it("by server-side apply as darkfactory-fleet, as its own, labelled with its name (F1)", async () => {
    await apply(agentFleetResource, aFleet("made", { agents: [growth("made-a"), growth("made-b")] }));
    await becomes("AgentFleet", "made", { status: "True", reason: "AgentsReady" });

    const { metadata } = await agent("made-a");
    const { uid } = (await fleet("made")).metadata;
    expect(metadata.ownerReferences).toEqual([
      {
        apiVersion: "darkfactory.dev/v1alpha1",
        kind: "AgentFleet",
        name: "made",
        uid,
        controller: true,
        blockOwnerDeletion: true,
      },
    ]);
    expect(metadata.labels).toMatchObject({
      "darkfactory.dev/fleet": "made",
      "darkfactory.dev/layer": "Growth",
      "app.kubernetes.io/managed-by": "darkfactory",
    });
    expect(await managersOf("made-a")).toEqual([
      ["darkfactory-fleet", "Apply", undefined],
      ["darkfactory-status", "Apply", "status"],
    ]);
  });

  it("of each entry with the defaults merged under it: maps by key, lists by name, the rest replaced (F3)", async () => {
    const defaults = {
      resources: { requests: { cpu: "10m" }, limits: { memory: "64Mi" } },
      env: [
        { name: "REGION", value: "eu" },
        { name: "LEVEL", value: "info" },
      ],
      capabilities: ["git"],
    };
    const own = {
      resources: { limits: { memory: "128Mi" } },
      env: [{ name: "LEVEL", value: "debug" }],
      capabilities: ["review"],
    };
    await apply(agentFleetResource, aFleet("merged", { defaults, agents: [growth("merged-a", own)] }));
    await becomes("AgentFleet", "merged", { status: "True" });
    expect((await agent("merged-a")).spec).toMatchObject({
      command: ["sh", "-c"],
      resources: { requests: { cpu: "10m" }, limits: { memory: "128Mi" } },
      env: [
        { name: "REGION", value: "eu" },
        { name: "LEVEL", value: "debug" },
      ],
      capabilities: ["review"],
    });
  });
});

describe("a change of a fleet touches just the agent that it concerns (F1)", () => {
  it("when an entry is added, changed and removed", async () => {
    const entries = [growth("touch-a"), growth("touch-b")];
    await apply(agentFleetResource, aFleet("touch", { agents: entries }));
    await becomes("AgentFleet", "touch", { status: "True" });
    const before = await versions("touch-a", "touch-b");

    await apply(agentFleetResource, aFleet("touch", { agents: [...entries, growth("touch-c")] }));
    await becomes("Agent", "touch-c", { status: "True" });
    await becomes("AgentFleet", "touch", { status: "True" });
    expect(await versions("touch-a", "touch-b")).toEqual(before);
    const added = await versions("touch-c");

    const changed = growth("touch-b", { task: "other work" });
    await apply(agentFleetResource, aFleet("touch", { agents: [growth("touch-a"), changed, growth("touch-c")] }));
    await eventually(async () => expect((await agent("touch-b")).spec.task).toBe("other work"));
    await becomes("AgentFleet", "touch", { status: "True" });
    expect(await versions("touch-a", "touch-c")).toEqual([before[0], ...added]);

    await apply(agentFleetResource, aFleet("touch", { agents: [growth("touch-a"), growth("touch-c")] }));
    await eventually(async () => expect(await find(agentResource, "touch-b")).toBeUndefined());
    await becomes("AgentFleet", "touch", { status: "True" });
    expect(await versions("touch-a", "touch-c")).toEqual([before[0], ...added]);
    expect((await fleet("touch")).status?.agents?.total).toBe(2);
  });

  it("when a default is changed that only one of them does not set itself", async () => {
    const own = growth("default-own", { model: "mine" });
    await apply(agentFleetResource, aFleet("default", { agents: [own, growth("default-taken")] }));
    await becomes("AgentFleet", "default", { status: "True" });
    const before = await versions("default-own");

    await apply(
      agentFleetResource,
      aFleet("default", { defaults: { model: "new" }, agents: [own, growth("default-taken")] }),
    );
    await eventually(async () => expect((await agent("default-taken")).spec.model).toBe("new"));
    await becomes("AgentFleet", "default", { status: "True" });
    expect(await versions("default-own")).toEqual(before);
  });
});

describe("an agent of a fleet", () => {
  it("keeps what others set on it and the fleet does not, also when its entry changes (F1)", async () => {
    await apply(agentFleetResource, aFleet("shared", { agents: [growth("shared-a")] }));
    await becomes("AgentFleet", "shared", { status: "True" });
    await patch(agentResource, "shared-a", {
      metadata: { labels: { team: "platform" }, annotations: { note: "kept" } },
      spec: { model: "by-hand" },
    });
    await becomes("Agent", "shared-a", { status: "True" });

    await apply(agentFleetResource, aFleet("shared", { agents: [growth("shared-a", { task: "new" })] }));
    await eventually(async () => expect((await agent("shared-a")).spec.task).toBe("new"));
    const { metadata, spec } = await agent("shared-a");
    expect(spec.model).toBe("by-hand");
    expect(metadata).toMatchObject({ labels: { team: "platform" }, annotations: { note: "kept" } });
  });

  it("loses a field that its entry does not set any more (F1)", async () => {
    await apply(agentFleetResource, aFleet("less", { agents: [growth("less-a", { model: "big" })] }));
    await becomes("AgentFleet", "less", { status: "True" });
    await apply(agentFleetResource, aFleet("less", { agents: [growth("less-a")] }));
    await eventually(async () => expect((await agent("less-a")).spec.model).toBeUndefined());
  });

  it("gets back a field and a label that somebody changed by hand (F1)", async () => {
    await apply(agentFleetResource, aFleet("edited", { agents: [growth("edited-a")] }));
    await becomes("AgentFleet", "edited", { status: "True" });

    await patch(agentResource, "edited-a", { spec: { task: "mischief" } });
    await eventually(async () => expect((await agent("edited-a")).spec.task).toBe("work"));
    await patch(agentResource, "edited-a", { metadata: { labels: { "darkfactory.dev/fleet": null } } });
    await eventually(async () =>
      expect((await agent("edited-a")).metadata.labels).toMatchObject({ "darkfactory.dev/fleet": "edited" }),
    );
  });

  it("is made again when somebody deletes it, and its Pod with it (F1)", async () => {
    const entry = { ...aSafetyAgent("again-a").spec, name: "again-a" };
    await apply(agentFleetResource, aFleet("again", { agents: [entry, growth("again-b")] }));
    await becomes("AgentFleet", "again", { status: "True" });
    const [before, others] = [await agent("again-a"), await versions("again-b")];
    const [podBefore] = await cluster.podsOf("again-a");

    await remove(agentResource, "again-a");
    await eventually(async () => expect((await agent("again-a")).metadata.uid).not.toBe(before.metadata.uid));
    const pod = await cluster.runningPod("again-a");
    expect(pod.metadata.uid).not.toBe(podBefore?.metadata.uid);
    expect(await list(podResource)).toHaveLength(1);
    expect(await versions("again-b")).toEqual(others);
  });
});

/** Manager, operation and subresource of each who owns fields of an agent; the API server's own words. */
async function managersOf(name: string): Promise<unknown> {
  const { metadata } = await agent(name);
  const { managedFields } = metadata as {
    managedFields?: readonly { manager: string; operation: string; subresource?: string }[];
  };
  return managedFields?.map(({ manager, operation, subresource }) => [manager, operation, subresource]);
}
