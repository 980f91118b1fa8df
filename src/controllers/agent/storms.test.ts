import { describe, expect, it } from "vitest";
import { aCondition, anAgent, NOON, noonPlus } from "../../../test/builders.ts";
import { toldCaches } from "../../../test/told-caches.ts";
import type { AgentStatus } from "../../api/v1alpha1/agent.ts";
import { nightwatchDefaults } from "../../api/v1alpha1/nightwatch.ts";
import { createFakeClock } from "../../runtime/fake-clock.ts";
import type { StoredAgent } from "./observed.ts";
import { createStorms } from "./storms.ts";

const active = [{ kind: "Pod", name: "pod" }];
const settings = nightwatchDefaults;
const FLEET = "uid-night";

/** A fleet of so many agents that run, and its guard; what is asked for and told is kept. */
function aGroup(size: number, status: (n: number) => Partial<AgentStatus> = () => ({})) {
  const { caches, put, gone } = toldCaches();
  const clock = createFakeClock(NOON);
  const of = (n: number, more: Partial<AgentStatus> = {}, fleet: "night" | "day" | "none" = "night"): StoredAgent =>
    anAgent({ name: `a${n}`, ...(fleet === "none" ? {} : { fleet }), status: { active, ...status(n), ...more } });
  const agents = Array.from({ length: size }, (_, n) => of(n));
  for (const agent of agents) put("agents", agent);
  const storms = createStorms(caches.agents, clock, () => 300);
  const asked: string[] = [];
  const told: string[] = [];
  storms.onAsk(({ metadata }) => asked.push(metadata.name));
  storms.onChange((fleet) => told.push(fleet));
  const agent = (n: number): StoredAgent => agents[n] ?? of(n);
  return {
    storms,
    clock,
    put,
    gone,
    of,
    agent,
    told,
    /** Names that were asked for since the last look. */
    asked: () => asked.splice(0).toSorted(),
    evaluated: (n: number, affected?: number) => storms.evaluated(agent(n), affected, settings),
    gate: (n: number, affected = NOON) => storms.gate(agent(n), settings, affected),
  };
}

const marked = (since: number, storm: number): Partial<AgentStatus> => ({
  drift: { affected: { since: noonPlus(since), storm: noonPlus(storm) } },
});

describe("before a correction is carried out (C6)", () => {
  it("the others of its fleet are evaluated, and it waits until all of them were", () => {
    const { gate, asked, evaluated, clock } = aGroup(5);
    clock.advance(60_000);
    expect(gate(0)).toEqual({ isClear: false });
    expect(asked()).toEqual(["a1", "a2", "a3", "a4"]);
    for (const n of [1, 2, 3]) evaluated(n);
    expect(asked()).toEqual([]);
    evaluated(4);
    expect(asked()).toEqual(["a0"]);
    expect(gate(0)).toEqual({ isClear: true });
  });

  it("a second correction joins the round, and one after it needs none for an interval", () => {
    const { gate, asked, evaluated, clock } = aGroup(5);
    gate(0);
    asked();
    expect(gate(1)).toEqual({ isClear: false });
    for (const n of [1, 2, 3, 4]) evaluated(n);
    expect(asked()).toEqual(["a0", "a1"]);
    clock.advance(200_000);
    expect(gate(2)).toEqual({ isClear: true });
    clock.advance(100_000);
    expect(gate(2)).toEqual({ isClear: false });
  });

  it("who does not answer is waited for 15 s, and the round holds from then on, however short the interval", () => {
    const { storms, agent, asked, clock } = aGroup(4);
    const short = { ...settings, evaluationIntervalSeconds: 5 };
    storms.gate(agent(0), short, NOON);
    asked();
    clock.advance(15_000);
    expect(asked()).toEqual(["a0"]);
    expect(storms.gate(agent(0), short, NOON)).toEqual({ isClear: true });
  });

  it("who does not answer is not taken for one in order: of those that did, too many may drift", () => {
    const { gate, evaluated, clock } = aGroup(20);
    gate(0);
    for (const n of [1, 2, 3]) evaluated(n, NOON);
    for (const n of [4, 5, 6, 7]) evaluated(n);
    clock.advance(15_000);
    expect(gate(0)).toEqual({ isClear: true, begin: NOON + 15_000 });
  });

  it("waits for its next evaluation where three or more have turned since the last round, of which none may be for an interval", () => {
    const { gate, evaluated, clock } = aGroup(20);
    gate(0);
    for (let n = 1; n < 20; n += 1) evaluated(n);
    clock.advance(60_000);
    expect(gate(0, NOON)).toEqual({ isClear: true });
    const turned = clock.now();
    expect([1, 2, 3, 4].map((n) => gate(n, turned).isClear)).toEqual([true, true, false, false]);
    clock.advance(300_000);
    expect(gate(3, turned)).toEqual({ isClear: false });
    for (let n = 0; n < 20; n += 1) evaluated(n, n < 5 ? turned : undefined);
    expect(gate(3, turned)).toEqual({ isClear: true });
  });

  it("who is deleted is not waited for", () => {
    const { gate, asked, evaluated, storms, agent } = aGroup(4);
    gate(0);
    asked();
    for (const n of [1, 2]) evaluated(n);
    storms.forget(agent(3));
    expect(asked()).toEqual(["a0"]);
  });

  it("nobody is asked where no storm can be: two agents, or a guard that is off", () => {
    const two = aGroup(2);
    expect(two.gate(0)).toEqual({ isClear: true });
    const { storms, agent, asked } = aGroup(9);
    expect(storms.gate(agent(0), { ...settings, stormGuardPercent: 100 }, NOON)).toEqual({ isClear: true });
    expect([two.asked(), asked()]).toEqual([[], []]);
  });

  it("agents of another fleet, of no fleet or of another namespace are none of its business", () => {
    const { gate, put, of, asked } = aGroup(3);
    put("agents", of(7, {}, "day"));
    put("agents", of(8, {}, "none"));
    gate(0);
    expect(asked()).toEqual(["a1", "a2"]);
  });

  it("its own onset counts, though nothing was written of it yet", () => {
    const { storms, agent, gate, evaluated } = aGroup(9);
    for (const n of [1, 2]) evaluated(n, NOON);
    for (const n of [3, 4, 5, 6, 7, 8]) evaluated(n);
    expect(storms.gate(agent(0), settings, undefined)).toEqual({ isClear: true });
    expect(gate(0, NOON)).toEqual({ isClear: true, begin: NOON });
  });
});

describe("a storm (C6)", () => {
  it("begins with the onset that makes them too many, before any correction is called for, and is told once", () => {
    const { storms, agent, evaluated, told, gate } = aGroup(10);
    for (const n of [0, 1, 2]) evaluated(n, NOON);
    expect(storms.viewOf(agent(9)).begin).toBeUndefined();
    evaluated(3, NOON);
    evaluated(4, NOON);
    expect(storms.viewOf(agent(9)).begin).toBe(NOON);
    expect(told).toEqual([FLEET]);
    expect(storms.stormsOf(FLEET).storm).toMatchObject({
      affected: ["uid-a0", "uid-a1", "uid-a2", "uid-a3"],
      running: 10,
    });
    expect(gate(9)).toMatchObject({ isClear: true, begin: NOON });
  });

  it("does not begin of agents that have drifted for longer than two intervals", () => {
    const { storms, agent, evaluated } = aGroup(6);
    for (const n of [0, 1, 2, 3]) evaluated(n, NOON - 700_000);
    expect(storms.viewOf(agent(0)).begin).toBeUndefined();
  });

  it("ends when fewer than half of those affected at its begin still are, and asks for those that it marked", () => {
    const { storms, agent, evaluated, told, asked, put, of, clock } = aGroup(10);
    for (const n of [0, 1, 2, 3]) evaluated(n, NOON);
    for (const n of [0, 1, 2, 3]) put("agents", of(n, marked(0, 0)));
    clock.advance(60_000);
    for (const n of [0, 1]) evaluated(n);
    expect(storms.stormsOf(FLEET).storm).toBeDefined();
    evaluated(9);
    evaluated(2);
    expect(storms.viewOf(agent(0))).toMatchObject({ isClear: false, last: { onset: NOON, end: NOON + 60_000 } });
    expect(storms.viewOf(agent(0)).begin).toBeUndefined();
    expect(told).toEqual([FLEET, FLEET]);
    expect(asked()).toEqual(["a0", "a1", "a2", "a3"]);
  });

  it("goes on while its agents cool down between two starts: a provider that is down keeps ending them", () => {
    const { storms, put, of, evaluated } = aGroup(10);
    for (const n of [0, 1, 2, 3]) evaluated(n, NOON);
    const cooling = { active: [], conditions: [aCondition("Ready", "False", "AgentError")] };
    for (const n of [0, 1, 2, 3]) {
      put("agents", of(n, cooling));
      storms.rests(of(n, cooling));
    }
    evaluated(9);
    expect(storms.stormsOf(FLEET).storm).toBeDefined();
  });

  it.each<[string, Partial<AgentStatus>]>([
    ["were suspended", { active: [], conditions: [aCondition("Ready", "True", "Suspended")] }],
    ["were paused by hand", { active: [], conditions: [aCondition("Ready", "True", "Paused")] }],
    [
      "spent their restarts",
      { active: [], conditions: [aCondition("Ready", "False", "RestartBudgetExhausted"), aCondition("Stalled")] },
    ],
  ])("ends when more than half of those affected %s", (_, rest) => {
    const { storms, put, of, evaluated } = aGroup(10);
    for (const n of [0, 1, 2, 3]) evaluated(n, NOON);
    for (const n of [0, 1, 2]) {
      // The cache shows it a moment later than the reconcile that wrote it knows.
      storms.rests(of(n, rest));
      put("agents", of(n, rest));
    }
    expect(storms.stormsOf(FLEET).storm).toBeUndefined();
  });

  it("ends when those affected are deleted", () => {
    const { storms, gone, agent, evaluated } = aGroup(10);
    for (const n of [0, 1, 2, 3]) evaluated(n, NOON);
    for (const n of [0, 1, 2]) {
      gone("agents", agent(n));
      storms.forget(agent(n));
    }
    expect(storms.stormsOf(FLEET).storm).toBeUndefined();
  });

  it("is found by a new leader in the marks of its agents, and ends there too", () => {
    const { storms, agent, evaluated, told } = aGroup(10, (n) => (n < 4 ? marked(-200, -100) : {}));
    expect(storms.viewOf(agent(0)).begin).toBe(NOON - 100_000);
    expect(storms.stormsOf(FLEET).storm).toMatchObject({ onset: NOON - 200_000, running: 10 });
    for (const n of [0, 1, 2]) evaluated(n);
    expect(storms.stormsOf(FLEET).storm).toBeUndefined();
    expect(told).toEqual([FLEET]);
  });

  it("of agents of no fleet is one per namespace, and no fleet is told", () => {
    const { storms, put, of, told } = aGroup(0);
    const alone = [0, 1, 2, 3].map((n) => of(n, {}, "none"));
    for (const agent of alone) put("agents", agent);
    for (const agent of alone) storms.evaluated(agent, NOON, settings);
    expect(storms.viewOf(alone[0]!).begin).toBe(NOON);
    expect(told).toEqual([]);
  });
});
