import { describe, expect, test } from "vitest";
import { createDelayedKeys } from "./delayed-keys.ts";
import { createFakeClock } from "./fake-clock.ts";

function delayed() {
  const clock = createFakeClock();
  const due: string[] = [];
  const keys = createDelayedKeys({ clock, time: "wall", onDue: (key) => due.push(key) });
  return { clock, due, keys };
}

describe("delayed keys", () => {
  test("10,000 keys cost one timer", () => {
    const { clock, due, keys } = delayed();
    for (let n = 10_000; n > 0; n--) keys.add(`ns/agent-${n}`, clock.now() + n);
    expect(clock.pending).toBe(1);
    clock.advance(5_000);
    expect(due).toHaveLength(5_000);
    expect(due[0]).toBe("ns/agent-1");
    expect(clock.pending).toBe(1);
  });

  test("a key keeps the earlier of two times, and falls due once", () => {
    const { clock, due, keys } = delayed();
    keys.add("a", clock.now() + 100);
    keys.add("a", clock.now() + 50);
    keys.add("a", clock.now() + 200);
    clock.advance(50);
    expect(due).toEqual(["a"]);
    clock.advance(1_000);
    expect(due).toEqual(["a"]);
  });

  test("a time that is past falls due at the next turn, never within the call", () => {
    const { clock, due, keys } = delayed();
    keys.add("a", clock.now() - 1);
    expect(due).toEqual([]);
    clock.advance(0);
    expect(due).toEqual(["a"]);
  });

  test("a wall clock that jumps forward is noticed at the next recheck", () => {
    const { clock, due, keys } = delayed();
    keys.add("a", clock.now() + 3_600_000);
    clock.jump(3_600_000);
    clock.advance(10_000);
    expect(due).toEqual(["a"]);
  });

  test("a wall clock that jumps back makes a key wait for its instant", () => {
    const { clock, due, keys } = delayed();
    keys.add("a", clock.now() + 1_000);
    clock.jump(-60_000);
    clock.advance(60_000);
    expect(due).toEqual([]);
    clock.advance(10_000);
    expect(due).toEqual(["a"]);
  });

  test("a deleted key does not fall due, the next one does", () => {
    const { clock, due, keys } = delayed();
    keys.add("a", clock.now() + 1);
    keys.add("b", clock.now() + 2);
    keys.delete("a");
    clock.advance(10);
    expect(due).toEqual(["b"]);
    keys.add("c", clock.now() + 1);
    keys.delete("c");
    expect(clock.pending).toBe(0);
  });

  test("nothing falls due after clear, and no timer is left", () => {
    const { clock, due, keys } = delayed();
    keys.add("a", clock.now() + 1);
    keys.clear();
    expect(clock.pending).toBe(0);
    clock.advance(10);
    expect(due).toEqual([]);
  });
});
