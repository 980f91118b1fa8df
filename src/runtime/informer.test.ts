import { describe, expect, test } from "vitest";
import type { ReflectorOptions } from "../kube/reflector-contract.ts";
import type { KubeObject } from "../kube/types.ts";
import type { Informer } from "./contract.ts";
import { createInformer } from "./informer.ts";
import { fedInformer, neverCalled, recordingLogger, stored, WIDGET } from "./testing.ts";

/** Every event as one line, in the order of delivery. */
function eventsOf(informer: Informer): string[] {
  const events: string[] = [];
  informer.onEvent({
    added: (object, initial) => events.push(`added ${object.metadata.uid}${initial ? " (initial)" : ""}`),
    updated: (before, after) =>
      events.push(`updated ${before.metadata.resourceVersion}→${after.metadata.resourceVersion}`),
    deleted: (object) => events.push(`deleted ${object.metadata.uid}`),
  });
  return events;
}

describe("an informer", () => {
  test("has synced after the first list, even an empty one", () => {
    const { informer, sink } = fedInformer();
    expect(informer.hasSynced()).toBe(false);
    expect(informer.lastResourceVersion).toBeUndefined();
    sink.replace([], "7");
    expect(informer.hasSynced()).toBe(true);
    expect(informer.lastResourceVersion).toBe("7");
  });

  test("says of the first list that it is initial, of a later one not", () => {
    const { informer, sink } = fedInformer();
    const events = eventsOf(informer);
    sink.replace([stored({ name: "a" })], "1");
    sink.replace([stored({ name: "a" }), stored({ name: "b", resourceVersion: "2" })], "2");
    expect(events).toEqual(["added a-uid (initial)", "added b-uid"]);
  });

  test("gives a deleted event for what vanished while nobody watched", () => {
    const { informer, sink } = fedInformer();
    sink.replace([stored({ name: "a" }), stored({ name: "b" })], "1");
    const events = eventsOf(informer);
    events.length = 0;
    sink.replace([stored({ name: "b", resourceVersion: "3" })], "3");
    expect(events).toEqual(["deleted a-uid", "updated 1→3"]);
    expect(informer.get({ namespace: "ns", name: "a" })).toBeUndefined();
  });

  test.each(["relist", "watch"])("shows a delete and recreate under one name as two events (%s)", (by) => {
    const { informer, sink } = fedInformer();
    sink.replace([stored({ name: "a", uid: "old" })], "1");
    const events = eventsOf(informer);
    events.length = 0;
    const recreated = stored({ name: "a", uid: "new", resourceVersion: "5" });
    if (by === "relist") sink.replace([recreated], "5");
    else sink.apply({ type: "MODIFIED", object: recreated });
    expect(events).toEqual(["deleted old", "added new"]);
  });

  test("a relist that brings nothing new gives no event", () => {
    const { informer, sink } = fedInformer();
    sink.replace([stored({ name: "a" })], "1");
    const events = eventsOf(informer);
    events.length = 0;
    sink.replace([stored({ name: "a" })], "9");
    expect(events).toEqual([]);
    expect(informer.lastResourceVersion).toBe("9");
  });

  test("a handler sees the whole new state in the cache, whichever event it is told of", () => {
    const { informer, sink } = fedInformer();
    const sizes: number[] = [];
    informer.onEvent({ added: () => sizes.push(informer.list().length) });
    sink.replace([stored({ name: "a" }), stored({ name: "b" })], "1");
    expect(sizes).toEqual([2, 2]);
  });

  test("follows added, modified and deleted objects, and bookmarks", () => {
    const { informer, sink } = fedInformer();
    const events = eventsOf(informer);
    sink.replace([], "1");
    sink.apply({ type: "ADDED", object: stored({ name: "a", resourceVersion: "2" }) });
    sink.apply({ type: "MODIFIED", object: stored({ name: "a", resourceVersion: "3" }) });
    expect(informer.get({ namespace: "ns", name: "a" })?.metadata.resourceVersion).toBe("3");
    sink.apply({ type: "DELETED", object: stored({ name: "a", resourceVersion: "4" }) });
    expect(informer.lastResourceVersion).toBe("4");
    sink.bookmark("10");
    expect(informer.lastResourceVersion).toBe("10");
    expect(events).toEqual(["added a-uid", "updated 2→3", "deleted a-uid"]);
  });

  test("tells after the handlers how far it has come: at lists, events and bookmarks", () => {
    const { informer, sink } = fedInformer();
    const seen: (string | undefined)[] = [];
    informer.onEvent({ added: ({ metadata }) => void seen.push(metadata.name) });
    informer.onProgress(() => void seen.push(informer.lastResourceVersion));
    sink.replace([stored({ name: "a" })], "10");
    sink.apply({ type: "ADDED", object: stored({ name: "b", resourceVersion: "11" }) });
    sink.bookmark("12");
    expect(seen).toEqual(["a", "10", "b", "11", "12"]);
  });

  test("tells a handler that comes later of every object that is there", () => {
    const { informer, sink } = fedInformer();
    sink.replace([stored({ name: "a" })], "1");
    expect(eventsOf(informer)).toEqual(["added a-uid (initial)"]);
  });

  test("a handler that throws harms neither the cache nor the next handler", () => {
    const { logger, lines } = recordingLogger();
    const { informer, sink } = fedInformer({ logger });
    informer.onEvent({
      added: () => {
        throw new Error("broken handler");
      },
    });
    const events = eventsOf(informer);
    sink.replace([stored({ name: "a" })], "1");
    expect(events).toEqual(["added a-uid (initial)"]);
    expect(lines).toMatchObject([{ level: "error", resource: "widgets", err: { message: "broken handler" } }]);
  });

  test("finds objects by a declared index", () => {
    const { informer, sink } = fedInformer({ indexes: { node: (o) => [o.metadata.labels?.["node"] ?? ""] } });
    sink.replace([stored({ name: "a", labels: { node: "n1" } }), stored({ name: "b", labels: { node: "n2" } })], "1");
    expect(informer.byIndex("node", "n2").map((o) => o.metadata.name)).toEqual(["b"]);
  });
});

test("an informer says once when its cache falls behind and once when it follows again, not at a hiccup", async () => {
  const { logger, lines } = recordingLogger();
  let onState: ReflectorOptions<KubeObject>["onState"];
  let sink: ReflectorOptions<KubeObject>["sink"] | undefined;
  const informer = createInformer({
    type: WIDGET,
    client: { list: neverCalled, watch: neverCalled },
    logger,
    reflect: (options) => {
      ({ onState, sink } = options);
      return Promise.resolve();
    },
  });
  await informer.run(new AbortController().signal);
  const state = (failuresInARow: number): void =>
    onState?.({
      phase: failuresInARow === 0 ? "watching" : "waiting",
      lists: 1,
      watches: 1,
      relists: { expired: 0, "watch-failed": 0, safety: 0, "sink-failed": 0, "out-of-order": 0 },
      idleAborts: 0,
      failuresInARow,
      lastError: failuresInARow === 0 ? undefined : new Error("connection refused"),
    });
  for (const failures of [1, 2, 3]) state(failures);
  expect(lines, "before the first list the start reports").toEqual([]);
  sink?.replace([], "1");
  for (const failures of [0, 1, 0, 1, 2, 3, 0]) state(failures);
  expect(lines).toMatchObject([
    { level: "warn", resource: "widgets.test.darkfactory.dev", msg: expect.stringContaining("connection refused") },
    { level: "info", msg: "the cache is up to date again" },
  ]);
});
