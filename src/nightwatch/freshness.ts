import { type Instant, MILLISECONDS } from "../schedule/instant.ts";

/** Since when evidence is known, or was due. */
export interface LastFresh {
  /** When evidence of this agent was last had: its log was read, or a read found nothing new. */
  readonly evidence?: Instant | undefined;
  /** When what runs now began to run, or this operator to watch it: before, there was nothing to be had (D11). */
  readonly running?: Instant | undefined;
}

/**
 * How much later than its time an evaluation may come for reasons of its own: the queue, a slow read. Without it, one
 * failed read would already be longer than two intervals by a few milliseconds.
 */
const SLACK_MS = 5000;

/**
 * Whether there was no fresh evidence for longer than two intervals (D9): asked at an evaluation, of the one before it. A
 * gap of one interval is normal; of two, one read failed.
 */
export function isStale({ evidence, running }: LastFresh, intervalSeconds: number, now: Instant): boolean {
  const since = Math.max(evidence ?? -Infinity, running ?? -Infinity);
  if (since === -Infinity) return false;
  const interval = intervalSeconds * MILLISECONDS.perSecond;
  return now - since > 2 * interval + Math.min(SLACK_MS, interval / 2);
}
