import { describe, expect, it, onTestFinished } from "vitest";
import { agentResource } from "../../src/api/v1alpha1/agent.ts";
import { agentFleetResource } from "../../src/api/v1alpha1/agent-fleet.ts";
import { aFleet, anOperatedNamespace, aSafetyAgent } from "./operator-support.ts";
import { eventually } from "./support.ts";

const { namespace, client, apply, patch, remove, find, agent, fleet, becomes, events, operator } =
  anOperatedNamespace();

const growth = (name: string, more: object = {}) => ({ name, layer: "Growth" as const, task: "work", ...more });

async function invalidAgents(name: string): Promise<unknown> {
  return (await fleet(name)).status?.invalidAgents;
}

/** How often an event of a reason was recorded about an object, repeats included. */
async function timesTold(name: string, reason: string): Promise<number> {
  const told = (await events(name)).filter((event) => event.reason === reason);
  return told.reduce((sum, { series }) => sum + (series?.count ?? 1), 0);
}

describe("an Agent that stands in a fleet's way", () => {
  it("made by hand is left alone, the rest proceeds, and the fleet takes the name once it is gone (F2)", async () => {
    await apply(agentResource, aSafetyAgent("taken", { layer: "Growth", task: "by hand" }));
    await becomes("Agent", "taken", { status: "True" });
    const before = (await agent("taken")).metadata.resourceVersion;

    await apply(agentFleetResource, aFleet("second", { agents: [growth("taken"), growth("free")] }));
    await becomes("AgentFleet", "second", { status: "False", reason: "InvalidAgents" });
    await becomes("Agent", "free", { status: "True" });
    expect(await invalidAgents("second")).toEqual([
      { name: "taken", reason: "NameConflict", message: expect.stringContaining("no fleet owns it") },
    ]);
    expect((await agent("taken")).metadata.resourceVersion).toBe(before);
    await eventually(async () => expect(await timesTold("second", "NameConflict")).toBe(1));

    await remove(agentResource, "taken");
    await becomes("AgentFleet", "second", { status: "True" });
    expect((await agent("taken")).spec.task).toBe("work");
    expect(await invalidAgents("second")).toBeUndefined();
    expect(await timesTold("second", "NameConflict")).toBe(1);
  });

  it("and belongs to another fleet stays with that one, which is named (F2)", async () => {
    await apply(agentFleetResource, aFleet("first", { agents: [growth("wanted")] }));
    await becomes("AgentFleet", "first", { status: "True" });
    const before = (await agent("wanted")).metadata.resourceVersion;
    await apply(agentFleetResource, aFleet("later", { agents: [growth("wanted"), growth("later-a")] }));
    await becomes("AgentFleet", "later", { status: "False", reason: "InvalidAgents" });
    expect(await invalidAgents("later")).toMatchObject([
      { message: expect.stringContaining("AgentFleet first owns it") },
    ]);
    expect((await agent("wanted")).metadata.resourceVersion).toBe(before);
    expect((await fleet("first")).status?.agents?.total).toBe(1);

    await apply(agentFleetResource, aFleet("first", { agents: [] }));
    await becomes("AgentFleet", "later", { status: "True" });
    expect((await agent("wanted")).metadata.labels).toMatchObject({ "darkfactory.dev/fleet": "later" });
  });

  it("is not removed with the entry of a fleet that never owned it (O5)", async () => {
    await apply(agentResource, aSafetyAgent("stranger", { layer: "Growth" }));
    await apply(agentFleetResource, aFleet("visit", { agents: [growth("stranger"), growth("visit-a")] }));
    await becomes("AgentFleet", "visit", { status: "False", reason: "InvalidAgents" });
    await apply(agentFleetResource, aFleet("visit", { agents: [growth("visit-a")] }));
    await becomes("AgentFleet", "visit", { status: "True" });
    await remove(agentFleetResource, "visit", "Foreground");
    await eventually(async () => expect(await find(agentFleetResource, "visit")).toBeUndefined());
    expect(await find(agentResource, "stranger")).toBeDefined();
  });
});

describe("an entry that only the merge with the defaults shows to be invalid (F5)", () => {
  it("is named with field and reason, told once, and stops no other; mended, it joins them", async () => {
    const good = growth("merge-good", { command: ["true"] });
    const of = (...entries: readonly object[]) => ({
      metadata: { name: "merge" },
      spec: { defaults: { tool: "text" as const }, agents: [...entries, good] },
    });
    await apply(agentFleetResource, of(growth("merge-bad")));
    await becomes("AgentFleet", "merge", { status: "False", reason: "InvalidAgents" });
    await becomes("Agent", "merge-good", { status: "True" });
    expect(await find(agentResource, "merge-bad")).toBeUndefined();
    expect(await invalidAgents("merge")).toEqual([
      {
        name: "merge-bad",
        reason: "InvalidSpec",
        message: expect.stringContaining("spec.agents[name=merge-bad].command: command is required"),
      },
    ]);
    const { conditions } = (await fleet("merge")).status ?? {};
    expect(conditions?.find(({ type }) => type === "Stalled")).toMatchObject({ status: "True" });
    await eventually(async () => expect(await timesTold("merge", "InvalidSpec")).toBe(1));

    // What happens to the others brings no second event.
    await patch(agentResource, "merge-good", { spec: { suspend: true } });
    await becomes("Agent", "merge-good", { reason: "Suspended" });
    await apply(agentFleetResource, of(growth("merge-bad", { command: ["true"] })));
    await becomes("Agent", "merge-bad", { status: "True" });
    await becomes("AgentFleet", "merge", { status: "True" });
    expect(await timesTold("merge", "InvalidSpec")).toBe(1);
  });

  it("leaves the agent that it made before as it was, and that one runs on", async () => {
    await apply(agentFleetResource, aFleet("turned", { agents: [growth("turned-a"), growth("turned-b")] }));
    await becomes("AgentFleet", "turned", { status: "True" });
    const before = await agent("turned-a");
    await apply(
      agentFleetResource,
      aFleet("turned", { agents: [growth("turned-a", { command: [] }), growth("turned-b")] }),
    );
    await becomes("AgentFleet", "turned", { status: "False", reason: "InvalidAgents" });
    expect((await agent("turned-a")).metadata.resourceVersion).toBe(before.metadata.resourceVersion);
    expect((await fleet("turned")).status?.agents).toMatchObject({ total: 2, ready: 2 });
  });
});

describe("an entry that the API server refuses", () => {
  it("is named with the server's words and stops no other; changed, it is tried again (F5)", async () => {
    await forbidModel("forbidden-here");
    await apply(agentFleetResource, aFleet("policy", { agents: [growth("policy-a"), growth("policy-b")] }));
    await becomes("AgentFleet", "policy", { status: "True" });

    const refused = growth("policy-a", { model: "forbidden-here" });
    await apply(agentFleetResource, aFleet("policy", { agents: [refused, growth("policy-b", { model: "allowed" })] }));
    await becomes("AgentFleet", "policy", { status: "False", reason: "InvalidAgents" });
    await eventually(async () => expect((await agent("policy-b")).spec.model).toBe("allowed"));
    expect(await invalidAgents("policy")).toEqual([
      {
        name: "policy-a",
        reason: "InvalidSpec",
        message: expect.stringContaining("this model is not for this namespace"),
      },
    ]);
    expect((await agent("policy-a")).spec.model).toBeUndefined();

    await apply(agentFleetResource, aFleet("policy", { agents: [growth("policy-a", { model: "allowed" })] }));
    await becomes("AgentFleet", "policy", { status: "True" });
    expect((await agent("policy-a")).spec.model).toBe("allowed");
  });
});

// The last test: what was repeated is counted when the operator ends.
it("each trouble of an entry was told once, however often the fleet was summed up meanwhile (F5)", async () => {
  expect(await operator().stop()).toBe(0);
  for (const [name, reason] of [
    ["second", "NameConflict"],
    ["merge", "InvalidSpec"],
    ["turned", "InvalidSpec"],
    ["policy", "InvalidSpec"],
  ] as const) {
    expect([name, await timesTold(name, reason)]).toEqual([name, 1]);
  }
});

/** A policy of the cluster's owner, until the test ends; resolves once the API server enforces it. */
async function forbidModel(model: string): Promise<void> {
  const name = `no-model-${namespace}`;
  const path = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpol";
  const matchResources = { namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } } };
  const policy = {
    failurePolicy: "Fail",
    matchConstraints: {
      resourceRules: [
        { apiGroups: ["darkfactory.dev"], apiVersions: ["*"], resources: ["agents"], operations: ["CREATE", "UPDATE"] },
      ],
    },
    validations: [
      {
        expression: `!has(object.spec.model) || object.spec.model != '${model}'`,
        message: "this model is not for this namespace",
      },
    ],
  };
  const binding = { policyName: name, validationActions: ["Deny"], matchResources };
  await client().raw("POST", `${path}icies`, { metadata: { name }, spec: policy });
  await client().raw("POST", `${path}icybindings`, { metadata: { name }, spec: binding });
  onTestFinished(async () => {
    await client().raw("DELETE", `${path}icybindings/${name}`);
    await client().raw("DELETE", `${path}icies/${name}`);
  });
  const probe = { ...aSafetyAgent("probe", { model }), metadata: { namespace, name: "probe" } };
  await eventually(async () => {
    await expect(client().create(agentResource, probe, { dryRun: true })).rejects.toThrow("not for this namespace");
  });
}
