import { describe, expect, test } from "vitest";
import { scripted, setUp } from "./controller-testing.ts";
import { settle } from "./fake-clock.ts";
import { NotLeaderError } from "./leadership.ts";
import { stored } from "./testing.ts";

const ref = { namespace: "ns", name: "a" };

describe("a reconcile that follows its own write", () => {
  test("waits until the cache shows the write", async () => {
    const seen: (string | undefined)[] = [];
    const { controller, clock, informer, sink } = setUp((_, context) => {
      seen.push(informer.get(ref)?.metadata.resourceVersion);
      if (seen.length === 1) context.wrote(informer, stored({ name: "a", resourceVersion: "101" }));
      return Promise.resolve({});
    });
    controller.start();
    controller.enqueue(ref);
    await settle();
    controller.enqueue(ref);
    await clock.advanceAndSettle(500);
    expect(seen).toEqual([undefined]);
    sink.apply({ type: "ADDED", object: stored({ name: "a", resourceVersion: "101" }) });
    await clock.advanceAndSettle(200);
    expect(seen).toEqual([undefined, "101"]);
  });

  test("goes on at the very event that shows it, though that event wakes nobody by itself", async () => {
    let calls = 0;
    const { controller, informer, sink } = setUp((_, context) => {
      if (++calls === 1) context.wrote(informer, stored({ name: "a", resourceVersion: "101" }));
      return Promise.resolve({});
    });
    controller.start();
    controller.enqueue(ref);
    await settle();
    controller.enqueue(ref);
    await settle();
    expect(calls).toBe(1);
    sink.bookmark("102");
    await settle();
    expect(calls).toBe(2);
  });

  test("goes on after 5 min without it", async () => {
    const { calls, reconcile } = scripted();
    const { controller, clock, informer } = setUp(async (key, context) => {
      context.wrote(informer, stored({ name: "a", resourceVersion: "101" }));
      return await reconcile(key, context);
    });
    controller.start();
    controller.enqueue(ref);
    await settle();
    controller.enqueue(ref);
    await clock.advanceAndSettle(299_999);
    expect(calls).toHaveLength(1);
    await clock.advanceAndSettle(1);
    expect(calls).toHaveLength(2);
  });
});

test("a controller with a thousand keys and nothing to wait for lets timers and I/O run in between", async () => {
  const { calls, reconcile } = scripted();
  const { controller, clock } = setUp(
    (key, context) => {
      clock.stall(1);
      return reconcile(key, context);
    },
    { workers: 4 },
  );
  controller.start();
  for (let n = 0; n < 1000; n++) controller.enqueue({ name: `a${n}` });
  await settle();
  expect(calls.length).toBeLessThan(100);
  while (calls.length < 1000) await settle();
});

describe("a controller that is stopped", () => {
  test("ends the reconcile in hand, and starts no other (O2)", async () => {
    const calls: string[] = [];
    let finish: (() => void) | undefined;
    const { controller, clock } = setUp(async ({ name }, { signal }) => {
      calls.push(name);
      await new Promise<void>((resolve) => (finish = resolve));
      expect(signal.aborted).toBe(false);
      return {};
    });
    controller.start();
    controller.enqueue({ name: "in-hand" });
    controller.enqueue({ name: "waiting" });
    await settle();
    let stopped = false;
    void controller.stop(30_000).then(() => (stopped = true));
    await clock.advanceAndSettle(29_000);
    expect(stopped).toBe(false);
    finish?.();
    await settle();
    expect(stopped).toBe(true);
    expect(calls).toEqual(["in-hand"]);
    expect(clock.pending).toBe(0);
  });

  test("aborts what does not end within the grace period, without counting it as an error", async () => {
    const { controller, clock, seen } = setUp(
      (_, { signal }) =>
        new Promise((_, reject) =>
          signal.addEventListener("abort", () => reject(new Error("cut off")), { once: true }),
        ),
    );
    controller.start();
    controller.enqueue(ref);
    await settle();
    let stopped = false;
    void controller.stop(30_000).then(() => (stopped = true));
    await clock.advanceAndSettle(29_999);
    expect(stopped).toBe(false);
    await clock.advanceAndSettle(1);
    expect(stopped).toBe(true);
    expect(seen.outcomes).toEqual(["requeue"]);
  });

  test("aborts what is in hand at once when there is no grace: the lease is lost (O1)", async () => {
    let signal: AbortSignal | undefined;
    const { controller } = setUp((_, context) => {
      ({ signal } = context);
      return new Promise(() => undefined);
    });
    controller.start();
    controller.enqueue(ref);
    await settle();
    void controller.stop(0);
    expect(signal?.aborted).toBe(true);
  });

  test("does not wait for ever for a reconcile that ignores its signal", async () => {
    const { controller, clock } = setUp(() => new Promise(() => undefined));
    controller.start();
    controller.enqueue(ref);
    await settle();
    let stopped = false;
    void controller.stop(30_000).then(() => (stopped = true));
    await clock.advanceAndSettle(31_000);
    expect(stopped).toBe(true);
  });
});

test("a write that the fence refused is no error: another process leads now (O1)", async () => {
  const { calls, reconcile } = scripted(new NotLeaderError("the lease has run out"));
  const { controller, seen, lines } = setUp(reconcile);
  controller.start();
  controller.enqueue(ref);
  await settle();
  expect(calls).toHaveLength(1);
  expect(seen.outcomes).toEqual(["requeue"]);
  expect(lines.filter(({ level }) => level !== "debug")).toEqual([]);
});
