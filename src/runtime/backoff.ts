import type { Random } from "../kube/clock.ts";
import type { Key } from "./contract.ts";

export interface BackoffOptions {
  /** The first delay; default 250 ms (client-go's 5 ms is too hot where a retry has effects outside the cluster). */
  readonly baseMs?: number;
  /** No delay is longer; default 5 min. */
  readonly maxMs?: number;
  readonly random?: Random;
}

/** How long to wait before the next try of a key: doubles per failure in a row. */
export interface Backoff {
  /** Counts one more failure and gives the delay in milliseconds. */
  next(key: Key): number;
  failures(key: Key): number;
  forget(key: Key): void;
}

/** A delay is taken at random from the upper half of its range, so that keys that failed together do not retry together. */
export function createBackoff(options: BackoffOptions = {}): Backoff {
  const { baseMs = 250, maxMs = 300_000, random = Math.random } = options;
  const failures = new Map<Key, number>();
  return {
    next(key) {
      const earlier = failures.get(key) ?? 0;
      failures.set(key, earlier + 1);
      const range = Math.min(maxMs, 2 * baseMs * 2 ** earlier);
      return (range / 2) * (1 + random());
    },
    failures: (key) => failures.get(key) ?? 0,
    forget: (key) => void failures.delete(key),
  };
}
