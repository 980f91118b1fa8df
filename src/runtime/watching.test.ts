import { describe, expect, test } from "vitest";
import type { KubeObject, ResourceType, Stored } from "../kube/types.ts";
import type { Controller } from "./contract.ts";
import { keyOf } from "./keys.ts";
import { fedInformer, stored } from "./testing.ts";
import { itself, owner, watching, type WatchOptions } from "./watching.ts";

const AGENT: ResourceType = {
  group: "darkfactory.dev",
  version: "v1alpha1",
  kind: "Agent",
  plural: "agents",
  namespaced: true,
};

function ownedBy(name: string, rest: Partial<Stored["metadata"]> = {}): Stored {
  const reference = { apiVersion: "darkfactory.dev/v1", kind: "Agent", name, uid: `${name}-uid`, controller: true };
  return stored({ name: "pod-1", ownerReferences: [reference], ...rest });
}

/** What a controller was told, as "key priority". */
function watched(refsOf: (object: Stored) => ReturnType<typeof itself>, options?: WatchOptions<KubeObject>) {
  const { informer, sink } = fedInformer();
  const enqueued: string[] = [];
  const controller: Controller = {
    name: "test",
    enqueue: (ref, priority = "normal") => enqueued.push(`${keyOf(ref)} ${priority}`),
    enqueueAt: () => undefined,
  };
  watching(informer, refsOf, options)(controller);
  return { sink, enqueued };
}

describe("a watch", () => {
  test("enqueues the initial list at low priority, later changes at normal", () => {
    const { sink, enqueued } = watched(itself);
    sink.replace([stored({ name: "a" })], "1");
    sink.apply({ type: "ADDED", object: stored({ name: "b", resourceVersion: "2" }) });
    sink.apply({ type: "MODIFIED", object: stored({ name: "b", resourceVersion: "3" }) });
    sink.apply({ type: "DELETED", object: stored({ name: "b", resourceVersion: "4" }) });
    expect(enqueued).toEqual(["ns/a low", "ns/b normal", "ns/b normal", "ns/b normal", "ns/b normal"]);
  });

  test("enqueues of the initial list at normal priority what is urgent", () => {
    const { sink, enqueued } = watched(itself, { isUrgent: ({ metadata }) => metadata.name === "a" });
    sink.replace([stored({ name: "a" }), stored({ name: "b" })], "1");
    expect(enqueued).toEqual(["ns/a normal", "ns/b low"]);
  });

  test("enqueues both owners of a child that changed hands", () => {
    const { sink, enqueued } = watched(owner(AGENT));
    sink.replace([ownedBy("first")], "1");
    sink.apply({ type: "MODIFIED", object: ownedBy("second", { resourceVersion: "2" }) });
    expect(enqueued).toEqual(["ns/first low", "ns/first normal", "ns/second normal"]);
  });

  test("leaves out updates that its predicate refuses, but no delete", () => {
    const when: WatchOptions<KubeObject>["when"] = (before, after) =>
      before.metadata.generation !== after.metadata.generation;
    const { sink, enqueued } = watched(itself, { when });
    sink.replace([stored({ name: "a", generation: 1 })], "1");
    enqueued.length = 0;
    sink.apply({ type: "MODIFIED", object: stored({ name: "a", generation: 1, resourceVersion: "2" }) });
    expect(enqueued).toEqual([]);
    sink.apply({ type: "MODIFIED", object: stored({ name: "a", generation: 2, resourceVersion: "3" }) });
    sink.apply({ type: "DELETED", object: stored({ name: "a", generation: 2, resourceVersion: "4" }) });
    expect(enqueued).toEqual(["ns/a normal", "ns/a normal", "ns/a normal"]);
  });
});

describe("the owner of an object", () => {
  const refsOf = owner(AGENT);
  const reference = { apiVersion: "darkfactory.dev/v1alpha1", kind: "Agent", name: "a", uid: "u" };

  test.each([
    ["in another version of its group", ownedBy("a"), [{ namespace: "ns", name: "a" }]],
    ["that does not control it", stored({ name: "p", ownerReferences: [reference] }), []],
    [
      "of another kind",
      stored({ name: "p", ownerReferences: [{ ...reference, kind: "Fleet", controller: true }] }),
      [],
    ],
    [
      "of another group",
      stored({ name: "p", ownerReferences: [{ ...reference, apiVersion: "v1", controller: true }] }),
      [],
    ],
    ["that is none", stored({ name: "p" }), []],
  ])("%s", (_, object, expected) => {
    expect(refsOf(object)).toEqual(expected);
  });
});

test("an object without namespace enqueues a key without namespace", () => {
  const { namespace: _, ...metadata } = stored({ name: "node-1" }).metadata;
  expect(itself({ metadata })).toEqual([{ name: "node-1" }]);
});
