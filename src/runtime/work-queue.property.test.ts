import * as fc from "fast-check";
import { expect, test } from "vitest";
import { createFakeClock, settle, type FakeClock } from "./fake-clock.ts";
import { createWorkQueue, type WorkQueue } from "./work-queue.ts";

/** What must be true whatever the queue does inside. */
interface Model {
  /** Added since it was last given out: must be given out again. */
  owed: Set<string>;
  /** Fell due twice in one millisecond: may have been given out between the two, then comes again. */
  maybe: Set<string>;
  inHand: Set<string>;
  /** When a delayed key becomes owed at the latest. */
  instants: Map<string, number>;
  durations: Map<string, number>;
}

interface Real {
  readonly queue: WorkQueue;
  readonly clock: FakeClock;
  /** Workers that asked and have not been given a key. */
  asking: number;
  given: string[];
}

type Command = fc.AsyncCommand<Model, Real>;

const keys = fc.constantFrom("a", "b", "c", "d");

/** Takes note of every key that was given out meanwhile. */
function receive(model: Model, real: Real): void {
  for (const key of real.given.splice(0)) {
    expect(model.inHand.has(key), `${key} is in two hands`).toBe(false);
    expect(model.owed.has(key) || model.maybe.has(key), `${key} was given out though nobody added it`).toBe(true);
    model.inHand.add(key);
    if (!model.owed.delete(key)) model.maybe.delete(key);
    real.asking--;
  }
  const free = [...model.owed].filter((key) => !model.inHand.has(key));
  if (real.asking > 0) expect(free, "a worker waits while a key waits").toEqual([]);
}

function command(
  text: string,
  run: (model: Model, real: Real) => void | Promise<void>,
  check?: (model: Model) => boolean,
): Command {
  return {
    toString: () => text,
    check: (model) => check?.(model) ?? true,
    run: async (model, real) => {
      await run(model, real);
      await settle();
      receive(model, real);
    },
  };
}

function ask(real: Real): void {
  real.asking++;
  void real.queue.get().then((key) => (key === undefined ? undefined : real.given.push(key)));
}

function due(delayed: Map<string, number>, now: number, model: Model): void {
  for (const [key, at] of delayed) {
    if (at > now) continue;
    delayed.delete(key);
    if (model.owed.has(key)) model.maybe.add(key);
    model.owed.add(key);
  }
}

/** Goes from due time to due time, because a key that is given out between two of them comes twice. */
async function advance(model: Model, real: Real, ms: number): Promise<void> {
  const { clock } = real;
  const end = clock.monotonic() + ms;
  const wall = clock.now() - clock.monotonic();
  while (clock.monotonic() < end) {
    const next = Math.min(end, ...model.durations.values(), ...[...model.instants.values()].map((at) => at - wall));
    clock.advance(next - clock.monotonic());
    due(model.instants, clock.now(), model);
    due(model.durations, clock.monotonic(), model);
    await settle();
    receive(model, real);
  }
}

const earliest = (delayed: Map<string, number>, key: string, at: number): void =>
  void delayed.set(key, Math.min(at, delayed.get(key) ?? Infinity));

const commands = [
  fc.tuple(keys, fc.constantFrom("normal" as const, "low" as const)).map(([key, priority]) =>
    command(`add(${key}, ${priority})`, (model, real) => {
      real.queue.add(key, priority);
      model.owed.add(key);
    }),
  ),
  fc.tuple(keys, fc.integer({ min: -5, max: 100 })).map(([key, ms]) =>
    command(`addAt(${key}, now + ${ms})`, (model, real) => {
      real.queue.addAt(key, real.clock.now() + ms);
      if (ms <= 0) model.owed.add(key);
      else earliest(model.instants, key, real.clock.now() + ms);
    }),
  ),
  fc.tuple(keys, fc.integer({ min: -5, max: 100 })).map(([key, ms]) =>
    command(`addAfter(${key}, ${ms})`, (model, real) => {
      real.queue.addAfter(key, ms);
      if (ms <= 0) model.owed.add(key);
      else earliest(model.durations, key, real.clock.monotonic() + ms);
    }),
  ),
  keys.map((key) =>
    command(`addRateLimited(${key})`, (model, real) => {
      const ms = 250 * 2 ** real.queue.failures(key);
      real.queue.addRateLimited(key);
      earliest(model.durations, key, real.clock.monotonic() + ms);
    }),
  ),
  keys.map((key) =>
    command(`forget(${key})`, (model, real) => {
      real.queue.forget(key);
      model.durations.delete(key);
    }),
  ),
  fc.constant(command("ask", (_, real) => ask(real))),
  keys.map((key) =>
    command(
      `done(${key})`,
      (model, real) => {
        real.queue.done(key);
        model.inHand.delete(key);
      },
      (model) => model.inHand.has(key),
    ),
  ),
  fc.integer({ min: 0, max: 300 }).map((ms) => command(`advance(${ms})`, (model, real) => advance(model, real, ms))),
];

test("a work queue never gives one key to two workers, gives only what was added, and loses no add", async () => {
  await fc.assert(
    fc.asyncProperty(fc.commands(commands, { maxCommands: 80 }), async (run) => {
      const clock = createFakeClock();
      const real: Real = { queue: createWorkQueue({ clock, random: () => 0 }), clock, asking: 0, given: [] };
      const model: Model = {
        owed: new Set(),
        maybe: new Set(),
        inHand: new Set(),
        instants: new Map(),
        durations: new Map(),
      };
      await fc.asyncModelRun(() => ({ model, real }), run);

      for (const key of model.inHand) real.queue.done(key);
      model.inHand.clear();
      await advance(model, real, 86_400_000);
      for (let round = 0; round < 10; round++) {
        for (const key of model.inHand) real.queue.done(key);
        model.inHand.clear();
        ask(real);
        await settle();
        receive(model, real);
      }
      expect([...model.owed], "an add was lost").toEqual([]);
      expect(real.queue.depth).toBe(0);
    }),
    { numRuns: 300 },
  );
});
