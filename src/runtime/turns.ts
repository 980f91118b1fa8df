import { setImmediate as nextTurn } from "node:timers/promises";
import type { Clock } from "./contract.ts";

/** How long work that never waits for I/O may hold the event loop: far below a lease's deadline, and no request feels it. */
const SLICE_MS = 20;

/**
 * Keeps work that is all promises from starving the event loop: promises that are ready run before any timer and any I/O,
 * so that a thousand reconciles which find nothing to do would be one stall.
 */
export interface Turns {
  /**
   * Asked before each piece of work, which begins at once where it is undefined: this turn of the event loop is young. Else
   * a promise of one that is: of many who wait, so many go on in each turn as fit into it.
   */
  next(): Promise<void> | undefined;
}

export function createTurns(clock: Pick<Clock, "monotonic">): Turns {
  let since: number | undefined;

  function isYoung(): boolean {
    const now = clock.monotonic();
    if (since === undefined) {
      since = now;
      setImmediate(() => (since = undefined));
    }
    return now - since < SLICE_MS;
  }

  async function youngTurn(): Promise<void> {
    do await nextTurn();
    while (!isYoung());
  }

  return { next: () => (isYoung() ? undefined : youngTurn()) };
}
