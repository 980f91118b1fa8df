import { describe, expect, test } from "vitest";
import { createFakeClock, settle } from "./fake-clock.ts";
import { createWorkQueue, type QueueMetrics } from "./work-queue.ts";

function queue(metrics?: QueueMetrics) {
  const clock = createFakeClock();
  return { clock, queue: createWorkQueue({ clock, random: () => 0, ...(metrics === undefined ? {} : { metrics }) }) };
}

/** Whether the promise is settled once everything that can go on has gone on. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  void promise.then(() => (settled = true));
  await settle();
  return settled;
}

describe("a work queue", () => {
  test("gives a key once, however often it was added", async () => {
    const { queue: q } = queue();
    for (let n = 0; n < 5; n++) q.add("a");
    expect(q.depth).toBe(1);
    expect(await q.get()).toBe("a");
    q.done("a");
    expect(q.depth).toBe(0);
  });

  test("holds a key that is added while in hand until the worker is done", async () => {
    const { queue: q } = queue();
    q.add("a");
    await q.get();
    q.add("a");
    const second = q.get();
    expect(await isSettled(second)).toBe(false);
    q.done("a");
    expect(await second).toBe("a");
  });

  test("a key that comes again keeps the higher of its priorities", async () => {
    const { queue: q } = queue();
    q.add("a");
    await q.get();
    q.add("a", "low");
    q.add("a", "normal");
    q.add("b", "low");
    q.done("a");
    expect(await q.get()).toBe("a");
  });

  test("serves waiting workers in the order they asked", async () => {
    const { queue: q } = queue();
    const first = q.get();
    const second = q.get();
    q.add("a");
    q.add("b");
    expect([await first, await second]).toEqual(["a", "b"]);
  });

  test("an instant and a duration of one key do not push each other out", async () => {
    const { queue: q, clock } = queue();
    q.addAt("a", clock.now() + 60_000);
    q.addRateLimited("a");
    clock.advance(250);
    expect(await q.get()).toBe("a");
    q.done("a");
    clock.advance(60_000);
    expect(q.depth).toBe(1);
  });

  test("the earliest of several instants counts", async () => {
    const { queue: q, clock } = queue();
    q.addAt("a", clock.now() + 2_000);
    q.addAt("a", clock.now() + 1_000);
    q.addAt("a", clock.now() + 3_000);
    clock.advance(1_000);
    expect(q.depth).toBe(1);
  });

  test("an instant that is past adds at once", () => {
    const { queue: q, clock } = queue();
    q.addAt("a", clock.now() - 1);
    q.addAfter("b", 0);
    expect(q.depth).toBe(2);
  });

  test("a wall clock set back does not delay a duration", () => {
    const { queue: q, clock } = queue();
    q.addAfter("a", 100);
    clock.jump(-3_600_000);
    clock.advance(100);
    expect(q.depth).toBe(1);
  });

  test("the backoff of a key grows until it is forgotten", async () => {
    const { queue: q, clock } = queue();
    const waits = (ms: number): boolean => {
      q.addRateLimited("a");
      clock.advance(ms - 1);
      const early = q.depth;
      clock.advance(1);
      return early === 0 && q.depth === 1;
    };
    const take = async (): Promise<void> => {
      await q.get();
      q.done("a");
    };
    expect(waits(250)).toBe(true);
    await take();
    expect(waits(500)).toBe(true);
    await take();
    expect(q.failures("a")).toBe(2);
    q.forget("a");
    expect(waits(250)).toBe(true);
  });

  test("10,000 delayed keys cost two timers at most", () => {
    const { queue: q, clock } = queue();
    for (let n = 0; n < 10_000; n++) {
      q.addAt(`ns/a${n}`, clock.now() + 1_000 + n);
      q.addAfter(`ns/b${n}`, 1_000 + n);
    }
    expect(clock.pending).toBe(2);
  });

  test("done for a key that is in nobody's hand changes nothing", () => {
    const { queue: q } = queue();
    q.done("a");
    expect(q.depth).toBe(0);
  });
});

test("success takes back a retry that was due, and leaves an instant alone", () => {
  const { queue: q, clock } = queue();
  q.addRateLimited("a");
  q.addAt("b", clock.now() + 1_000);
  q.forget("a");
  q.forget("b");
  clock.advance(250);
  expect(q.depth).toBe(0);
  clock.advance(750);
  expect(q.depth).toBe(1);
});

describe("a work queue that is shut down", () => {
  test("waits for the keys in hand, and gives out no other", async () => {
    const { queue: q } = queue();
    q.add("a");
    q.add("b");
    await q.get();
    const drained = q.shutDown();
    expect(await q.get()).toBeUndefined();
    expect(await isSettled(drained)).toBe(false);
    q.add("a");
    q.done("a");
    expect(await isSettled(drained)).toBe(true);
    expect(q.depth).toBe(0);
  });

  test("releases the workers that wait, takes in nothing and leaves no timer", async () => {
    const { queue: q, clock } = queue();
    const waiting = q.get();
    q.addAt("later", clock.now() + 1);
    q.addAfter("later", 1);
    await q.shutDown();
    expect(await waiting).toBeUndefined();
    q.add("a");
    q.addAfter("b", 5);
    q.addAt("c", clock.now() + 5);
    q.addRateLimited("d");
    expect(q.depth).toBe(0);
    expect(clock.pending).toBe(0);
  });
});

test("a work queue reports depth, adds, retries, waiting and working time", async () => {
  const seen = { depth: { normal: 0, low: 0 }, added: 0, retried: 0, taken: [] as number[], finished: [] as number[] };
  let inHand: () => readonly number[] = () => [];
  const { queue: q, clock } = queue({
    depth: (priority, size) => (seen.depth[priority] = size),
    added: () => seen.added++,
    retried: () => seen.retried++,
    taken: (seconds) => seen.taken.push(seconds),
    finished: (seconds) => seen.finished.push(seconds),
    inHand: (read) => (inHand = read),
  });
  q.add("a");
  q.add("a");
  q.add("b", "low");
  expect(seen.depth).toEqual({ normal: 1, low: 1 });
  clock.advance(2_000);
  await q.get();
  clock.advance(3_000);
  q.add("a");
  q.add("a");
  expect(inHand()).toEqual([3]);
  q.done("a");
  q.addRateLimited("c");
  expect(seen).toEqual({ depth: { normal: 1, low: 1 }, added: 3, retried: 1, taken: [2], finished: [3] });
  expect(inHand()).toEqual([]);
});
