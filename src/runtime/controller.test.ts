import { describe, expect, test, vi } from "vitest";
import { KubeError } from "../kube/errors.ts";
import { type Reconcile, TerminalError } from "./contract.ts";
import { scripted, setUp } from "./controller-testing.ts";
import { settle } from "./fake-clock.ts";
import { stored } from "./testing.ts";

const ref = { namespace: "ns", name: "a" };

const refused = {
  message: "the object has been modified",
  code: 409,
  reason: "Conflict",
  details: undefined,
  retryAfterSeconds: undefined,
  method: "PATCH",
  path: "/api/v1/namespaces/ns/pods/a",
};
const conflict = new KubeError(refused);

describe("a controller", () => {
  test("reconciles what its watch tells of, the initial list too", async () => {
    const { calls, reconcile } = scripted();
    const { controller, sink } = setUp(reconcile);
    sink.apply({ type: "ADDED", object: stored({ name: "early", resourceVersion: "100" }) });
    controller.start();
    await settle();
    sink.apply({ type: "ADDED", object: stored({ name: "late", resourceVersion: "101" }) });
    await settle();
    expect(calls).toEqual(["early", "late"]);
  });

  test("begins its work when what goes first is done, or has taken its time", async () => {
    const first = Promise.withResolvers<void>();
    for (const isDone of [false, true]) {
      const { calls, reconcile } = scripted();
      const { controller, sink, clock } = setUp(reconcile, { after: { done: first.promise, atMostMs: 5_000 } });
      sink.apply({ type: "ADDED", object: stored({ name: "waits", resourceVersion: "100" }) });
      controller.start();
      await clock.advanceAndSettle(4_999);
      expect(calls).toEqual([]);
      if (isDone) first.resolve();
      else await clock.advanceAndSettle(1);
      await settle();
      expect(calls).toEqual(["waits"]);
    }
  });

  test("has caught up when each urgent key of its initial list was reconciled once", async () => {
    const held = Promise.withResolvers<void>();
    const reconcile: Reconcile = async ({ name }) => {
      if (name !== "quick") await held.promise;
      return {};
    };
    const { controller, sink } = setUp(reconcile, {
      workers: 2,
      isUrgent: ({ metadata }) => metadata.name !== "patient",
    });
    for (const name of ["patient", "slow", "quick"]) {
      sink.apply({ type: "ADDED", object: stored({ name, resourceVersion: "100" }) });
    }
    let isCaughtUp = false;
    void controller.caughtUp.then(() => (isCaughtUp = true));
    controller.start();
    await settle();
    expect(isCaughtUp).toBe(false);
    held.resolve();
    await settle();
    expect(isCaughtUp).toBe(true);
  });

  test("gives way to the event loop however many workers are woken at once", async () => {
    const stalls: number[] = [];
    let [held, calls] = [0, 0];
    const looped = (): void => {
      stalls.push(held);
      held = 0;
      if (calls < 64) setImmediate(looped);
    };
    const { controller, sink, clock } = setUp(
      () => {
        clock.stall(8);
        held += 8;
        calls += 1;
        return Promise.resolve({});
      },
      { workers: 32 },
    );
    for (let n = 0; n < 64; n++) {
      sink.apply({ type: "ADDED", object: stored({ name: `n${n}`, resourceVersion: String(100 + n) }) });
    }
    controller.start();
    setImmediate(looped);
    await vi.waitFor(() => expect(calls).toBe(64));
    expect(Math.max(...stalls)).toBeLessThan(50);
  });

  test("starts nothing for a worker that waited for its turn when it was told to stop", async () => {
    const { calls, reconcile } = scripted();
    let stopped: Promise<void> | undefined;
    const { controller, sink, clock } = setUp(
      (ref, context) => {
        // The other worker has its key by now, and its turn no more.
        clock.stall(20);
        stopped = controller.stop(1_000);
        return reconcile(ref, context);
      },
      { workers: 2 },
    );
    for (const name of ["first", "waits"])
      sink.apply({ type: "ADDED", object: stored({ name, resourceVersion: "100" }) });
    controller.start();
    await settle();
    await stopped;
    expect(calls).toEqual(["first"]);
  });

  test("has caught up at once where nothing is urgent", async () => {
    const { controller } = setUp(scripted().reconcile);
    controller.start();
    await controller.caughtUp;
  });

  test("does nothing before it is started: a standby acts on no event", async () => {
    const { calls, reconcile } = scripted();
    const { controller, sink } = setUp(reconcile);
    controller.enqueue({ name: "too-early" });
    controller.enqueueAt({ name: "too-early" }, 0);
    sink.apply({ type: "ADDED", object: stored({ name: "there", resourceVersion: "100" }) });
    sink.apply({ type: "DELETED", object: stored({ name: "there", resourceVersion: "101" }) });
    await settle();
    controller.start();
    await settle();
    expect(calls).toEqual([]);
  });

  test("runs as many keys at once as it has workers, and never one key twice", async () => {
    const running: string[] = [];
    let most = 0;
    const ends: (() => void)[] = [];
    const { controller } = setUp(
      async ({ name }) => {
        expect(running).not.toContain(name);
        running.push(name);
        most = Math.max(most, running.length);
        await new Promise<void>((resolve) => ends.push(resolve));
        running.splice(running.indexOf(name), 1);
        return {};
      },
      { workers: 3 },
    );
    controller.start();
    for (const name of ["a", "b", "c", "d"]) controller.enqueue({ name });
    await settle();
    for (const name of ["a", "b", "c", "d"]) controller.enqueue({ name });
    while (ends.length > 0) {
      ends.shift()?.();
      await settle();
    }
    expect(most).toBe(3);
    expect(running).toEqual([]);
  });

  test("after success comes back at the instant that the reconcile named, and not before", async () => {
    const wakeAt = Date.UTC(2026, 0, 1, 0, 5);
    const { calls, reconcile } = scripted({ wakeAt }, {});
    const { controller, clock, seen } = setUp(reconcile);
    controller.start();
    controller.enqueue(ref);
    await clock.advanceAndSettle(299_999);
    expect(calls).toHaveLength(1);
    await clock.advanceAndSettle(1);
    expect(calls).toHaveLength(2);
    expect(seen.outcomes).toEqual(["requeue_after", "success"]);
    await clock.advanceAndSettle(86_400_000);
    expect(calls).toHaveLength(2);
  });

  test("has nothing left to do when its own object is gone, and retries when another one is missing", async () => {
    const missing = (kind: string, name: string) =>
      new KubeError({ ...refused, code: 404, reason: "NotFound", message: "not found", details: { kind, name } });
    const { calls, reconcile } = scripted(missing("widgets", ref.name), missing("secrets", ref.name), {});
    const { controller, clock, seen } = setUp(reconcile);
    controller.start();
    controller.enqueue(ref);
    await clock.advanceAndSettle(86_400_000);
    expect(calls).toHaveLength(1);
    controller.enqueue(ref);
    await clock.advanceAndSettle(86_400_000);
    expect(calls).toHaveLength(3);
    expect(seen.outcomes).toEqual(["success", "error", "success"]);
  });

  test("retries an error with growing delays, which success ends", async () => {
    const broken = new Error("broken");
    const { calls, reconcile } = scripted(broken, broken, {}, broken, {});
    const { controller, clock, seen } = setUp(reconcile);
    controller.start();
    controller.enqueue(ref);
    await clock.advanceAndSettle(250);
    expect(calls).toHaveLength(2);
    await clock.advanceAndSettle(499);
    expect(calls).toHaveLength(2);
    await clock.advanceAndSettle(1);
    expect(calls).toHaveLength(3);
    controller.enqueue(ref);
    await clock.advanceAndSettle(250);
    expect(calls).toHaveLength(5);
    expect(seen.outcomes).toEqual(["error", "error", "success", "error", "success"]);
    expect(seen.panicked).toBe(0);
  });

  test("errors do not push an instant out of its place: an occurrence is tried at its time (K3)", async () => {
    const wakeAt = Date.UTC(2026, 0, 1, 0, 0, 10);
    const { calls, reconcile } = scripted({ wakeAt }, new Error("broken"));
    const { controller, clock } = setUp(reconcile);
    controller.start();
    controller.enqueue(ref);
    await clock.advanceAndSettle(1);
    controller.enqueue(ref);
    // Tries at 0, 1, 251, 751, 1751, 3751, 7751 ms; the next would be at 15751.
    await clock.advanceAndSettle(9_998);
    expect(calls).toHaveLength(7);
    await clock.advanceAndSettle(1);
    expect(calls).toHaveLength(8);
  });

  test("does not retry what only a human can mend, until an event comes", async () => {
    const { calls, reconcile } = scripted(new TerminalError("no such Secret"));
    const { controller, clock, seen, lines } = setUp(reconcile);
    controller.start();
    controller.enqueue(ref);
    await clock.advanceAndSettle(86_400_000);
    expect(calls).toHaveLength(1);
    expect(seen).toMatchObject({ outcomes: ["error"], terminal: 1 });
    expect(lines).toContainEqual(expect.objectContaining({ level: "error", object: { kind: "Widget", ...ref } }));
    controller.enqueue(ref);
    await settle();
    expect(calls).toHaveLength(2);
  });

  test("requeues a conflict quietly: it is no error, only an outdated view", async () => {
    const { calls, reconcile } = scripted(conflict, {});
    const { controller, clock, seen, lines } = setUp(reconcile);
    controller.start();
    controller.enqueue(ref);
    await clock.advanceAndSettle(250);
    expect(calls).toHaveLength(2);
    expect(seen.outcomes).toEqual(["requeue", "success"]);
    expect(lines.filter(({ level }) => level !== "debug")).toEqual([]);
  });

  test("survives a fault in its own code, counts it as a panic and tells where", async () => {
    const { controller, clock, seen, lines } = setUp(() => {
      throw new TypeError("x is not a function");
    });
    controller.start();
    controller.enqueue(ref);
    await clock.advanceAndSettle(250);
    expect(seen).toMatchObject({ outcomes: ["error", "error"], panicked: 2 });
    expect(lines[0]).toMatchObject({ level: "error", err: { message: "x is not a function" } });
    expect(lines[0]).toHaveProperty("err.stack");
  });

  test("writes one debug line a reconcile, with its outcome", async () => {
    const { controller, lines } = setUp(scripted().reconcile);
    controller.start();
    controller.enqueue(ref);
    await settle();
    expect(lines).toMatchObject([
      { level: "debug", controller: "widget", object: { kind: "Widget", ...ref }, outcome: "success", seconds: 0 },
    ]);
  });

  test("aborts the signal of a reconcile that takes too long, and tells which one runs longest", async () => {
    const { controller, clock, seen, lines } = setUp(
      (_, { signal }) =>
        new Promise((_, reject) =>
          signal.addEventListener("abort", () => reject(new Error("cut off")), { once: true }),
        ),
    );
    controller.start();
    controller.enqueue(ref);
    await clock.advanceAndSettle(119_000);
    expect(controller.longestRunning()).toEqual({ key: "ns/a", seconds: 119 });
    await clock.advanceAndSettle(1_000);
    expect(controller.longestRunning()).toBeUndefined();
    expect(seen).toMatchObject({ timedOut: 1, outcomes: ["error"] });
    expect(lines[0]).toMatchObject({ err: { message: "the reconcile did not end within 120 s" } });
  });

  test("reports its workers and how many are busy", async () => {
    const { controller, seen } = setUp(scripted().reconcile, { workers: 7 });
    controller.start();
    controller.enqueue(ref);
    await settle();
    expect(seen).toMatchObject({ workers: 7, active: [1, 0] });
  });
});
