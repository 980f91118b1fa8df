import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { systemClock, type KubeClock } from "../../src/kube/clock.ts";
import { loadConfig } from "../../src/kube/config.ts";
import {
  describe as inOneLine,
  isAlreadyExists,
  isTooManyRequests,
  KubeError,
  TransportError,
} from "../../src/kube/errors.ts";
import { createKubeClient } from "../../src/kube/kube-client.ts";
import type { SeenRequest } from "../../src/kube/transport.ts";
import type { OwnerReference } from "../../src/kube/types.ts";
import { aFaultyWay } from "../faults/for-tests.ts";
import { aConfigMap, all, CONFIG_MAP, failure, type ConfigMap } from "./kube-support.ts";
import { aNamespace, eventually } from "./support.ts";

const namespace = aNamespace();
const way = aFaultyWay();
const ref = (name: string): { namespace: string; name: string } => ({ namespace, name });

const controller = (name: string, uid: string): OwnerReference => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  name,
  uid,
  controller: true,
});

/** However long a connection takes to be made, no time passes on it: nothing that was approved is asked again for that. */
const standingClock: KubeClock = { ...systemClock, monotonic: () => 0 };

/** The machine's clock, and all that was waited for. */
function listeningClock(): { readonly clock: KubeClock; readonly waits: number[] } {
  const waits: number[] = [];
  const after: KubeClock["after"] = (ms, callback) => {
    waits.push(ms);
    return systemClock.after(ms, callback);
  };
  return { clock: { ...systemClock, after }, waits };
}

describe("a busy server", () => {
  it("is given the time that it asks for with 429 and Retry-After", async () => {
    const { clock, waits } = listeningClock();
    const client = await way.client({ clock });
    way.proxy.plan({ verb: "patch", fault: { fault: "answer", code: 429, retryAfterSeconds: 1 } });
    await client.apply(CONFIG_MAP, aConfigMap(namespace, "busy"), { fieldManager: "t" });
    expect(waits.filter((ms) => ms >= 1000 && ms <= 1100)).toHaveLength(1);
  });

  it.each([429, 503, 504])("that answers %i is asked again, reads and writes alike", async (code) => {
    const seen: SeenRequest[] = [];
    const client = await way.client({ onRequest: (request) => seen.push(request) });
    way.proxy.plan({ verb: "create", nth: [1, 2], fault: { fault: "answer", code } });
    way.proxy.plan({ verb: "get", nth: [1, 2], fault: { fault: "answer", code } });
    await client.create(CONFIG_MAP, aConfigMap(namespace, `busy-${code}`));
    await client.get(CONFIG_MAP, ref(`busy-${code}`));
    const again = [String(code), String(code)];
    expect(seen.map((request) => request.code)).toEqual([...again, "201", ...again, "200"]);
    expect(seen.map((request) => request.attempt)).toEqual([1, 2, 3, 1, 2, 3]);
  });

  it("that asks for more time than the call has is believed, and the caller told how long", async () => {
    const client = await way.client();
    way.proxy.plan({ verb: "get", nth: "every", fault: { fault: "answer", code: 429, retryAfterSeconds: 25 } });
    const error = await failure(client.get(CONFIG_MAP, ref("x"), { deadlineMs: 20_000 }));
    expect(isTooManyRequests(error)).toBe(true);
    expect(error).toHaveProperty("retryAfterSeconds", 25);
  });

  it("that answers a plain 500 is not asked again: it may be ours to mend", async () => {
    const client = await way.client();
    way.proxy.plan({ verb: "patch", nth: "every", fault: { fault: "answer", code: 500 } });
    const before = way.proxy.calls({ verb: "patch" }).length;
    const error = await failure(client.apply(CONFIG_MAP, aConfigMap(namespace, "wrong"), { fieldManager: "t" }));
    expect(error).toBeInstanceOf(KubeError);
    expect(way.proxy.calls({ verb: "patch" })).toHaveLength(before + 1);
  });
});

describe("an answer that is lost after the server has acted", () => {
  it("leaves one object, and its creator told of one creation", async () => {
    const owner = await way.direct.create(CONFIG_MAP, aConfigMap(namespace, "owner"));
    const object = aConfigMap(namespace, "lost");
    const owned = {
      ...object,
      metadata: { ...object.metadata, ownerReferences: [controller("owner", owner.metadata.uid)] },
    };
    const client = await way.client();
    way.proxy.plan({ verb: "create", nth: [1, 2], fault: { fault: "lose-answer" } });
    const created = await client.create(CONFIG_MAP, owned);
    expect(way.proxy.calls({ verb: "create", resource: "configmaps" }).slice(-3)).toHaveLength(3);
    expect((await way.direct.get(CONFIG_MAP, ref("lost"))).metadata.uid).toBe(created.metadata.uid);
    expect(isAlreadyExists(await failure(client.create(CONFIG_MAP, owned)))).toBe(true);
  });

  it("does not make another owner's object ours", async () => {
    const of = async (owner: string): Promise<ConfigMap> => {
      const { metadata } = await way.direct.create(CONFIG_MAP, aConfigMap(namespace, owner));
      const object = aConfigMap(namespace, "theirs");
      return { ...object, metadata: { ...object.metadata, ownerReferences: [controller(owner, metadata.uid)] } };
    };
    await way.direct.create(CONFIG_MAP, await of("they"));
    const ours = await of("we");
    const client = await way.client();
    way.proxy.plan({ verb: "create", fault: { fault: "lose-answer" } });
    expect(isAlreadyExists(await failure(client.create(CONFIG_MAP, ours)))).toBe(true);
  });

  it("lets a delete find that it is done", async () => {
    const { metadata } = await way.direct.create(CONFIG_MAP, aConfigMap(namespace, "deleted"));
    const client = await way.client();
    way.proxy.plan({ verb: "delete", fault: { fault: "lose-answer" } });
    expect(await client.delete(CONFIG_MAP, ref("deleted"), { uid: metadata.uid })).toBeUndefined();
  });
});

describe("a server that never answers", () => {
  it("ends every kind of request by its deadline", async () => {
    const client = await way.client({ deadlineMs: 200, longDeadlineMs: 200 });
    way.proxy.plan(() => ({ fault: "hang" }));
    const object = aConfigMap(namespace, "hang");
    const calls: readonly Promise<unknown>[] = [
      client.get(CONFIG_MAP, ref("x")),
      client.create(CONFIG_MAP, object),
      client.apply(CONFIG_MAP, object, { fieldManager: "t" }),
      client.applyStatus(CONFIG_MAP, object, { fieldManager: "t" }),
      client.mergePatch(CONFIG_MAP, ref("x"), {}),
      client.delete(CONFIG_MAP, ref("x"), { uid: "u" }),
      client.raw("GET", "/readyz"),
      all(client.list(CONFIG_MAP, { namespace })),
      all(client.watch(CONFIG_MAP, { namespace })),
      all(client.logs(ref("x"))),
    ];
    for (const error of await Promise.all(calls.map(failure))) {
      expect(error).toBeInstanceOf(TransportError);
      expect(error).toHaveProperty("fault", "deadline");
    }
  });

  it("lets a call end with its caller's signal", async () => {
    const client = await way.client();
    way.proxy.plan({ fault: { fault: "hang" } });
    const abort = new AbortController();
    const call = failure(client.get(CONFIG_MAP, ref("x"), { signal: abort.signal }));
    abort.abort();
    expect(await call).toHaveProperty("fault", "aborted");
  });

  it("lets calls in flight end when the client is closed", async () => {
    const client = await way.client();
    way.proxy.plan({ fault: { fault: "hang" } });
    const call = failure(client.get(CONFIG_MAP, ref("x")));
    await eventually(() => expect(way.proxy.calls().at(-1)?.fault).toEqual({ fault: "hang" }));
    await client.close();
    expect(await call).toHaveProperty("fault", "closed");
  });
});

describe("the hooks around a write", () => {
  it("run around every try, and never for a read", async () => {
    const log: string[] = [];
    const client = await way.client({
      clock: standingClock,
      beforeWrite: (n, method, path) => void log.push(`before ${n} ${method} ${path.split("/").at(-1)}`),
      afterWrite: (n, _method, _path, code) => void log.push(`after ${n} ${code}`),
    });
    way.proxy.plan({ verb: "create", nth: 1, fault: { fault: "answer", code: 429 } });
    way.proxy.plan({ verb: "create", nth: 2, fault: { fault: "cut" } });
    await client.create(CONFIG_MAP, aConfigMap(namespace, "hooked"));
    await client.get(CONFIG_MAP, ref("hooked"));
    const before = (n: number): string => `before ${n} POST configmaps`;
    expect(log).toEqual([before(1), "after 1 429", before(2), "after 2 undefined", before(3), "after 3 201"]);
  });

  it("stop a write by throwing: nothing is sent, and the caller gets what was thrown (O1)", async () => {
    const lost = new Error("the lease is lost");
    const client = await way.client({ beforeWrite: () => Promise.reject(lost) });
    const before = way.proxy.calls().length;
    expect(await failure(client.create(CONFIG_MAP, aConfigMap(namespace, "fenced")))).toBe(lost);
    expect(way.proxy.calls()).toHaveLength(before);
  });

  it("are asked again when a write had to wait for its connection (O1)", async () => {
    let jump = 0;
    const clock: KubeClock = { ...systemClock, monotonic: () => jump };
    const asked: number[] = [];
    const client = await way.client({
      clock,
      beforeWrite: (n) => {
        asked.push(n);
        // The first try has to connect, and while it does, five seconds pass.
        if (n === 1) setImmediate(() => (jump = 5000));
      },
    });
    const before = way.proxy.calls().length;
    await client.create(CONFIG_MAP, aConfigMap(namespace, "waited"));
    expect(asked).toEqual([1, 2]);
    expect(way.proxy.calls()).toHaveLength(before + 1);
  });
});

describe("credentials", () => {
  it("are read anew when the server refuses them, once per call", async () => {
    const config = await loadConfig({ kubeconfig: way.proxy.kubeconfig });
    let renewed = 0;
    const client = createKubeClient({ ...config, renew: () => void (renewed += 1) });
    way.proxy.plan({ verb: "list", fault: { fault: "answer", code: 401, reason: "Unauthorized" } });
    await all(client.list(CONFIG_MAP, { namespace }));
    expect(renewed).toBe(1);
    way.proxy.plan({ verb: "get", nth: "every", fault: { fault: "answer", code: 401, reason: "Unauthorized" } });
    expect(await failure(client.get(CONFIG_MAP, ref("x")))).toHaveProperty("code", 401);
    expect(renewed).toBe(2);
    await client.close();
  });

  it("and what objects hold are in no error and in no observation", async () => {
    const secret = "s3cr3t-t0k3n";
    const seen: SeenRequest[] = [];
    const config = await loadConfig({ kubeconfig: way.proxy.kubeconfig });
    const client = createKubeClient(
      { ...config, authorization: () => Promise.resolve(`Bearer ${secret}`) },
      { onRequest: (request) => seen.push(request), deadlineMs: 3000 },
    );
    const held = aConfigMap(namespace, "held", { password: secret });
    const errors: unknown[] = [await failure(client.get(CONFIG_MAP, ref("x")))];
    for (const fault of ["cut", "hang", "lose-answer"] as const) {
      way.proxy.clear();
      way.proxy.plan({ nth: "every", fault: { fault } });
      errors.push(await failure(client.create(CONFIG_MAP, held, { deadlineMs: 500 })));
    }
    const badHeader = createKubeClient({ ...config, authorization: () => Promise.resolve(`Bearer ${secret}\n`) });
    errors.push(await failure(badHeader.get(CONFIG_MAP, ref("x"))));
    await client.close();
    await badHeader.close();
    expect(errors.filter((error) => error instanceof Error)).toHaveLength(5);
    const text = inspect([errors, seen, errors.map(inOneLine)], { depth: Infinity, showHidden: true });
    expect(text).not.toContain(secret);
  });
});
