import { describe, expect, it } from "vitest";
import { aCache, aFleet, anAgent } from "../../../test/builders.ts";
import { agentResource } from "../../api/v1alpha1/agent.ts";
import { agentFleetResource } from "../../api/v1alpha1/agent-fleet.ts";
import { controllerOf } from "../../workloads/labels.ts";
import type { StoredAgent } from "../agent/observed.ts";
import { gather } from "./gather.ts";
import type { Refusal } from "./observed.ts";

const fleet = aFleet({ spec: { agents: ["a", "b", "c"].map((name) => ({ name, layer: "Growth" as const })) } });

const gatherFrom = (agents: StoredAgent[], refused = new Map<string, Map<string, Refusal>>(), name = "night") =>
  gather(
    {
      fleets: aCache(agentFleetResource, [fleet]),
      agents: aCache(agentResource, agents, { owner: (agent) => [controllerOf(agent)?.uid ?? ""] }),
      refused,
      storms: { stormsOf: () => ({ storm: undefined, endedStorm: undefined }) },
    },
    { namespace: "default", name },
  );

describe("what is gathered about a fleet", () => {
  it("is nothing when it is gone", () => {
    expect(gatherFrom([], undefined, "other")).toBeUndefined();
  });

  it("tells its own agents from others that stand under an entry's name (F2, O5)", () => {
    const own = anAgent({ name: "a", fleet: "night" });
    const removed = anAgent({ name: "z", fleet: "night" });
    const nobodys = anAgent({ name: "b" });
    const anothers = anAgent({ name: "c", fleet: "day" });
    const elsewhere = anAgent({ name: "unlisted", fleet: "day" });
    expect(gatherFrom([own, removed, nobodys, anothers, elsewhere])).toMatchObject({
      owned: [own, removed],
      foreign: [nobodys, anothers],
    });
  });

  it("remembers what the API server refused of this very fleet", () => {
    const refusal = { hash: "h", over: undefined, reason: "Forbidden", message: "m", retryMs: 1, retryAt: 1 };
    const refused = new Map([
      ["uid-night", new Map([["a", refusal]])],
      ["uid-day", new Map([["b", refusal]])],
    ]);
    expect(gatherFrom([], refused)?.refused).toEqual(new Map([["a", refusal]]));
    expect(gatherFrom([])?.refused.size).toBe(0);
  });
});
