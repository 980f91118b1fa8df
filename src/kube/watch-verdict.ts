import type { Random } from "./clock.ts";
import { isGone, isTooLargeResourceVersion, KubeError, TransportError } from "./errors.ts";
import type { RelistReason } from "./reflector-contract.ts";

/** client-go tools/cache/reflector.go: 800 ms, doubled up to 30 s, jitter 1.0 (a delay is one to two times its step). */
const BACKOFF_BASE_MS = 800;
const BACKOFF_CAP_MS = 30_000;
/** A watch that ends sooner without an event is a failure ("very short watch"), or it would be opened in a tight loop. */
const SHORT_WATCH_MS = 1000;
/** An ended watch is resumed within this, at random: a server under load ends many at once. */
const RESUME_JITTER_MS = 50;
/** Refusals in a row to resume from one version before the whole state is read anew. */
const MAX_REFUSALS = 5;
/** Whole reads closer together than this go through the backoff: each costs the server all it has. */
const RELIST_SPACING_MS = 10_000;

/** How one watch or one list ended. */
export interface Ended {
  /** undefined: the server closed the watch in order. */
  readonly failure: unknown;
  /** The server accepted the watch. */
  readonly opened: boolean;
  readonly events: number;
  readonly livedMs: number;
  /** The whole state is known, and how old that reading is; undefined: it is still to be read. */
  readonly readAgeMs: number | undefined;
  readonly relistMs: number;
  /** Backoff steps taken since a watch was last healthy. */
  readonly steps: number;
}

export interface Verdict {
  /** Whether it ended as watches do every day, so that nobody need be told. */
  readonly orderly: boolean;
  readonly delayMs: number;
  readonly steps: number;
  /** Set: read the whole state anew. */
  readonly relist?: RelistReason;
}

/** What to do after a watch or a list has ended: how long to wait, and whether to resume or to read everything anew. */
export function judge(ended: Ended, random: Random): Verdict {
  const { failure, readAgeMs } = ended;
  const healthy = ended.opened && (ended.events > 0 || ended.livedMs >= SHORT_WATCH_MS);
  const soon = random() * RESUME_JITTER_MS;
  if (readAgeMs === undefined) return backOff(ended.steps + 1, failure, random);
  if (isGone(failure) || isTooLargeResourceVersion(failure)) {
    const verdict = backOff(ended.steps + 1, failure, random);
    return { ...verdict, relist: "expired", ...(readAgeMs >= RELIST_SPACING_MS ? { delayMs: soon } : {}) };
  }
  if (healthy && isEverydayEnd(failure)) {
    const relist = readAgeMs >= ended.relistMs ? ({ relist: "safety" } as const) : {};
    return { orderly: true, delayMs: soon, steps: 0, ...relist };
  }
  const verdict = backOff(healthy ? 1 : ended.steps + 1, failure, random);
  const refused = failure instanceof KubeError && verdict.steps > MAX_REFUSALS && failure.code >= 500;
  return refused ? { ...verdict, relist: "watch-failed" } : verdict;
}

/** A timeout, a cut connection, a long silence: a healthy server and network bring these about every day. */
function isEverydayEnd(failure: unknown): boolean {
  if (failure === undefined) return true;
  return failure instanceof TransportError && (failure.fault === "cut" || failure.fault === "idle");
}

/** `steps` counts from 1. A server that says Retry-After is believed, up to the cap. */
function backOff(steps: number, failure: unknown, random: Random): Verdict {
  const step = Math.min(BACKOFF_BASE_MS * 2 ** (steps - 1), BACKOFF_CAP_MS);
  const asked = failure instanceof KubeError ? (failure.retryAfterSeconds ?? 0) * 1000 : 0;
  const delayMs = Math.max(step * (1 + random()), Math.min(asked, BACKOFF_CAP_MS));
  return { orderly: false, delayMs, steps };
}
