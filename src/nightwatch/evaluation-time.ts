import { type Instant, MILLISECONDS } from "../schedule/instant.ts";
import { shareOf } from "../workloads/hash.ts";

/**
 * The first evaluation of an agent after `now` (D8). Its times are a grid of its own: a hash of its uid says where in the
 * interval they lie, so agents are spread evenly (D10), and no restart of the operator moves them. `intervalSeconds` ≥ 1.
 */
export function nextEvaluation(uid: string, intervalSeconds: number, now: Instant): Instant {
  const interval = intervalSeconds * MILLISECONDS.perSecond;
  const offset = Math.floor(shareOf(uid) * interval);
  return (Math.floor((now - offset) / interval) + 1) * interval + offset;
}
