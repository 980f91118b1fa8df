import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { aCondition, aFleet, anAgent, NOON, noonPlus } from "../../../test/builders.ts";
import type { AgentFleetSpec } from "../../api/v1alpha1/agent-fleet.ts";
import type { StoredAgent } from "../agent/observed.ts";
import { condition } from "../conditions.ts";
import { decide, type FleetPlan } from "./decide.ts";
import { entriesOf } from "./entries.ts";
import type { Observed, Refusal, StoredFleet } from "./observed.ts";

type FleetEntry = NonNullable<AgentFleetSpec["agents"]>[number];

const entry = (name: string, more: Partial<FleetEntry> = {}): FleetEntry => ({
  name,
  layer: "Safety",
  tool: "claude",
  ...more,
});

const fleetOf = (...agents: readonly FleetEntry[]) => aFleet({ spec: { agents: [...agents] } });

const readyNow = [aCondition("Ready")];

/** The Agents as the API server holds them once a fleet was applied; `conditions` are how each of them stands. */
function applied(fleet: StoredFleet, conditions = readyNow): readonly StoredAgent[] {
  return entriesOf(fleet).flatMap((made) => {
    if (!made.ok) return [];
    const stored = anAgent({ name: made.name, fleet: fleet.metadata.name, status: { conditions } });
    return [
      {
        ...stored,
        metadata: { ...stored.metadata, ...made.agent.metadata },
        spec: { ...stored.spec, ...made.agent.spec },
      },
    ];
  });
}

const seen = (fleet: StoredFleet, owned: readonly StoredAgent[] = [], more: Partial<Observed> = {}): Observed => ({
  fleet,
  owned,
  foreign: [],
  refused: new Map(),
  ...more,
});

const names = ({ apply, remove }: FleetPlan) => ({
  apply: apply.map(({ name }) => name),
  remove: remove.map(({ metadata }) => metadata.name),
});

const standing = ({ status: { conditions } }: FleetPlan) => ({
  ready: condition(conditions, "Ready")?.status,
  reason: condition(conditions, "Ready")?.reason,
  also: ["Reconciling", "Stalled"].filter((type) => condition(conditions, type) !== undefined).join(),
});

describe("what a fleet does to its agents (F1)", () => {
  const fleet = fleetOf(entry("a"), entry("b"));
  const [a, b] = applied(fleet) as [StoredAgent, StoredAgent];

  it.each<[string, readonly StoredAgent[], ReturnType<typeof names>]>([
    ["creates those that are not there", [], { apply: ["a", "b"], remove: [] }],
    ["leaves alone those that are as they should be (O4)", [a, b], { apply: [], remove: [] }],
    [
      "deletes those that are listed no more",
      [a, b, anAgent({ name: "z", fleet: "night" })],
      { apply: [], remove: ["z"] },
    ],
    [
      "puts back a field that somebody else changed",
      [a, { ...b, spec: { ...b.spec, tool: "codex" } }],
      { apply: ["b"], remove: [] },
    ],
    [
      "leaves fields that it does not set with whoever set them",
      [a, { ...b, spec: { ...b.spec, suspend: true } }],
      { apply: [], remove: [] },
    ],
    [
      "waits until one that is being deleted is gone",
      [a, { ...b, metadata: { ...b.metadata, annotations: {}, deletionTimestamp: noonPlus(0) } }],
      { apply: [], remove: [] },
    ],
    [
      "deletes none twice",
      [a, b, anAgent({ name: "z", fleet: "night", deletionTimestamp: noonPlus(0) })],
      { apply: [], remove: [] },
    ],
  ])("%s", (_, owned, expected) => {
    expect(names(decide(seen(fleet, owned), NOON))).toEqual(expected);
  });

  it("takes back a field that its entry sets no more", () => {
    const before = applied(fleetOf(entry("a", { model: "m" }), entry("b")));
    expect(names(decide(seen(fleet, before), NOON))).toEqual({ apply: ["a"], remove: [] });
  });

  it("applies exactly the one entry that was changed", () => {
    const field = fc.record(
      { model: fc.constantFrom("m", "n"), task: fc.constantFrom("t", "u"), capabilities: fc.constant(["x"]) },
      { requiredKeys: [] },
    );
    const entries = fc.uniqueArray(fc.tuple(fc.constantFrom("a", "b", "c", "d"), field), {
      selector: ([name]) => name,
      minLength: 1,
    });
    fc.assert(
      fc.property(entries, field, fc.nat(), fc.boolean(), (list, change, which, reversed) => {
        const before = list.map(([name, fields]) => entry(name, fields));
        const at = which % before.length;
        const next = before.map((each, index) => (index === at ? entry(each.name, change) : each));
        const plan = decide(seen(fleetOf(...(reversed ? next.toReversed() : next)), applied(fleetOf(...before))), NOON);
        const isChanged = JSON.stringify(before[at], keysOf) !== JSON.stringify(next[at], keysOf);
        expect(names(plan)).toEqual({ apply: isChanged ? [before[at]?.name] : [], remove: [] });
      }),
    );
  });

  it("does nothing more once it is being deleted (F6)", () => {
    const plan = decide(seen({ ...fleet, metadata: { ...fleet.metadata, deletionTimestamp: noonPlus(0) } }), NOON);
    expect(plan).toEqual({ apply: [], remove: [], status: { observedGeneration: -1 }, events: [] });
  });
});

const keysOf = ["capabilities", "layer", "model", "name", "task", "tool"];

describe("an entry that cannot be applied", () => {
  const fleet = fleetOf(entry("a"), { name: "b", layer: "Safety", tool: "text" });
  const owned = applied(fleet);

  it("is named with field and reason, once in an event, and stops no other (F5)", () => {
    const plan = decide(seen(fleet), NOON);
    const message = "spec.agents[name=b].command: command is required when tool is text: it is the program to run";
    expect(names(plan)).toEqual({ apply: ["a"], remove: [] });
    expect(plan.status.invalidAgents).toEqual([{ name: "b", reason: "InvalidSpec", message }]);
    expect(plan.events).toEqual([
      { type: "Warning", reason: "InvalidSpec", action: "Apply", note: `agent b: ${message}` },
    ]);
    expect(standing(plan)).toEqual({ ready: "False", reason: "InvalidAgents", also: "Stalled" });
    expect(decide(seen({ ...fleet, status: plan.status }, owned), NOON).events).toEqual([]);
  });

  it("leaves the Agent that it once made as it was", () => {
    const before = anAgent({ name: "b", fleet: "night" });
    expect(names(decide(seen(fleet, [...owned, before]), NOON))).toEqual({ apply: [], remove: [] });
  });

  it.each([
    ["nobody's", anAgent({ name: "a" }), "no fleet owns it"],
    ["another fleet's", anAgent({ name: "a", fleet: "day" }), "AgentFleet day owns it"],
  ])("because an Agent of its name is %s leaves that one alone (F2)", (_, other, whose) => {
    const plan = decide(seen(fleetOf(entry("a"), entry("c")), [], { foreign: [other] }), NOON);
    expect(names(plan)).toEqual({ apply: ["c"], remove: [] });
    expect(plan.status.invalidAgents).toMatchObject([{ name: "a", reason: "NameConflict" }]);
    expect(plan.status.invalidAgents?.[0]?.message).toContain(whose);
  });

  it("is named among the first twenty only, in the order of the spec", () => {
    const many = fleetOf(
      ...Array.from({ length: 30 }, (_, index): FleetEntry => ({ name: `a${index}`, layer: "Safety" })),
    );
    const plan = decide(seen(many), NOON);
    expect(plan.status.invalidAgents?.map(({ name }) => name)).toEqual(
      Array.from({ length: 20 }, (_, index) => `a${index}`),
    );
    expect(plan.events).toHaveLength(20);
    expect(condition(plan.status.conditions, "Ready")?.message).toMatch(
      /^30 entries cannot be applied: a0: .*, and 27 more$/,
    );
  });

  it("is no longer named once it is mended", () => {
    const status = decide(seen(fleet), NOON).status;
    const mended = { ...fleetOf(entry("a"), entry("b")), status };
    expect(decide(seen(mended, applied(mended)), NOON).status).not.toHaveProperty("invalidAgents");
  });
});

describe("an entry that the API server refused (F5)", () => {
  const fleet = fleetOf(entry("a"), entry("b"));
  const [made] = entriesOf(fleet);
  const hash = made?.ok === true ? made.hash : "";
  const [live] = applied(fleetOf(entry("a", { layer: "Growth" }))) as [StoredAgent];
  const refusedAs = (refusal: Partial<Refusal>) =>
    new Map([
      [
        "a",
        {
          hash,
          over: undefined,
          reason: "Forbidden",
          message: "m",
          retryMs: 60_000,
          retryAt: NOON + 60_000,
          ...refusal,
        },
      ],
    ]);

  it.each<[string, Partial<Refusal>, readonly StoredAgent[], readonly string[]]>([
    ["is not sent again as it stands", {}, [], ["b"]],
    ["is sent again when the entry changed", { hash: "other" }, [], ["a", "b"]],
    ["is sent again when its time has come", { retryAt: NOON }, [], ["a", "b"]],
    ["is not sent again before its time", { retryAt: NOON + 1 }, [], ["b"]],
    ["is not sent again over the same Agent", { over: live.metadata.uid }, [live], ["b"]],
    ["is sent again when the Agent in its way is gone", { over: live.metadata.uid }, [], ["a", "b"]],
    ["is sent again over another Agent", { over: "earlier" }, [live], ["a", "b"]],
  ])("%s", (_, refusal, owned, apply) => {
    expect(names(decide(seen(fleet, owned, { refused: refusedAs(refusal) }), NOON)).apply).toEqual(apply);
  });

  it("is named with the server's words, and looked at again when its time comes", () => {
    const plan = decide(seen(fleet, [], { refused: refusedAs({ retryAt: NOON + 60_000 }) }), NOON);
    expect(plan.status.invalidAgents).toEqual([{ name: "a", reason: "Forbidden", message: "m" }]);
    expect(plan.wakeAt).toBe(NOON + 60_000);
  });
});

describe("how a fleet stands", () => {
  const fleet = fleetOf(entry("a"), entry("b"));
  const notReady = (reason: string, ...more: ReturnType<typeof aCondition>[]) => [
    aCondition("Ready", "False", reason),
    ...more,
  ];
  const needsHuman = notReady("InvalidImage", aCondition("Stalled"));

  it.each<[string, readonly StoredAgent[], ReturnType<typeof standing>]>([
    ["every agent is ready", applied(fleet), { ready: "True", reason: "AgentsReady", also: "" }],
    ["agents are to be created", [], { ready: "False", reason: "Progressing", also: "Reconciling" }],
    [
      "an agent works on it",
      applied(fleet, notReady("Progressing", aCondition("Reconciling"))),
      { ready: "False", reason: "Progressing", also: "Reconciling" },
    ],
    ["an agent has not looked yet", applied(fleet, []), { ready: "False", reason: "Progressing", also: "Reconciling" }],
    [
      "an agent crashes",
      applied(fleet, notReady("AgentError")),
      { ready: "False", reason: "AgentsNotReady", also: "" },
    ],
    [
      "an agent needs a human",
      applied(fleet, needsHuman),
      { ready: "False", reason: "AgentsStalled", also: "Stalled" },
    ],
    [
      "an agent needed a human, and its spec changed since",
      applied(fleet, needsHuman).map((agent) => ({ ...agent, metadata: { ...agent.metadata, generation: 2 } })),
      { ready: "False", reason: "Progressing", also: "Reconciling" },
    ],
    [
      "an agent needs a human, and its entry is mended but not applied yet",
      applied(fleetOf(entry("a", { model: "broken" }), entry("b", { model: "broken" })), needsHuman),
      { ready: "False", reason: "Progressing", also: "Reconciling" },
    ],
    [
      "an agent is to be deleted",
      [...applied(fleet), anAgent({ name: "z", fleet: "night" })],
      { ready: "False", reason: "Progressing", also: "Reconciling" },
    ],
  ])("when %s", (_, owned, expected) => {
    expect(standing(decide(seen(fleet, owned), NOON))).toEqual(expected);
  });

  it.each([
    ["none is there yet", [], "0 of 2 agents are ready"],
    ["one is there", applied(fleet).slice(0, 1), "1 of 2 agents are ready"],
  ])("counts each agent once when %s", (_, owned, message) => {
    expect(condition(decide(seen(fleet, owned), NOON).status.conditions, "Ready")?.message).toBe(message);
  });

  it("is ready without any agents", () => {
    expect(standing(decide(seen(aFleet()), NOON))).toEqual({ ready: "True", reason: "AgentsReady", also: "" });
  });

  it("is the same when nothing changed (O4)", () => {
    const settled = { ...fleet, status: decide(seen(fleet, applied(fleet)), NOON).status };
    const again = decide(seen(settled, applied(fleet)), NOON + 3_600_000);
    expect(again.status).toEqual(settled.status);
    expect(again).toMatchObject({ apply: [], remove: [], events: [] });
  });

  it("forgets a level that no agent has any more, and keeps what others write", () => {
    const old = { level: "Severe" as const, conditions: [aCondition("Audited")] };
    const plan = decide(seen({ ...fleet, status: { observedGeneration: 1, ...old } }, applied(fleet)), NOON);
    expect(plan.status).not.toHaveProperty("level");
    expect(condition(plan.status.conditions, "Audited")?.status).toBe("True");
    expect(plan.status.observedGeneration).toBe(1);
  });
});
