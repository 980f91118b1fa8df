import { describe, expect, it } from "vitest";
import { aFleet } from "../../../test/builders.ts";
import type { AgentFleetSpec } from "../../api/v1alpha1/agent-fleet.ts";
import { entriesOf, type Entry } from "./entries.ts";

const sentinel = { name: "sentinel", layer: "Safety", tool: "claude", task: "scan" } as const;

function only(spec: Partial<AgentFleetSpec>, name?: string): Entry {
  const [entry] = entriesOf(aFleet({ spec, ...(name === undefined ? {} : { name }) }));
  if (entry === undefined) throw new Error("the fleet has no entry");
  return entry;
}

const specOf = (spec: Partial<AgentFleetSpec>) => {
  const entry = only(spec);
  if (!entry.ok) throw new Error(entry.invalid.message);
  return entry.agent.spec;
};

describe("an entry of a fleet", () => {
  it("becomes an Agent of its name that the fleet controls, with only the fields that the fleet sets (F1)", () => {
    const entry = only({ agents: [sentinel] });
    expect(entry).toEqual({
      ok: true,
      name: "sentinel",
      hash: expect.stringMatching(/^[0-9a-f]{16}$/),
      agent: {
        apiVersion: "darkfactory.dev/v1alpha1",
        kind: "Agent",
        metadata: {
          name: "sentinel",
          namespace: "default",
          labels: {
            "app.kubernetes.io/managed-by": "darkfactory",
            "darkfactory.dev/fleet": "night",
            "darkfactory.dev/layer": "Safety",
          },
          annotations: { "darkfactory.dev/applied-hash": entry.ok ? entry.hash : "" },
          ownerReferences: [
            {
              apiVersion: "darkfactory.dev/v1alpha1",
              kind: "AgentFleet",
              name: "night",
              uid: "uid-night",
              controller: true,
              blockOwnerDeletion: true,
            },
          ],
        },
        spec: { layer: "Safety", tool: "claude", task: "scan" },
      },
    });
  });

  it("gets the defaults under what it says itself: maps by key, lists by name, scalars by replacement (F3)", () => {
    const defaults = {
      model: "small",
      resources: { limits: { cpu: "1", memory: "1Gi" } },
      env: [
        { name: "A", value: "1" },
        { name: "B", value: "1" },
      ],
    };
    const own = { model: "large", resources: { limits: { memory: "2Gi" } }, env: [{ name: "B", value: "2" }] };
    expect(specOf({ defaults, agents: [{ ...sentinel, ...own }] })).toMatchObject({
      model: "large",
      resources: { limits: { cpu: "1", memory: "2Gi" } },
      env: [
        { name: "A", value: "1" },
        { name: "B", value: "2" },
      ],
    });
  });

  it("hands a podTemplate's nulls on: they remove what the operator's own Pod would have (F3)", () => {
    const defaults = { podTemplate: { spec: { securityContext: { fsGroup: null }, dnsPolicy: "Default" } } };
    const own = { podTemplate: { spec: { securityContext: { runAsUser: null }, dnsPolicy: null } } };
    expect(specOf({ defaults, agents: [{ ...sentinel, ...own }] }).podTemplate).toEqual({
      spec: { securityContext: { fsGroup: null, runAsUser: null }, dnsPolicy: null },
    });
  });

  it.each([
    ["no tool anywhere", {}, { name: "a", layer: "Safety" }, "spec.agents[name=a].tool: Required value"],
    [
      "a tool of the defaults that needs a command",
      { tool: "text" },
      { name: "a", layer: "Safety" },
      "spec.agents[name=a].command: command is required when tool is text: it is the program to run",
    ],
    [
      "variables that are too many only together",
      { tool: "claude", env: Array.from({ length: 60 }, (_, index) => ({ name: `A${index}`, value: "" })) },
      { name: "a", layer: "Safety", env: Array.from({ length: 60 }, (_, index) => ({ name: `B${index}`, value: "" })) },
      "spec.agents[name=a].env, merged with spec.defaults.env: Too many: 120: must have at most 100 items",
    ],
  ] as const)("that only the merge shows to be wrong says field and reason: %s (F5)", (_, defaults, entry, message) => {
    const wrong = { defaults, agents: [entry, sentinel] } as unknown as AgentFleetSpec;
    expect(entriesOf(aFleet({ spec: wrong }))).toMatchObject([
      { ok: false, invalid: { name: "a", reason: "InvalidSpec", message } },
      { ok: true, name: "sentinel" },
    ]);
  });

  it("has another hash in a fleet of another name, whose label it would carry", () => {
    const spec = { agents: [sentinel] };
    expect(only(spec, "day")).not.toMatchObject({ hash: (only(spec) as { hash: string }).hash });
  });

  it("is owned by the fleet that is there now, though an earlier one had the very same spec (O5)", () => {
    const fleet = aFleet({ spec: { agents: [sentinel] } });
    entriesOf(fleet);
    const [entry] = entriesOf({ ...fleet, metadata: { ...fleet.metadata, uid: "new" } });
    expect(entry).toMatchObject({ agent: { metadata: { ownerReferences: [{ uid: "new" }] } } });
  });

  it("is none in a fleet without agents", () => {
    const { agents: _, ...spec } = aFleet().spec;
    expect(entriesOf({ ...aFleet(), spec })).toEqual([]);
  });
});
