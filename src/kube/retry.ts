import type { Random } from "./clock.ts";
import type { TransportFault } from "./errors.ts";

/** How one try ended, when it did not succeed. */
export type TryFailure =
  { readonly code: number; readonly retryAfterSeconds: number | undefined } | { readonly fault: TransportFault };

/** As client-go's rest.Request: ten tries, and a server may ask for at most 30 s of patience at a time. */
const BUSY_TRIES = 10;
const MAX_RETRY_AFTER_MS = 30_000;
/** A broken connection is tried anew for about a second; a server that is down is the caller's own backoff to bear. */
const BROKEN_TRIES = 5;
const BASE_MS = 100;
const CAP_MS = 10_000;

/**
 * Milliseconds to wait before try number `tries` + 1, or undefined to give up. Retried: 429, 503, 504, other 5xx that say
 * Retry-After, and connections that could not be made or broke. A plain 500 is not: it may be ours to mend for ever.
 */
export function retryDelay(failure: TryFailure, tries: number, random: Random): number | undefined {
  // Half to all of the step, so that many clients do not return in one wave.
  const step = Math.min(BASE_MS * 2 ** (tries - 1), CAP_MS) * (0.5 + random() / 2);
  if ("fault" in failure) {
    const broken = failure.fault === "unsent" || failure.fault === "cut";
    return broken && tries < BROKEN_TRIES ? step : undefined;
  }
  if (!isBusy(failure.code, failure.retryAfterSeconds) || tries >= BUSY_TRIES) return undefined;
  if (failure.retryAfterSeconds === undefined) return step;
  // Never sooner than asked, and up to a tenth later, so that those who were refused together do not return together.
  return Math.min(failure.retryAfterSeconds * 1000, MAX_RETRY_AFTER_MS) * (1 + random() / 10);
}

function isBusy(code: number, retryAfterSeconds: number | undefined): boolean {
  return code === 429 || code === 503 || code === 504 || (code >= 500 && retryAfterSeconds !== undefined);
}

/** Whether the server may have acted although the try failed: then a retried create can meet its own object. */
export function mayHaveActed(failure: TryFailure): boolean {
  return "fault" in failure ? failure.fault !== "unsent" : failure.code >= 500;
}
