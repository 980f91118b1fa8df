import type { AgentSpec, AgentStatus } from "../../api/v1alpha1/agent.ts";
import type { Instant } from "../../runtime/contract.ts";
import { isDisruption, type PodEnd } from "../../workloads/pod-end.ts";
import { fromInstant, toInstant } from "../../workloads/time.ts";

/** spec.restart with its defaults filled in. */
export interface RestartPolicy {
  readonly cooldownSeconds: number;
  readonly maxRestarts: number;
  readonly windowSeconds: number;
}

/** behaviour.md L2, L3. */
export const restartDefaults: RestartPolicy = { cooldownSeconds: 60, maxRestarts: 10, windowSeconds: 43_200 };

/** behaviour.md L2: the cooldown doubles up to ten minutes (a longer cooldown that the user set stays as it is). */
const LONGEST_COOLDOWN_SECONDS = 600;

/** An agent's restart policy, whole. */
export function policyOf(spec: AgentSpec): RestartPolicy {
  return { ...restartDefaults, ...spec.restart };
}

export type RestartStatus = NonNullable<AgentStatus["restart"]>;

/**
 * What an ended start means for the next one (L2, L3): the failures still in the window, and when the next Pod may start.
 * A finished pass ends a row of failures; a disruption neither counts nor ends it. The end's own time is a node's clock:
 * where it lies ahead of ours, ours holds.
 */
export function afterEnd(
  before: RestartStatus | undefined,
  ended: { readonly start: number; readonly end: PodEnd },
  policy: RestartPolicy,
  now: Instant,
): RestartStatus {
  const { start, end } = ended;
  const at = Math.min(end.time === undefined ? now : toInstant(end.time), now);
  // Whatever its tool says of it, exit code 0 is a finished pass (L3).
  const failed = end.code !== 0 && end.class !== "Success" && !isDisruption(end);
  const consecutive = failed
    ? (before?.consecutiveFailures ?? 0) + 1
    : isDisruption(end)
      ? (before?.consecutiveFailures ?? 0)
      : 0;
  const failureTimes = failuresInWindow(
    failed ? [...(before?.failureTimes ?? []), fromInstant(at)] : (before?.failureTimes ?? []),
    policy,
    now,
  );
  const lastFailureTime = failed ? fromInstant(at) : before?.lastFailureTime;
  return {
    failuresInWindow: failureTimes.length,
    consecutiveFailures: consecutive,
    ...(failureTimes.length === 0 ? {} : { failureTimes }),
    ...(lastFailureTime === undefined ? {} : { lastFailureTime }),
    nextStartTime: fromInstant(at + 1000 * cooldownSeconds(policy, failed ? consecutive : 1)),
    lastExit: {
      start,
      class: end.class,
      reason: end.reason,
      time: fromInstant(at),
      ...(end.code === undefined ? {} : { code: end.code }),
    },
  };
}

/** Seconds to wait after the n-th failure in a row (n ≥ 1; 1 also after a finished pass). */
export function cooldownSeconds(policy: RestartPolicy, consecutiveFailures: number): number {
  const doubled = policy.cooldownSeconds * 2 ** Math.min(consecutiveFailures - 1, 30);
  return Math.max(policy.cooldownSeconds, Math.min(doubled, LONGEST_COOLDOWN_SECONDS));
}

/** True when more failures stand in the window than restarts are allowed in it (L3). */
export function isBudgetSpent(restart: RestartStatus, policy: RestartPolicy): boolean {
  return (restart.failuresInWindow ?? 0) > policy.maxRestarts;
}

/** A budget as new: after a new generation or a human's resume (L3). What the last exit was stays known. */
export function withFreshBudget(restart: RestartStatus, now: Instant): RestartStatus {
  const { failureTimes: _, ...rest } = restart;
  return { ...rest, failuresInWindow: 0, consecutiveFailures: 0, nextStartTime: fromInstant(now) };
}

/** The newest maxRestarts + 1 failures inside the window: one more than the budget is all that ever needs to be known. */
function failuresInWindow(times: readonly string[], policy: RestartPolicy, now: Instant): string[] {
  const from = now - 1000 * policy.windowSeconds;
  return times.filter((time) => toInstant(time) > from).slice(-(policy.maxRestarts + 1));
}
