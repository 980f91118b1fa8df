import { setTimeout as sleep } from "node:timers/promises";

/** Longest wait for one condition, in which every retry, every silent watch and a busy machine have had their time. */
const PATIENCE_MS = 240_000;
/** Between two looks: what has not come at once takes a while, and each look costs the API server more than to wait. */
const FIRST_PAUSE_MS = 50;
const LAST_PAUSE_MS = 250;

/** Waits until a condition holds; rejects with what was waited for when it never does, and with what a look throws. */
export async function until(
  what: string,
  holds: () => Promise<boolean> | boolean,
  patienceMs = PATIENCE_MS,
): Promise<void> {
  const deadline = performance.now() + patienceMs;
  for (let pause = FIRST_PAUSE_MS; !(await holds()); pause = Math.min(1.2 * pause, LAST_PAUSE_MS)) {
    if (performance.now() > deadline) throw new NotReached(what);
    await sleep(pause);
  }
}

/** A condition that never came to hold. */
export class NotReached extends Error {
  override readonly name = "NotReached";
  constructor(condition: string) {
    super(`this was not reached: ${condition}`);
  }
}
