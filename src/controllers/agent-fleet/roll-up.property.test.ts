import * as fc from "fast-check";
import { expect, it } from "vitest";
import { aCondition, aFleet, anAgent, NOON } from "../../../test/builders.ts";
import type { AgentStatus } from "../../api/v1alpha1/agent.ts";
import type { StoredAgent } from "../agent/observed.ts";
import { decide } from "./decide.ts";
import { isSummedUpOtherwise } from "./roll-up.ts";

const condition = fc
  .record({
    type: fc.constantFrom("Ready", "Stalled", "Reconciling", "Drifted", "Paused"),
    status: fc.constantFrom("True", "False"),
    reason: fc.constantFrom("Minor", "AgentError"),
    observedGeneration: fc.constantFrom(1, 2),
    message: fc.constantFrom("", "other"),
  } as const)
  .map(({ type, status, reason, ...rest }) => ({ ...aCondition(type, status, reason), ...rest }));

const status: fc.Arbitrary<Partial<AgentStatus>> = fc.record(
  {
    conditions: fc.uniqueArray(condition, { selector: ({ type }) => type, maxLength: 5 }),
    active: fc.constantFrom([], [{ kind: "Pod", name: "a-0" }], [{ kind: "Pod", name: "a-1" }]),
    drift: fc.record({ level: fc.constantFrom("Normal", "Minor"), scorePercent: fc.constantFrom(0, 12) } as const, {
      requiredKeys: [],
    }),
    observedGeneration: fc.constantFrom(1, 2),
  },
  { requiredKeys: [] },
);

/** A status and one that differs from it in one field, or in one condition. */
const change = fc
  .tuple(status, status, condition, fc.constantFrom("conditions", "active", "drift", "observedGeneration"))
  .map(([before, other, next, field]) => {
    const conditions = before.conditions?.map((old) => (old.type === next.type ? next : old)) ?? [next];
    return { before, after: { ...before, [field]: field === "conditions" ? conditions : other[field] } };
  });

const fleet = aFleet({
  spec: { agents: ["a", "b"].map((name) => ({ name, layer: "Safety" as const, tool: "text" as const })) },
});

/** What a fleet says of these two agents. */
const saidOf = (...owned: readonly StoredAgent[]): unknown => {
  const seen = { fleet, owned, foreign: [], refused: new Map(), storm: undefined, endedStorm: undefined };
  return decide(seen, NOON).status;
};

it("a fleet that is not woken by an agent's new status would say the same of it", () => {
  fc.assert(
    fc.property(change, status, ({ before, after }, other) => {
      const [was, is, beside] = [
        anAgent({ name: "a", status: before }),
        anAgent({ name: "a", status: after }),
        anAgent({ name: "b", status: other }),
      ];
      fc.pre(!isSummedUpOtherwise(was, is));
      expect(saidOf(is, beside)).toEqual(saidOf(was, beside));
    }),
    { numRuns: 500 },
  );
});
