import { expect, test } from "vitest";
import { createFakeClock } from "./fake-clock.ts";

test("a fake clock runs what falls due in order, with the time as it then is", () => {
  const clock = createFakeClock(1_000);
  const seen: string[] = [];
  clock.after(20, () => seen.push(`b at ${clock.now()}`));
  clock.after(10, () => {
    seen.push(`a at ${clock.now()}`);
    clock.after(5, () => seen.push(`a2 at ${clock.now()}`));
  });
  clock.after(50, () => seen.push("too late"));
  clock.advance(30);
  expect(seen).toEqual(["a at 1010", "a2 at 1015", "b at 1020"]);
  expect(clock.monotonic()).toBe(30);
  expect(clock.pending).toBe(1);
});

test("a jump of the wall clock leaves the monotonic one and the timers alone", () => {
  const clock = createFakeClock(0);
  let fired = false;
  clock.after(10, () => (fired = true));
  clock.jump(3_600_000);
  expect(clock.now()).toBe(3_600_000);
  expect(clock.monotonic()).toBe(0);
  expect(fired).toBe(false);
});

test("advanceAndSettle lets a promise chain set its next timer in time", async () => {
  const clock = createFakeClock(0);
  const instants: number[] = [];
  void (async () => {
    for (let turn = 0; turn < 3; turn++) {
      await new Promise<void>((resolve) => clock.after(10, resolve));
      instants.push(clock.monotonic());
    }
  })();
  await clock.advanceAndSettle(30);
  expect(instants).toEqual([10, 20, 30]);
});
