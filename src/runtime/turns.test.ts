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
