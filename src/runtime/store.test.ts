import { describe, expect, test } from "vitest";
import type { Stored } from "../kube/types.ts";
import { createStore } from "./store.ts";
import { stored } from "./testing.ts";

const byTeam = {
  team: (object: Stored) => (object.metadata.labels?.["teams"] ?? "").split(" ").filter(Boolean),
};

describe("a store", () => {
  test("finds an object by every value of an index, and by none that it lost", () => {
    const store = createStore(byTeam);
    store.set(stored({ name: "a", labels: { teams: "red blue" } }));
    store.set(stored({ name: "b", labels: { teams: "blue" } }));
    expect(store.byIndex("team", "blue").map((o) => o.metadata.name)).toEqual(["a", "b"]);
    store.set(stored({ name: "a", labels: { teams: "red" } }));
    expect(store.byIndex("team", "blue").map((o) => o.metadata.name)).toEqual(["b"]);
    store.delete({ namespace: "ns", name: "b" });
    expect(store.byIndex("team", "blue")).toEqual([]);
    expect(store.byIndex("team", "green")).toEqual([]);
  });

  test("finds the only object of an index value as it is now, also where it has that value twice", () => {
    const store = createStore(byTeam);
    store.set(stored({ name: "a", resourceVersion: "1", labels: { teams: "red red" } }));
    expect(store.byIndex("team", "red")).toHaveLength(1);
    store.set(stored({ name: "a", resourceVersion: "2", labels: { teams: "red" } }));
    expect(store.byIndex("team", "red").map(({ metadata }) => metadata.resourceVersion)).toEqual(["2"]);
    store.delete({ namespace: "ns", name: "a" });
    expect(store.byIndex("team", "red")).toEqual([]);
  });

  test("tells objects of one name in two namespaces apart", () => {
    const store = createStore({});
    store.set(stored({ name: "a", namespace: "one" }));
    store.set(stored({ name: "a", namespace: "two" }));
    store.delete({ namespace: "one", name: "a" });
    expect(store.get({ namespace: "one", name: "a" })).toBeUndefined();
    expect(store.get({ namespace: "two", name: "a" })).toBeDefined();
    expect(store.size).toBe(1);
  });

  test("keeps a list that was handed out as it was", () => {
    const store = createStore({});
    store.set(stored({ name: "a" }));
    const before = store.list();
    expect(store.list()).toBe(before);
    store.set(stored({ name: "b" }));
    expect(before).toHaveLength(1);
    expect(store.list()).toHaveLength(2);
  });

  test("refuses an index that was not declared", () => {
    expect(() => createStore(byTeam).byIndex("owner", "x")).toThrow('no index "owner" was declared');
  });

  test("deleting what is not there changes nothing", () => {
    const store = createStore(byTeam);
    store.set(stored({ name: "a", labels: { teams: "red" } }));
    store.delete({ namespace: "ns", name: "b" });
    expect(store.byIndex("team", "red")).toHaveLength(1);
  });
});
