import type { Clock } from "./contract.ts";

/** The longest delay that setTimeout keeps; anything longer would fire at once (Node.js documentation, "Timers"). */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** The machine's own time. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after: startTimer,
};

function startTimer(ms: number, callback: () => void): () => void {
  let timer: NodeJS.Timeout;
  const run = (left: number): void => {
    const leg = Math.min(Math.max(left, 0), LONGEST_TIMER_MS);
    timer = setTimeout(() => (left > leg ? run(left - leg) : callback()), leg);
  };
  run(ms);
  return () => clearTimeout(timer);
}
