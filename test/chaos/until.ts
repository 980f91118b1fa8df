import { setTimeout as sleep } from "node:timers/promises";

/** Longest wait for one condition, in which every retry, every silent watch and a busy machine have had their time. */
const PATIENCE_MS = 240_000;
const LOOK_MS = 100;

/** Waits until a condition holds; rejects with what was waited for when it never does. */
export async function until(
  what: string,
  holds: () => Promise<boolean> | boolean,
  patienceMs = PATIENCE_MS,
): Promise<void> {
  const deadline = performance.now() + patienceMs;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new NotReached(what);
    await sleep(LOOK_MS);
  }
}

/** A condition that never came to hold. */
export class NotReached extends Error {
  override readonly name = "NotReached";
  constructor(condition: string) {
    super(`this was not reached: ${condition}`);
  }
}
