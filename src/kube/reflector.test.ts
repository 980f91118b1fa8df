import { expect, it } from "vitest";
import type { ListPage, WatchEvent } from "./client.ts";
import { runReflector } from "./reflector.ts";
import type { ReflectorState } from "./reflector-contract.ts";
import type { KubeObject, ResourceType, Stored } from "./types.ts";

const type: ResourceType = { group: "", version: "v1", kind: "ConfigMap", plural: "configmaps", namespaced: true };

const object = (name: string, resourceVersion: string): Stored => ({
  metadata: { name, uid: `uid-${name}`, resourceVersion, creationTimestamp: "2026-03-01T12:00:00Z" },
});
const event = (name: string, resourceVersion: string): WatchEvent<KubeObject> => ({
  type: "MODIFIED",
  object: object(name, resourceVersion),
});
const initialEnd = (resourceVersion: string): WatchEvent<KubeObject> => ({
  type: "BOOKMARK",
  resourceVersion,
  initialEventsEnd: true,
});

/** Reflects streams that a made-up server sends one after the other, until the last has been told; what reached the cache. */
async function reflect(streams: readonly (readonly WatchEvent<KubeObject>[])[]) {
  const end = new AbortController();
  const told: string[] = [];
  const states: ReflectorState[] = [];
  let watches = 0;
  await runReflector<KubeObject>({
    type,
    signal: end.signal,
    random: () => 0,
    onState: (state) => states.push(state),
    client: {
      list: async function* (): AsyncGenerator<ListPage<never>> {
        yield { items: [], resourceVersion: "1" };
      },
      watch: async function* <T extends KubeObject>(): AsyncGenerator<WatchEvent<T>> {
        const stream = streams[watches++];
        for (const each of stream ?? []) yield each as WatchEvent<T>;
        if (watches >= streams.length) end.abort();
      },
    },
    sink: {
      replace: (objects) => void told.push(`all: ${objects.map(({ metadata }) => metadata.resourceVersion).join()}`),
      apply: ({ object }) => void told.push(object.metadata.resourceVersion),
      bookmark: () => undefined,
    },
  });
  return { told, relists: states.at(-1)?.relists };
}

it("a reflector that is told of an older version after a younger one reads the whole state anew, for what lies between may be missing", async () => {
  const { told, relists } = await reflect([
    [initialEnd("10"), event("a", "12"), event("b", "11")],
    [event("a", "12"), event("b", "11"), initialEnd("13")],
  ]);
  expect(told).toEqual(["all: ", "12", "all: 12,11"]);
  expect(relists).toMatchObject({ "out-of-order": 1 });
});

it("a reflector that is told of the same version twice takes it once and goes on", async () => {
  const { told, relists } = await reflect([[initialEnd("10"), event("a", "12"), event("a", "12"), event("b", "13")]]);
  expect(told).toEqual(["all: ", "12", "13"]);
  expect(relists).toMatchObject({ "out-of-order": 0 });
});
