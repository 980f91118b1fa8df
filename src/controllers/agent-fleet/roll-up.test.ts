import { describe, expect, it } from "vitest";
import { aCondition, anAgent } from "../../../test/builders.ts";
import type { AgentStatus } from "../../api/v1alpha1/agent.ts";
import { isReady, isSummedUpOtherwise, rollUp } from "./roll-up.ts";

type Level = NonNullable<NonNullable<AgentStatus["drift"]>["level"]>;

const drifting = (level: Level, scorePercent: number): Partial<AgentStatus> => ({
  drift: { level, scorePercent },
  conditions: [aCondition("Ready"), aCondition("Drifted", "True", level)],
});

const ready: Partial<AgentStatus> = { conditions: [aCondition("Ready")], active: [{ kind: "Pod", name: "p" }] };
const crashing: Partial<AgentStatus> = { conditions: [aCondition("Ready", "False", "AgentError")] };
const stalled: Partial<AgentStatus> = {
  conditions: [aCondition("Ready", "False", "InvalidImage"), aCondition("Stalled", "True", "InvalidImage")],
};
const waiting: Partial<AgentStatus> = {
  conditions: [aCondition("Ready", "False", "RolloutWaiting"), aCondition("Reconciling", "True", "RolloutWaiting")],
};

describe("a fleet's figures (F4)", () => {
  it("count agents by what they are, in all and by layer", () => {
    const paused = { conditions: [aCondition("Ready", "False", "Paused"), aCondition("Paused")] };
    const members = [
      anAgent({ name: "a", status: ready }),
      anAgent({ name: "b", status: crashing }),
      anAgent({ name: "c", status: drifting("Minor", 12), spec: { layer: "Growth" } }),
      anAgent({ name: "d", status: paused, spec: { layer: "Growth" } }),
      anAgent({ name: "e" }),
    ];
    expect(rollUp(members)).toMatchObject({
      agents: { total: 5, ready: 2, running: 1, drifted: 1, paused: 1 },
      layers: [
        { layer: "Safety", total: 3, ready: 1, running: 1 },
        { layer: "Growth", total: 2, ready: 1, running: 0 },
      ],
    });
  });

  it("of no agents are zeros, without layers and level", () => {
    expect(rollUp([])).toEqual({
      agents: { total: 0, ready: 0, running: 0, drifted: 0, paused: 0 },
      layers: [],
      attention: [],
    });
  });

  it("hold the worst level that any agent has", () => {
    const levels = ["Normal", "Severe", "Minor"] as const;
    const members = levels.map((level, index) => anAgent({ name: `a${index}`, status: { drift: { level } } }));
    expect(rollUp(members).level).toBe("Severe");
    expect(rollUp([anAgent({ status: ready })])).not.toHaveProperty("level");
  });

  it("count only an answer to the spec that stands now as ready", () => {
    expect(isReady(anAgent({ status: ready }))).toBe(true);
    expect(isReady(anAgent({ status: ready, generation: 2 }))).toBe(false);
    expect(isReady(anAgent())).toBe(false);
  });
});

describe("the agents that need attention", () => {
  it("come worst first: by level, by score, then what is stalled, then what is in trouble, then by name", () => {
    const members = [
      anAgent({ name: "fine", status: ready }),
      anAgent({ name: "b-crashing", status: crashing }),
      anAgent({ name: "a-crashing", status: crashing }),
      anAgent({ name: "stalled", status: stalled }),
      anAgent({ name: "minor", status: drifting("Minor", 19) }),
      anAgent({ name: "moderate-20", status: drifting("Moderate", 20) }),
      anAgent({ name: "moderate-21", status: drifting("Moderate", 21) }),
    ];
    expect(rollUp(members).attention).toEqual([
      { name: "moderate-21", level: "Moderate", scorePercent: 21, reason: "Moderate" },
      { name: "moderate-20", level: "Moderate", scorePercent: 20, reason: "Moderate" },
      { name: "minor", level: "Minor", scorePercent: 19, reason: "Minor" },
      { name: "stalled", reason: "InvalidImage" },
      { name: "a-crashing", reason: "AgentError" },
    ]);
  });

  it("come last where they are on their way: waiting for a rollout, or not looked at since their spec changed", () => {
    const members = [
      anAgent({ name: "a-waiting", status: waiting }),
      anAgent({ name: "b-new" }),
      anAgent({ name: "c-changed", status: stalled, generation: 2 }),
      anAgent({ name: "d-crashing", status: crashing }),
      anAgent({ name: "e-stalled", status: stalled }),
    ];
    const names = rollUp(members).attention?.map(({ name }) => name);
    expect(names).toEqual(["e-stalled", "d-crashing", "a-waiting", "b-new", "c-changed"]);
  });

  it("are none in a fleet that is well", () => {
    expect(rollUp([anAgent({ status: ready })]).attention).toEqual([]);
  });
});

it("what an evaluation only counted wakes no fleet, a new score does", () => {
  const seen = (scorePercent: number, lines: number) =>
    anAgent({ status: { ...ready, drift: { level: "Normal", scorePercent, samples: lines } } });
  expect(isSummedUpOtherwise(seen(3, 100), seen(3, 200))).toBe(false);
  expect(isSummedUpOtherwise(seen(3, 100), seen(4, 100))).toBe(true);
});
