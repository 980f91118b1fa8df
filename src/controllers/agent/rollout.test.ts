import { describe, expect, it } from "vitest";
import { aCache, aFleet, anAgent, noonPlus } from "../../../test/builders.ts";
import { agentResource } from "../../api/v1alpha1/agent.ts";
import { createFakeClock } from "../../runtime/fake-clock.ts";
import { controllerOf } from "../../workloads/labels.ts";
import type { StoredAgent } from "./observed.ts";
import { createRollout, placesFor } from "./rollout.ts";

const fleet = aFleet({ spec: { rollout: { maxUnavailablePercent: 25 } } });

const member = (name: string, status = {}, spec = {}) => anAgent({ name, fleet: "night", status, spec });
const being = { replacingSince: noonPlus(0) };

/** One that asks whether it may be replaced. */
const asker = member("asker");

function rolloutOver(agents: StoredAgent[]) {
  const clock = createFakeClock();
  const owner = (agent: StoredAgent) => [controllerOf(agent)?.uid ?? ""];
  return { clock, rollout: createRollout(aCache(agentResource, agents, { owner }), clock) };
}

describe("how many Safety agents are replaced at a time (L6)", () => {
  it.each([
    [4, undefined, 1],
    [8, undefined, 2],
    [7, undefined, 1],
    [1, 1, 1],
    [3, 100, 3],
    [0, 25, 1],
  ])("of %i at %s percent is %i", (members, percent, places) => {
    expect(placesFor(members, percent)).toBe(places);
  });
});

describe("the gate of a rollout (L6)", () => {
  it("is open while fewer are being replaced than the fleet allows", () => {
    const { rollout } = rolloutOver([member("a", being), ...["b", "c", "d"].map((name) => member(name))]);
    expect(rollout.gate(fleet, asker)).toMatchObject({
      open: false,
      message: "1 of at most 1 agents at a time are being replaced (a); this one waits",
    });
    const { rollout: half } = rolloutOver([member("a", being), member("b")]);
    expect(half.gate(aFleet({ spec: { rollout: { maxUnavailablePercent: 100 } } }), asker).open).toBe(true);
  });

  it("counts Safety agents of this fleet only", () => {
    const others = [
      member("g", being, { layer: "Growth" }),
      anAgent({ name: "alone", status: being }),
      anAgent({ name: "o", fleet: "other", status: being }),
    ];
    expect(rolloutOver([...others, member("a")]).rollout.gate(fleet, asker).open).toBe(true);
  });

  it("is always open to an agent of no fleet", () => {
    expect(rolloutOver([]).rollout.gate(undefined, asker).open).toBe(true);
  });

  it("counts a claim at once, before any status says so", () => {
    const agents = [member("a"), member("b")];
    const { rollout } = rolloutOver(agents);
    rollout.claim(member("a"));
    expect(rollout.gate(fleet, asker).open).toBe(false);
  });

  it("drops a claim that no status confirms within half a minute", () => {
    const agents = [member("a"), member("b")];
    const { rollout, clock } = rolloutOver(agents);
    rollout.claim(member("a"));
    clock.advance(29_999);
    expect(rollout.gate(fleet, asker).open).toBe(false);
    clock.advance(1);
    expect(rollout.gate(fleet, asker).open).toBe(true);
  });

  it("frees the place as soon as a confirmed replacement is over", () => {
    const agents = [member("a"), member("b")];
    const { rollout } = rolloutOver(agents);
    rollout.claim(member("a"));
    agents[0] = member("a", being);
    expect(rollout.gate(fleet, asker).open).toBe(false);
    agents[0] = member("a");
    expect(rollout.gate(fleet, asker).open).toBe(true);
  });

  it("frees the place of one whose replacement nobody else looked at meanwhile", () => {
    const agents = [member("a"), member("b")];
    const { rollout } = rolloutOver(agents);
    rollout.claim(member("a"));
    rollout.gate(fleet, member("a", being));
    expect(rollout.gate(fleet, asker).open).toBe(true);
  });
});
