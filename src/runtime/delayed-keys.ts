import type { Clock, Key } from "./contract.ts";
import { createKeyedHeap } from "./heap.ts";

/** Keys that fall due at a time; 10,000 of them cost one timer. */
export interface DelayedKeys {
  readonly size: number;
  /** Makes the key fall due at `at`, unless it does so earlier already. */
  add(key: Key, at: number): void;
  delete(key: Key): void;
  /** Forgets all keys and the timer. */
  clear(): void;
}

export interface DelayedKeysOptions {
  readonly clock: Clock;
  /** By which time keys fall due: "wall" for instants, "monotonic" for durations. */
  readonly time: "wall" | "monotonic";
  readonly onDue: (key: Key) => void;
}

/** The wall clock may jump, so it is read at least this often; a jump is noticed that late. */
const WALL_CLOCK_RECHECK_MS = 10_000;

export function createDelayedKeys(options: DelayedKeysOptions): DelayedKeys {
  const { clock, onDue } = options;
  const time = options.time === "wall" ? () => clock.now() : () => clock.monotonic();
  const longestMs = options.time === "wall" ? WALL_CLOCK_RECHECK_MS : Infinity;
  const heap = createKeyedHeap<Key>();
  let timer: { readonly at: number; readonly cancel: () => void } | undefined;

  function arm(): void {
    const next = heap.peek();
    if (timer !== undefined && next !== undefined && timer.at <= next.order) return;
    timer?.cancel();
    timer = undefined;
    if (next === undefined) return;
    const ms = Math.min(Math.max(0, next.order - time()), longestMs);
    timer = { at: next.order, cancel: clock.after(Math.ceil(ms), fire) };
  }

  function fire(): void {
    timer = undefined;
    const now = time();
    for (let next = heap.peek(); next !== undefined && next.order <= now; next = heap.peek()) {
      heap.pop();
      onDue(next.key);
    }
    arm();
  }

  return {
    get size() {
      return heap.size;
    },
    add(key, at) {
      const known = heap.orderOf(key);
      if (known !== undefined && known <= at) return;
      heap.set(key, at);
      arm();
    },
    delete(key) {
      if (heap.delete(key)) arm();
    },
    clear() {
      heap.clear();
      arm();
    },
  };
}
