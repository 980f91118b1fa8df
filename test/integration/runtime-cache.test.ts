import { afterEach, beforeEach, describe, expect, inject, it } from "vitest";
import type { KubeClient } from "../../src/kube/client.ts";
import { loadConfig } from "../../src/kube/config.ts";
import { createKubeClient } from "../../src/kube/kube-client.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import type { Informer } from "../../src/runtime/contract.ts";
import { createController } from "../../src/runtime/controller.ts";
import { createInformer, type RunnableInformer } from "../../src/runtime/informer.ts";
import { createLogger } from "../../src/runtime/logging.ts";
import { startFaultProxy, type FaultProxy } from "../faults/proxy.ts";
import { configMapResource, type ConfigMap } from "../runtime/config-map.ts";
import { aNamespace, eventually } from "./support.ts";

const namespace = aNamespace();
const logger = createLogger({ level: "silent", format: "json" });
const cleanUps: (() => Promise<unknown>)[] = [];
/** Goes straight to the API server. */
let client: KubeClient;
/** Stands between the informer and the API server. */
let proxy: FaultProxy;

beforeEach(async () => {
  const { kubeconfig } = inject("cluster");
  client = createKubeClient(await loadConfig({ kubeconfig }));
  proxy = await startFaultProxy({ kubeconfig });
  cleanUps.push(() => proxy.stop());
  cleanUps.push(() => client.close());
});

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
});

/** An informer of one ConfigMap, through the proxy, until the end of the test. */
async function follow(name: string): Promise<RunnableInformer<ConfigMap>> {
  const throughProxy = createKubeClient(await loadConfig({ kubeconfig: proxy.kubeconfig }));
  const fieldSelector = `metadata.name=${name}`;
  const informer = createInformer({ type: configMapResource, client: throughProxy, logger, namespace, fieldSelector });
  const end = new AbortController();
  const running = informer.run(end.signal);
  cleanUps.push(() => throughProxy.close());
  cleanUps.push(() => {
    end.abort();
    return running;
  });
  await informer.whenSynced();
  return informer;
}

const create = (name: string, data: Record<string, string> = {}) =>
  client.create(configMapResource, { metadata: { namespace, name }, data });

/** Deletes the object that stands there, and creates another of its name. */
async function recreate(name: string): Promise<{ readonly before: string; readonly after: string }> {
  const { uid } = (await client.get(configMapResource, { namespace, name })).metadata;
  await client.delete(configMapResource, { namespace, name }, { uid });
  return { before: uid, after: (await create(name)).metadata.uid };
}

function eventsOf(informer: Informer<ConfigMap>): readonly string[] {
  const events: string[] = [];
  informer.onEvent({
    added: ({ metadata }) => events.push(`added ${metadata.uid}`),
    updated: ({ metadata }) => events.push(`updated ${metadata.uid}`),
    deleted: ({ metadata }) => events.push(`deleted ${metadata.uid}`),
  });
  return events;
}

describe("a reconcile that follows its own write", () => {
  it("sees it, however soon it comes", async () => {
    const ref = { namespace, name: "counted" };
    await create(ref.name, { count: "0" });
    const informer = await follow(ref.name);
    const seen: number[] = [];
    const controller = createController({
      name: "counter",
      kind: "ConfigMap",
      clock: systemClock,
      logger,
      async reconcile(_, context) {
        const count = Number(informer.get(ref)?.data?.["count"]);
        seen.push(count);
        if (count === 20) return {};
        const data = { count: String(count + 1) };
        context.wrote(informer, await client.mergePatch(configMapResource, ref, { data }));
        // At once: long before the watch has brought what was written.
        return { wakeAt: 0 };
      },
    });
    cleanUps.push(() => controller.stop(10_000));
    controller.start();
    controller.enqueue(ref);
    await eventually(() => expect(seen.at(-1)).toBe(20));
    expect(seen).toEqual(Array.from({ length: 21 }, (_, count) => count));
  });

  it("waits while the watch hangs, and other keys do not", async () => {
    const ref = { namespace, name: "hung" };
    await create(ref.name, { count: "0" });
    const back = Promise.withResolvers<void>();
    // What resumes from the first watch is held, however often it is given up and tried again: the cache stays as it is.
    proxy.plan({ verb: "watch", nth: 1, fault: { fault: "end-watch", afterEvents: 2, how: "in-order" } });
    proxy.plan({ verb: "watch", nth: "every", fault: { fault: "hold", until: back.promise } });
    const informer = await follow(ref.name);
    await eventually(() => expect(proxy.calls({ verb: "watch" }).length).toBeGreaterThan(1));
    const seen: string[] = [];
    const controller = createController({
      name: "counter",
      kind: "ConfigMap",
      clock: systemClock,
      logger,
      workers: 1,
      async reconcile(of, context) {
        seen.push(`${of.name} ${informer.get(ref)?.data?.["count"]}`);
        if (seen.length > 1) return {};
        context.wrote(informer, await client.mergePatch(configMapResource, ref, { data: { count: "1" } }));
        return { wakeAt: 0 };
      },
    });
    cleanUps.push(() => controller.stop(10_000));
    controller.start();
    controller.enqueue(ref);
    await eventually(() => expect(seen).toEqual(["hung 0"]));
    for (let n = 0; n < 20; n++) {
      controller.enqueue(ref);
      controller.enqueue({ namespace, name: `other-${n}` });
    }
    await eventually(() => expect(seen.at(-1)).toBe("other-19 0"));
    expect(seen.filter((entry) => entry.startsWith("hung"))).toEqual(["hung 0"]);

    back.resolve();
    await eventually(() => expect(seen.at(-1)).toBe("hung 1"));
  });
});

describe("a delete and recreate under one name", () => {
  it("arrives as two events while the watch stands", async () => {
    await create("recreated-live");
    const events = eventsOf(await follow("recreated-live"));
    const { before, after } = await recreate("recreated-live");
    await eventually(() => expect(events).toEqual([`added ${before}`, `deleted ${before}`, `added ${after}`]));
  });

  it("arrives as two events although the watch was gone and the whole state had to be read anew", async () => {
    await create("recreated-unseen");
    let watch: "first" | "cut" | "expired" | "open" = "first";
    proxy.plan(({ verb }) => {
      if (verb !== "watch" || watch === "open") return undefined;
      if (watch === "cut") return { fault: "cut" };
      const wasFirst = watch === "first";
      watch = wasFirst ? "cut" : "open";
      if (wasFirst) return { fault: "end-watch", afterEvents: 2, how: "in-order" };
      return { fault: "error-event", afterEvents: 0, code: 410, reason: "Expired" };
    });
    const informer = await follow("recreated-unseen");
    const events = eventsOf(informer);
    await eventually(() => expect(proxy.calls({ verb: "watch" }).length).toBeGreaterThan(1));
    const { before, after } = await recreate("recreated-unseen");
    expect(events).toEqual([`added ${before}`]);
    watch = "expired";
    await eventually(() => expect(events).toEqual([`added ${before}`, `deleted ${before}`, `added ${after}`]));
    expect(informer.reflectorState()?.relists.expired).toBe(1);
  });
});

it("a cache follows a server that goes away and comes back, and misses nothing (O3)", async () => {
  await create("surviving", { value: "before" });
  const informer = await follow("surviving");
  const value = (): string | undefined => informer.get({ namespace, name: "surviving" })?.data?.["value"];
  await proxy.unplug();
  await eventually(() => expect(informer.reflectorState()?.failuresInARow).toBeGreaterThan(0));
  await client.mergePatch(configMapResource, { namespace, name: "surviving" }, { data: { value: "while down" } });
  expect(value()).toBe("before");
  await proxy.plugIn();
  await eventually(() => expect(value()).toBe("while down"));
});

it("what a cache returns is frozen where a mistaken write is likeliest, and without managedFields", async () => {
  await create("frozen");
  const object = (await follow("frozen")).get({ namespace, name: "frozen" });
  expect(object?.metadata.name).toBe("frozen");
  expect([Object.isFrozen(object), Object.isFrozen(object?.metadata)]).toEqual([true, true]);
  expect(object?.metadata).not.toHaveProperty("managedFields");
});
