import { describe, expect, it } from "vitest";
import { planFaults } from "../chaos/fault-plan.ts";
import { differences } from "../chaos/final-state.ts";
import { shareOf } from "../chaos/replicas.ts";
import type { SeenCall } from "../faults/plan.ts";

const call = (verb: SeenCall["verb"], name: string | undefined, resource = "agents"): SeenCall => ({
  number: 1,
  method: "GET",
  path: "/",
  verb,
  group: "darkfactory.dev",
  resource,
  subresource: undefined,
  namespace: "n",
  name,
});

const calls = (["get", "create", "patch", "delete", "list", "watch"] as const).flatMap((verb) =>
  Array.from({ length: 100 }, (_, n) => call(verb, verb === "list" || verb === "watch" ? undefined : `a-${n % 20}`)),
);

const options = { seed: 7, most: 10_000, allowLong: true };

describe("a plan of faults", () => {
  it("spoils the n-th call of a verb on an object in the same way, in whatever order all come", () => {
    const fates = (order: readonly SeenCall[]): readonly string[] => {
      const { decide } = planFaults({ ...options, allowLong: false });
      return order.map((each) => `${each.verb} ${each.name} ${JSON.stringify(decide(each))}`).toSorted();
    };
    // Calls on one object keep their own order.
    const turned = Map.groupBy(calls, ({ verb, name }) => `${verb} ${name}`);
    expect(fates([...turned.values()].toReversed().flat())).toEqual(fates(calls));
  });

  it("is another one for another seed", () => {
    const first = planFaults(options);
    const second = planFaults({ ...options, seed: 8 });
    expect(calls.map(first.decide)).not.toEqual(calls.map(second.decide));
  });

  it("has every kind of fault", () => {
    const plan = planFaults(options);
    for (let n = 0; n < 10; n++) calls.forEach(plan.decide);
    expect([...plan.counts.keys()].toSorted()).toMatchInlineSnapshot(`
      [
        "401, expired token",
        "409, in a storm",
        "410 in a watch",
        "429, Retry-After",
        "429, no Retry-After",
        "500",
        "503",
        "504",
        "answer cut in its body",
        "connection reset",
        "events swapped",
        "events twice",
        "half-open watch",
        "hang",
        "hang after commit",
        "late request",
        "reply lost after commit",
        "slow page",
        "watch cut",
        "watch ended",
        "watch lags (stale reads)",
        "watch line cut short",
      ]
    `);
  });

  it("ends with the last fault that it was given", () => {
    const plan = planFaults({ ...options, most: 10 });
    calls.forEach(plan.decide);
    expect(plan.total()).toBe(10);
  });

  it("lets every request through in the end", () => {
    const { decide } = planFaults({ ...options, share: 1 });
    const spoilt = Array.from({ length: 50 }, () => decide(call("patch", "a")) !== undefined);
    expect(spoilt.filter((each) => !each).length).toBeGreaterThanOrEqual(10);
  });

  it("stalls nothing for long where that is not allowed", () => {
    const plan = planFaults({ ...options, allowLong: false });
    calls.forEach(plan.decide);
    expect([...plan.counts.keys()].filter((name) => /hang|half-open/.test(name))).toEqual([]);
  });
});

describe("the comparison with a run without faults", () => {
  it("tells what is missing, what is too much, and what is otherwise", () => {
    const expected = new Map([
      ["Pod a-1", "x"],
      ["Pod b-1", "x"],
      ["Pod c-1", "x"],
    ]);
    const found = new Map([
      ["Pod a-1", "x"],
      ["Pod b-1", "y"],
      ["Pod d-1", "x"],
    ]);
    expect(differences(expected, found)).toEqual([
      "Pod b-1: without faults x; with them y",
      "Pod c-1: without faults x; with them it is not there",
      "Pod d-1: without faults it is not there; with them x",
    ]);
  });
});

it("several replicas share the kills that were asked for, and one alone meets them all", () => {
  const kills = { seed: 7, most: 41, plan: planFaults({ seed: 7, most: 0, allowLong: false }) };
  expect(shareOf(kills, 0, 1)).toEqual(kills);
  expect([0, 1, 2].map((n) => shareOf(kills, n, 3).most)).toEqual([14, 14, 13]);
  expect(new Set([0, 1, 2].map((n) => shareOf(kills, n, 3).seed)).size).toBe(3);
  expect([0, 1].map((n) => shareOf({ ...kills, most: 1 }, n, 2).most)).toEqual([1, 0]);
});

it("kills take nothing from the requests that are spoilt: each has as many as were asked for", () => {
  const plan = planFaults({ seed: 7, most: 10, allowLong: false });
  for (let kill = 0; kill < 5; kill++) plan.count("killed");
  for (let n = 0; n < 200; n++) plan.decide(call("patch", `agent-${n}`));
  expect(plan.total()).toBe(15);
});
