import { monitorEventLoopDelay } from "node:perf_hooks";
import { inject, describe, expect, it } from "vitest";
import { loadConfig } from "../../src/kube/config.ts";
import { createKubeClient } from "../../src/kube/kube-client.ts";
import { describe as inOneLine, isAlreadyExists, isConflict, isForbidden, isNotFound } from "../../src/kube/errors.ts";
import { podResource } from "../../src/kube/types-core.ts";
import { aFaultyWay } from "../faults/for-tests.ts";
import { aConfigMap, all, CONFIG_MAP, failure, OBJECTS, OWN_SELECTOR, type ConfigMap } from "./kube-support.ts";
import { aNamespace, mustKubectl } from "./support.ts";

const namespace = aNamespace();
const way = aFaultyWay();

describe("a client", () => {
  it("creates, reads, applies, patches and deletes an object", async () => {
    const made = await way.direct.create(CONFIG_MAP, aConfigMap(namespace, "life", { a: "1" }));
    const ref = { namespace, name: "life" };
    expect((await way.direct.get(CONFIG_MAP, ref)).metadata.uid).toBe(made.metadata.uid);
    const applied = await way.direct.apply(CONFIG_MAP, aConfigMap(namespace, "life", { a: "2" }), {
      fieldManager: "t",
    });
    expect(applied.data).toEqual({ a: "2" });
    const patched = await way.direct.mergePatch(CONFIG_MAP, ref, { data: { a: null, b: "3" } });
    expect(patched.data).toEqual({ b: "3" });
    await way.direct.delete(CONFIG_MAP, ref, { uid: made.metadata.uid });
    expect(isNotFound(await failure(way.direct.get(CONFIG_MAP, ref)))).toBe(true);
    expect(await way.direct.delete(CONFIG_MAP, ref, { uid: made.metadata.uid })).toBeUndefined();
  });

  it("applies the same twice without a new resourceVersion, and refuses a stale one", async () => {
    const object = aConfigMap(namespace, "applied", { a: "1" });
    const first = await way.direct.apply(CONFIG_MAP, object, { fieldManager: "t" });
    const again = await way.direct.apply(CONFIG_MAP, object, { fieldManager: "t" });
    expect(again.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
    await way.direct.apply(CONFIG_MAP, { ...object, data: { a: "2" } }, { fieldManager: "t" });
    const { resourceVersion } = first.metadata;
    const stale = { ...object, metadata: { ...object.metadata, resourceVersion }, data: { a: "3" } };
    expect(isConflict(await failure(way.direct.apply(CONFIG_MAP, stale, { fieldManager: "t" })))).toBe(true);
  });

  it("never deletes an object that was recreated under the same name", async () => {
    const object = aConfigMap(namespace, "recreated");
    const first = await way.direct.create(CONFIG_MAP, object);
    const ref = { namespace, name: "recreated" };
    await way.direct.delete(CONFIG_MAP, ref, { uid: first.metadata.uid });
    const second = await way.direct.create(CONFIG_MAP, object);
    expect(isConflict(await failure(way.direct.delete(CONFIG_MAP, ref, { uid: first.metadata.uid })))).toBe(true);
    expect((await way.direct.get(CONFIG_MAP, ref)).metadata.uid).toBe(second.metadata.uid);
  });

  it("gives an object with its version, or none, where several delete it at once", async () => {
    const pods = await Promise.all(
      Array.from({ length: 30 }, (_, n) =>
        way.direct.create(podResource, {
          metadata: { namespace, name: `ended-${n}` },
          spec: { restartPolicy: "Never", containers: [{ name: "c", image: "i" }] },
        }),
      ),
    );
    const path = (name: string): string => `/api/v1/namespaces/${namespace}/pods/${name}/status`;
    const ended = { status: { phase: "Failed" } };
    await Promise.all(pods.map(({ metadata }) => way.direct.raw("PATCH", path(metadata.name), ended)));
    const answers = await Promise.all(
      pods.flatMap(({ metadata: { name, uid } }) =>
        Array.from({ length: 3 }, () => way.direct.delete(podResource, { namespace, name }, { uid })),
      ),
    );
    const objects = answers.filter((answer) => answer !== undefined);
    expect(objects.length).toBeGreaterThan(0);
    expect(objects.filter(({ metadata }) => metadata.resourceVersion === undefined)).toEqual([]);
  });

  it("stores nothing in a dry run, which counts as no write", async () => {
    const writes: string[] = [];
    const client = await way.client({ beforeWrite: (_n, method) => void writes.push(method) });
    await client.create(CONFIG_MAP, aConfigMap(namespace, "dry"), { dryRun: true });
    expect(isNotFound(await failure(client.get(CONFIG_MAP, { namespace, name: "dry" })))).toBe(true);
    expect(writes).toEqual([]);
  });

  it("tells a taken name from its own lost answer", async () => {
    const object = aConfigMap(namespace, "taken");
    await way.direct.create(CONFIG_MAP, object);
    expect(isAlreadyExists(await failure(way.direct.create(CONFIG_MAP, object)))).toBe(true);
  });

  it("names verb, resource and namespace when a permission is missing", async () => {
    const token = (await mustKubectl(["--namespace", namespace, "create", "token", "default"])).trim();
    const config = await loadConfig({ kubeconfig: inject("cluster").kubeconfig });
    const { ca = "" } = await config.tls();
    const client = createKubeClient({
      ...config,
      tls: () => Promise.resolve({ ca }),
      authorization: () => Promise.resolve(`Bearer ${token}`),
    });
    const agents = { group: "darkfactory.dev", version: "v1alpha1", kind: "Agent", plural: "agents", namespaced: true };
    const error = await failure(all(client.list(agents, { namespace })));
    expect(isForbidden(error)).toBe(true);
    expect(inOneLine(error)).toContain(`no permission to list agents.darkfactory.dev in namespace ${namespace}: `);
    await client.close();
  });

  it("answers raw requests as JSON, or as text where it is none", async () => {
    expect(await way.direct.raw("GET", "/version")).toHaveProperty("gitVersion");
    expect(await way.direct.raw("GET", "/readyz")).toBe("ok");
  });
});

describe(`a list of ${OBJECTS} objects`, () => {
  it("comes in pages of 500 that are one snapshot, without stalling the event loop", async () => {
    const client = await way.client();
    const names = Array.from({ length: OBJECTS }, (_, index) => `many-${index}`);
    const waiting = [...names];
    await Promise.all(
      Array.from({ length: 32 }, async () => {
        for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
          await way.direct.create(CONFIG_MAP, aConfigMap(namespace, name, { text: "x".repeat(1500) }));
        }
      }),
    );
    const before = way.proxy.calls({ verb: "list" }).length;
    const delay = monitorEventLoopDelay({ resolution: 5 });
    delay.enable();
    const options = { namespace, labelSelector: OWN_SELECTOR };
    const pages = await all(client.list<ConfigMap>(CONFIG_MAP, options));
    delay.disable();
    console.log(`${OBJECTS} objects in ${pages.length} pages: longest stall ${(delay.max / 1e6).toFixed(0)} ms`);
    const found = pages.flatMap((page) => page.items.map((item) => item.metadata.name));
    expect(new Set(found)).toEqual(new Set([...names, ...found.filter((name) => !name.startsWith("many-"))]));
    expect(found.length).toBe(new Set(found).size);
    expect(Math.max(...pages.map((page) => page.items.length))).toBe(500);
    expect(new Set(pages.map((page) => page.resourceVersion)).size).toBe(1);
    expect(pages[0]?.items[0]).toMatchObject({ apiVersion: "v1", kind: "ConfigMap" });
    expect(way.proxy.calls({ verb: "list" }).length - before).toBe(pages.length);
  });

  it("starts anew when its snapshot is gone between two pages", async () => {
    const client = await way.client();
    way.proxy.plan({ verb: "list", nth: 3, fault: { fault: "answer", code: 410, reason: "Expired" } });
    const pages = await all(client.list(CONFIG_MAP, { namespace, labelSelector: OWN_SELECTOR }));
    const found = pages.flatMap((page) => page.items.map((item) => item.metadata.uid));
    expect(found.length).toBe(new Set(found).size);
    expect(found.length).toBeGreaterThanOrEqual(OBJECTS);
  });
});
