import { monitorEventLoopDelay } from "node:perf_hooks";
import { afterEach, describe, expect, it } from "vitest";
import { describe as inOneLine } from "../../src/kube/errors.ts";
import type { KubeClientOptions } from "../../src/kube/kube-client.ts";
import type { ReflectorOptions, ReflectorSink, ReflectorState } from "../../src/kube/reflector-contract.ts";
import { runReflector } from "../../src/kube/reflector.ts";
import { compareResourceVersions } from "../../src/kube/resource-version.ts";
import { createInformer, type RunnableInformer } from "../../src/runtime/informer.ts";
import { createLogger } from "../../src/runtime/logging.ts";
import type { Fault, SeenCall } from "../faults/plan.ts";
import { aFaultyWay } from "../faults/for-tests.ts";
import { aConfigMap, CONFIG_MAP, OBJECTS, OWN_SELECTOR, type ConfigMap } from "./kube-support.ts";
import { aNamespace, eventually } from "./support.ts";

const way = aFaultyWay();
const isStream = (call: SeenCall): boolean => call.path.includes("sendInitialEvents=true");
const isResumption = (call: SeenCall): boolean => call.verb === "watch" && !isStream(call);
const versionIn = (call: SeenCall): string | null =>
  new URLSearchParams(call.path.split("?")[1]).get("resourceVersion");

/** An informer that follows a namespace through the proxy, and every event it told of. */
interface Follower {
  readonly informer: RunnableInformer<ConfigMap>;
  /** "added a 12", "updated a 13", "deleted a": name and resourceVersion. */
  readonly events: readonly string[];
  state(): ReflectorState;
  stop(): Promise<void>;
}

type Tuning = Pick<ReflectorOptions<ConfigMap>, "idleMs" | "watchSeconds" | "random" | "relistMs">;

let followers: Follower[] = [];
afterEach(async () => {
  await Promise.all(followers.map((follower) => follower.stop()));
  followers = [];
});

async function follow(namespace: string, tuning: Tuning = {}, options: KubeClientOptions = {}): Promise<Follower> {
  const events: string[] = [];
  const informer = createInformer<ConfigMap>({
    type: CONFIG_MAP,
    namespace,
    labelSelector: OWN_SELECTOR,
    client: await way.client(options),
    logger: createLogger({ level: "silent", format: "json" }),
    // No jitter, so that tests wait as briefly as can be.
    tuning: { random: () => 0, ...tuning },
  });
  informer.onEvent({
    added: ({ metadata }) => events.push(`added ${metadata.name} ${metadata.resourceVersion}`),
    updated: (_before, { metadata }) => events.push(`updated ${metadata.name} ${metadata.resourceVersion}`),
    deleted: ({ metadata }) => events.push(`deleted ${metadata.name}`),
  });
  const abort = new AbortController();
  const running = informer.run(abort.signal);
  const stop = async (): Promise<void> => {
    abort.abort();
    await running;
  };
  const state = (): ReflectorState => {
    const current = informer.reflectorState();
    if (current === undefined) throw new Error("the reflector has not begun");
    return current;
  };
  const follower = { informer, events, state, stop };
  followers.push(follower);
  return follower;
}

/** A reflector through the proxy into a sink of the test's own. */
async function reflect(
  namespace: string,
  sink: ReflectorSink<ConfigMap>,
): Promise<{
  readonly states: readonly ReflectorState[];
  readonly watching: () => Promise<void>;
  readonly stop: () => Promise<void>;
}> {
  const abort = new AbortController();
  const states: ReflectorState[] = [];
  const client = await way.client();
  const onState = (state: ReflectorState): void => void states.push(state);
  const running = runReflector({
    client,
    type: CONFIG_MAP,
    namespace,
    sink,
    signal: abort.signal,
    random: () => 0,
    onState,
  });
  return {
    states,
    watching: () => eventually(() => expect(states.at(-1)?.phase).toBe("watching")),
    stop: () => {
      abort.abort();
      return running;
    },
  };
}

/** Creates, changes and deletes objects, one after the other; tells which events that must make. */
async function changeThings(namespace: string, prefix: string, rounds: number): Promise<readonly string[]> {
  const expected: string[] = [];
  for (let round = 0; round < rounds; round++) {
    const name = `${prefix}-${round}`;
    const made = await way.direct.create(CONFIG_MAP, aConfigMap(namespace, name));
    const changed = await way.direct.mergePatch(CONFIG_MAP, { namespace, name }, { data: { round: String(round) } });
    expected.push(
      `added ${name} ${made.metadata.resourceVersion}`,
      `updated ${name} ${changed.metadata.resourceVersion}`,
    );
    if (round % 3 !== 0) continue;
    await way.direct.delete(CONFIG_MAP, { namespace, name }, { uid: made.metadata.uid });
    expected.push(`deleted ${name}`);
  }
  return expected;
}

describe("a watch that ends", () => {
  const namespace = aNamespace();

  it("is resumed from its last version, however it ended, and misses nothing and repeats nothing", async () => {
    const ways = ["in-order", "cut", "mid-line"] as const;
    let ended = 0;
    const resumedFrom: (string | null)[] = [];
    way.proxy.plan((call): Fault | undefined => {
      if (call.verb !== "watch") return undefined;
      if (isResumption(call)) resumedFrom.push(versionIn(call));
      return { fault: "end-watch", afterEvents: 3, how: ways[ended++ % 3] ?? "cut" };
    });
    const follower = await follow(namespace);
    await follower.informer.whenSynced();
    const expected = await changeThings(namespace, "cut", 30);
    await eventually(() => expect(follower.events).toEqual(expected));
    const { lists, relists, watches } = follower.state();
    expect({ lists, relists }).toEqual({
      lists: 1,
      relists: { expired: 0, safety: 0, "watch-failed": 0, "sink-failed": 0, "out-of-order": 0 },
    });
    expect(watches).toBeGreaterThan(10);
    expect(resumedFrom.every((version) => version !== null && version !== "" && version !== "0")).toBe(true);
  });

  it("before the whole state has come is replaced by a list in pages", async () => {
    way.proxy.plan((call) => (isStream(call) ? { fault: "end-watch", afterEvents: 2, how: "cut" } : undefined));
    await changeThings(namespace, "half", 4);
    const follower = await follow(namespace);
    await follower.informer.whenSynced();
    expect(way.proxy.calls({ verb: "list" }).at(-1)?.path).toContain("limit=500");
    expect(follower.informer.list().map(({ metadata }) => metadata.name)).toContain("half-1");
    const expected = await changeThings(namespace, "after-half", 2);
    await eventually(() => expect(follower.events.slice(-expected.length)).toEqual(expected));
  });
});

describe("a version that is gone", () => {
  const namespace = aNamespace();

  it.each<[string, Fault]>([
    ["an ERROR event", { fault: "error-event", afterEvents: 0, code: 410, reason: "Expired" }],
    ["an HTTP answer", { fault: "answer", code: 410, reason: "Expired" }],
  ])("by %s leads to a new list, which shows what was deleted and recreated meanwhile", async (how, gone) => {
    const prefix = how.includes("ERROR") ? "event" : "http";
    const names = ["stays", "goes", "returns"].map((what) => `${prefix}-${what}`);
    const [stays = "", goes = "", returns = ""] = names;
    const made = await Promise.all(names.map((name) => way.direct.create(CONFIG_MAP, aConfigMap(namespace, name))));
    const follower = await follow(namespace);
    await follower.informer.whenSynced();
    const seen = follower.events.length;
    await way.proxy.unplug();
    for (const { metadata } of made) {
      if (metadata.name !== stays) {
        await way.direct.delete(CONFIG_MAP, { namespace, name: metadata.name }, { uid: metadata.uid });
      }
    }
    const again = await way.direct.create(CONFIG_MAP, aConfigMap(namespace, returns));
    let told = false;
    way.proxy.plan((call) => {
      if (told || !isResumption(call)) return undefined;
      told = true;
      return gone;
    });
    await way.proxy.plugIn();
    await eventually(() => expect(follower.state().relists.expired).toBe(1));
    await eventually(() =>
      expect(follower.events.slice(seen).toSorted()).toEqual(
        [`deleted ${goes}`, `deleted ${returns}`, `added ${returns} ${again.metadata.resourceVersion}`].toSorted(),
      ),
    );
    expect(follower.informer.get({ namespace, name: returns })?.metadata.uid).toBe(again.metadata.uid);
    const expected = await changeThings(namespace, `${prefix}-after`, 2);
    await eventually(() => expect(follower.events.slice(-expected.length)).toEqual(expected));
  });
});

describe("a silent watch", () => {
  const namespace = aNamespace();
  /** The long form, as in production: DARKFACTORY_IDLE_MINUTES=10 npx vitest run --project integration kube-reflector */
  const minutes = Number(process.env["DARKFACTORY_IDLE_MINUTES"] ?? 0);

  it("is kept alive by bookmarks, which move its version on", { timeout: 120_000 + minutes * 60_000 }, async () => {
    // A server sends a bookmark each minute, and two seconds before a watch's own end: hence the short form.
    const tuning = minutes > 0 ? {} : { watchSeconds: 4 };
    const follower = await follow(namespace, tuning);
    await follower.informer.whenSynced();
    const begin = follower.informer.lastResourceVersion;
    // Something must change that this watch does not show, or there is nothing to bookmark.
    await way.direct.create(CONFIG_MAP, { metadata: { namespace, name: "unlabelled" } });
    const until = performance.now() + minutes * 60_000;
    await eventually(
      () => {
        expect(follower.informer.lastResourceVersion).not.toBe(begin);
        expect(follower.state().watches).toBeGreaterThanOrEqual(minutes > 0 ? 1 : 3);
        expect(performance.now()).toBeGreaterThanOrEqual(until);
      },
      { timeoutMs: 60_000 + minutes * 60_000 },
    );
    expect(follower.state()).toMatchObject({ lists: 1, idleAborts: 0, failuresInARow: 0 });
    expect(follower.events).toEqual([]);
  });

  it("without bookmarks is given up and resumed", async () => {
    const follower = await follow(namespace, { idleMs: 1000 });
    way.proxy.plan((call) =>
      call.verb === "watch" ? { fault: "silence", afterEvents: isStream(call) ? 1 : 0 } : undefined,
    );
    await eventually(() => expect(follower.state().idleAborts).toBeGreaterThanOrEqual(2));
    way.proxy.clear();
    const expected = await changeThings(namespace, "after-silence", 2);
    await eventually(() => expect(follower.events.slice(-expected.length)).toEqual(expected));
  });
});

describe("a reflector", () => {
  const namespace = aNamespace();

  it("drops events that it has seen already", async () => {
    way.proxy.plan((call) => (call.verb === "watch" ? { fault: "repeat-events" } : undefined));
    const versions: string[] = [];
    const reflected = await reflect(namespace, {
      replace: (_objects, version) => void versions.push(version),
      apply: ({ object }) => void versions.push(object.metadata.resourceVersion),
      bookmark: (version) => void versions.push(version),
    });
    await reflected.watching();
    await changeThings(namespace, "twice", 6);
    const last = await way.direct.create(CONFIG_MAP, aConfigMap(namespace, "twice-last"));
    await eventually(() => expect(versions).toContain(last.metadata.resourceVersion));
    expect(versions.length).toBeGreaterThan(12);
    expect(versions).toEqual([...new Set(versions)].toSorted(compareResourceVersions));
    await reflected.stop();
  });

  it("reads the whole state anew when an event comes after one that is younger, and so misses none", async () => {
    const follower = await follow(namespace);
    await follower.informer.whenSynced();
    way.proxy.plan((call) => (call.verb === "watch" ? { fault: "swap-events" } : undefined));
    // The watch that goes on is ended: what follows it is spoilt.
    await way.proxy.unplug();
    await way.proxy.plugIn();
    await eventually(() => expect(way.proxy.calls({ verb: "watch" }).at(-1)?.fault).toEqual({ fault: "swap-events" }));
    // Only what comes close together is swapped: until some did.
    let round = 0;
    await eventually(async () => {
      round += 1;
      await Promise.all(Array.from({ length: 8 }, (_, n) => changeThings(namespace, `swapped-${round}-${n}`, 2)));
      expect(follower.state().relists["out-of-order"]).toBeGreaterThanOrEqual(1);
    });
    way.proxy.clear();
    await eventually(async () => {
      const pages = await Array.fromAsync(way.direct.list(CONFIG_MAP, { namespace, labelSelector: OWN_SELECTOR }));
      const there = pages.flatMap(({ items }) => items).map(({ metadata }) => metadata.resourceVersion);
      const known = follower.informer.list().map(({ metadata }) => metadata.resourceVersion);
      expect(known.toSorted()).toEqual(there.toSorted());
    });
  });

  it("lists in pages from a server that cannot stream the whole state", async () => {
    const invalid: Fault = { fault: "answer", code: 422, reason: "Invalid" };
    way.proxy.plan((call) => (isStream(call) ? invalid : undefined));
    const before = way.proxy.calls().filter(isStream).length;
    const follower = await follow(namespace, { relistMs: 0, watchSeconds: 1 });
    await eventually(() => expect(follower.state().relists.safety).toBeGreaterThanOrEqual(1));
    await eventually(() => expect(follower.state().phase).toBe("watching"));
    // Once told, it does not ask again.
    expect(way.proxy.calls().filter(isStream).length - before).toBe(1);
  });

  it("waits for a server that is down at the start, and says what it waits for", async () => {
    await way.proxy.unplug();
    const follower = await follow(namespace);
    await eventually(() => expect(follower.state().failuresInARow).toBeGreaterThanOrEqual(2));
    expect(inOneLine(follower.state().lastError)).toMatch(
      new RegExp(`^cannot watch configmaps in namespace ${namespace}: connect ECONNREFUSED`),
    );
    await way.proxy.plugIn();
    await follower.informer.whenSynced();
    expect(follower.state()).toMatchObject({ failuresInARow: 0, lastError: undefined });
  });

  it("resumes from a busy server when it is ready, without listing anew", async () => {
    way.proxy.plan((call) => (isStream(call) ? { fault: "end-watch", afterEvents: 1, how: "in-order" } : undefined));
    let refusals = 0;
    way.proxy.plan((call): Fault | undefined => {
      if (!isResumption(call) || refusals === 2) return undefined;
      refusals += 1;
      return { fault: "answer", code: 429, retryAfterSeconds: 1 };
    });
    const follower = await follow(namespace);
    await eventually(() => expect(follower.state().watches).toBeGreaterThanOrEqual(4));
    expect(follower.state().lists).toBeLessThanOrEqual(2);
    const expected = await changeThings(namespace, "busy", 2);
    await eventually(() => expect(follower.events.slice(-expected.length)).toEqual(expected));
  });

  it("lists anew for a cache that failed to take an event", async () => {
    const taken: string[] = [];
    let failed = false;
    const reflected = await reflect(namespace, {
      replace: (objects) => void taken.push(...objects.map(({ metadata }) => metadata.name)),
      apply: ({ object }) => {
        if (failed) return void taken.push(object.metadata.name);
        failed = true;
        throw new Error("no room");
      },
      bookmark: () => undefined,
    });
    await reflected.watching();
    await way.direct.create(CONFIG_MAP, aConfigMap(namespace, "taken-late"));
    await eventually(() => expect(taken).toContain("taken-late"));
    expect(reflected.states.at(-1)?.relists["sink-failed"]).toBe(1);
    expect(reflected.states.some((state) => state.lastError?.message === "no room")).toBe(true);
    await reflected.stop();
    expect(reflected.states.at(-1)?.phase).toBe("stopped");
  });

  it("keeps objects without managedFields, and nobody can change them", async () => {
    await way.direct.create(CONFIG_MAP, aConfigMap(namespace, "kept"));
    const follower = await follow(namespace);
    await follower.informer.whenSynced();
    const kept = follower.informer.get({ namespace, name: "kept" });
    expect(kept).toBeDefined();
    expect(kept?.metadata).not.toHaveProperty("managedFields");
    expect(Object.isFrozen(kept) && Object.isFrozen(kept?.metadata)).toBe(true);
  });
});

describe(`${OBJECTS} objects`, () => {
  const namespace = aNamespace();

  it("load as a stream and as pages without stalling the event loop", async () => {
    const waiting = Array.from({ length: OBJECTS }, (_, index) => `many-${index}`);
    await Promise.all(
      Array.from({ length: 32 }, async () => {
        for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
          await way.direct.create(CONFIG_MAP, aConfigMap(namespace, name, { text: "x".repeat(1500) }));
        }
      }),
    );
    for (const how of ["stream", "pages"] as const) {
      if (how === "pages") {
        way.proxy.plan((call) => (isStream(call) ? { fault: "answer", code: 422, reason: "Invalid" } : undefined));
      }
      const delay = monitorEventLoopDelay({ resolution: 5 });
      delay.enable();
      const start = performance.now();
      const follower = await follow(namespace);
      await follower.informer.whenSynced();
      const took = performance.now() - start;
      delay.disable();
      console.log(
        `${OBJECTS} objects as ${how}: ${took.toFixed(0)} ms, longest stall ${(delay.max / 1e6).toFixed(0)} ms`,
      );
      expect(follower.informer.list()).toHaveLength(OBJECTS);
    }
  });
});
