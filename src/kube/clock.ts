/** Where kube/ takes its time from; the runtime's Clock fits. Instants in milliseconds since the epoch. */
export interface KubeClock {
  now(): number;
  /** Monotonic milliseconds: for deadlines and delays, which a wall-clock jump must not move. */
  monotonic(): number;
  /** Runs `callback` once after `ms`; returns how to cancel. */
  after(ms: number, callback: () => void): () => void;
}

/** A number in [0, 1), as Math.random gives. */
export type Random = () => number;

/** The machine's own time. */
export const systemClock: KubeClock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after: (ms, callback) => {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
};

/** Resolves after `ms`, or at once when the signal fires; never rejects: who waits looks at the signal afterwards. */
export async function sleep(clock: KubeClock, ms: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted === true) return;
  await new Promise<void>((resolve) => {
    const wake = (): void => {
      cancel();
      signal?.removeEventListener("abort", wake);
      resolve();
    };
    const cancel = clock.after(ms, wake);
    signal?.addEventListener("abort", wake, { once: true });
  });
}
