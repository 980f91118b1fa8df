import { expect, test } from "vitest";
import { createFakeClock } from "./fake-clock.ts";
import { createTurns } from "./turns.ts";

test("work gives way to the event loop once it has held it for 20 ms, and goes on in its next turn", async () => {
  const clock = createFakeClock();
  const turns = createTurns(clock);
  expect(turns.next()).toBeUndefined();
  clock.stall(19);
  expect(turns.next()).toBeUndefined();
  clock.stall(1);
  let looped = false;
  setImmediate(() => (looped = true));
  const turn = turns.next();
  expect(turn).toBeDefined();
  await turn;
  expect(looped).toBe(true);
  expect(turns.next()).toBeUndefined();
});

test("of many who wait for a turn so many go on in each as fit into it: together they hold the event loop no longer than one", async () => {
  const clock = createFakeClock();
  const turns = createTurns(clock);
  const turnOf: number[] = [];
  let turn = 0;
  let isOver = false;
  const count = (): void => {
    turn += 1;
    if (!isOver) setImmediate(count);
  };
  setImmediate(count);
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      const mine = turns.next();
      if (mine !== undefined) await mine;
      turnOf.push(turn);
      clock.stall(10);
    }),
  );
  isOver = true;
  const perTurn = [...new Set(turnOf)].map((each) => turnOf.filter((other) => other === each).length);
  expect(perTurn).toEqual([2, 2, 2, 2]);
});
