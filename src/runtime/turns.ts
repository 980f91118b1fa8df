import type { Clock } from "./contract.ts";

/** How long work that never waits for I/O may hold the event loop: far below a lease's deadline, and no request feels it. */
const SLICE_MS = 20;

/**
 * Keeps work that is all promises from starving the event loop: promises that are ready run before any timer and any I/O,
 * so that a thousand reconciles which find nothing to do would be one stall.
 */
export interface Turns {
  /** Undefined while this turn of the event loop is young; else a promise of the next turn, to await. */
  next(): Promise<void> | undefined;
}

export function createTurns(clock: Pick<Clock, "monotonic">): Turns {
  let since: number | undefined;
  return {
    next() {
      const now = clock.monotonic();
      if (since === undefined) {
        since = now;
        setImmediate(() => (since = undefined));
      }
      if (now - since < SLICE_MS) return undefined;
      return new Promise((resolve) => setImmediate(resolve));
    },
  };
}
