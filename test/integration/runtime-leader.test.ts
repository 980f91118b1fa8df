import { afterEach, beforeEach, describe, expect, inject, it, vi } from "vitest";
import { loadConfig } from "../../src/kube/config.ts";
import { createKubeClient } from "../../src/kube/kube-client.ts";
import type { KubeClient } from "../../src/kube/client.ts";
import { configMapResource } from "../runtime/config-map.ts";
import { spawnCandidate, type Candidate } from "../runtime/spawn.ts";
import { aNamespace, eventually, mustKubectl } from "./support.ts";

// A step may take ten seconds on a machine that is busy with other tests.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

const namespace = aNamespace();
const ref = { namespace, name: "work" };
const cleanUps: (() => Promise<void>)[] = [];
let client: KubeClient;

beforeEach(async () => {
  client = createKubeClient(await loadConfig({ kubeconfig: inject("cluster").kubeconfig }));
  cleanUps.push(() => client.close());
  await mustKubectl(["--namespace", namespace, "create", "configmap", "work"]);
});

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
  await mustKubectl(["--namespace", namespace, "delete", "configmap", "work"]);
  await mustKubectl(["--namespace", namespace, "delete", "lease", "runtime", "--ignore-not-found"]);
});

const candidate = (identity: string): Candidate =>
  spawnCandidate({ kubeconfig: inject("cluster").kubeconfig, namespace, identity }, (end) => cleanUps.push(end));

async function lastWriter(): Promise<string | undefined> {
  return (await client.get(configMapResource, ref)).data?.["by"];
}

async function holder(): Promise<unknown> {
  return mustKubectl(["--namespace", namespace, "get", "lease", "runtime", "-o", "jsonpath={.spec.holderIdentity}"]);
}

/** Who wrote, in the API server's order, each row of writes by one process as one entry. */
function followWriters(): readonly string[] {
  const writers: string[] = [];
  const end = new AbortController();
  const following = (async () => {
    const fieldSelector = "metadata.name=work";
    for await (const event of client.watch(configMapResource, { namespace, fieldSelector, signal: end.signal })) {
      const by = event.type === "BOOKMARK" ? undefined : event.object.data?.["by"];
      if (by !== undefined && by !== writers.at(-1)) writers.push(by);
    }
  })();
  cleanUps.push(async () => {
    end.abort();
    await following;
  });
  return writers;
}

describe("of two candidates", () => {
  it("one acts, and the other takes over when the first is killed (O1)", async () => {
    const writers = followWriters();
    const a = candidate("a");
    await a.logged("controllers started");
    const b = candidate("b");
    await b.logged("another process leads");
    await eventually(() => expect(writers).toEqual(["a"]));

    a.signal("SIGKILL");
    await b.logged("controllers started");
    await eventually(() => expect(writers).toEqual(["a", "b"]));
  });

  it("the second takes over at once when the first is asked to stop, and the lease is released (O2)", async () => {
    const a = candidate("a");
    await a.logged("controllers started");
    a.signal("SIGTERM");
    expect(await a.ended).toBe(0);
    expect(await holder()).toBe("");

    const b = candidate("b");
    await b.logged("controllers started");
    expect(await holder()).toBe("b");
  });

  it("one that was frozen past its lease writes nothing once it goes on, and ends (O1)", async () => {
    const writers = followWriters();
    const a = candidate("a");
    await a.logged("controllers started");
    const b = candidate("b");
    await b.logged("another process leads");
    await eventually(() => expect(writers).toEqual(["a"]));

    // It is about to write, and nothing of it is on its way: no fence takes back what was sent before the freeze.
    await client.mergePatch(configMapResource, ref, { data: { gate: "closed" } });
    await a.logged("a reconcile is in hand");
    a.signal("SIGSTOP");
    await client.mergePatch(configMapResource, ref, { data: { gate: "open" } });
    await b.logged("controllers started");
    await eventually(() => expect(writers).toEqual(["a", "b"]));
    a.signal("SIGCONT");
    expect(await a.ended).toBe(1);

    // Ten more writes of b, between which one of a would show.
    const count = async (): Promise<number> => Number((await client.get(configMapResource, ref)).data?.["count"]);
    const before = await count();
    await eventually(async () => expect(await count()).toBeGreaterThan(before + 10));
    expect(writers).toEqual(["a", "b"]);
    expect(await holder()).toBe("b");
  });
});

describe("SIGTERM", () => {
  it("lets a reconcile in hand finish its writes, and only then releases the lease (O2)", async () => {
    await client.mergePatch(configMapResource, ref, { data: { gate: "closed" } });
    const a = candidate("a");
    await a.logged("a reconcile is in hand");
    a.signal("SIGTERM");
    await a.logged("stopping");
    expect(await lastWriter()).toBeUndefined();
    expect(await holder()).toBe("a");

    await client.mergePatch(configMapResource, ref, { data: { gate: "open" } });
    expect(await a.ended).toBe(0);
    expect(await lastWriter()).toBe("a");
    expect(await holder()).toBe("");
  });

  it("a second time ends the process at once", async () => {
    await client.mergePatch(configMapResource, ref, { data: { gate: "closed" } });
    const a = candidate("a");
    await a.logged("a reconcile is in hand");
    a.signal("SIGTERM");
    await a.logged("stopping");
    a.signal("SIGTERM");
    expect(await a.ended).toBe(1);
    expect(await lastWriter()).toBeUndefined();
  });
});
