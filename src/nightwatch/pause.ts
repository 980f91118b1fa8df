import type { AgentStatus } from "../api/v1alpha1/agent-status.ts";
import { type Instant } from "../schedule/instant.ts";
import { quote } from "../schedule/quote.ts";
import { fromInstant } from "../workloads/time.ts";

/** Why an agent is paused (C4, C5). */
export type PauseReason = "DriftCritical" | "CorrectionLoop" | "Manual";

/** status.pause of an agent that is paused: when, why, by whom and how to go on (C5). */
export interface Pause {
  readonly time: string;
  readonly reason: PauseReason;
  readonly message: string;
}

/** The agent that a human must resume. */
export interface AgentName {
  readonly namespace: string;
  readonly name: string;
}

/** A pause that Nightwatch decided. `why` is the evidence in words; for a CorrectionLoop also which budget is spent. */
export function pausedByNightwatch(
  agent: AgentName,
  reason: Exclude<PauseReason, "Manual">,
  why: string,
  now: Instant,
): Pause {
  return paused(agent, reason, `by Nightwatch: ${why}`, now);
}

/** A human's own pause: `value` is what darkfactory.dev/pause-requested-at was set to. */
export function pausedByHand(agent: AgentName, value: string, now: Instant): Pause {
  return paused(agent, "Manual", `by hand: darkfactory.dev/pause-requested-at was set to ${quote(value)}`, now);
}

/** The condition Paused of an agent that is paused; one that is not has none. */
export function pausedCondition({ reason, message }: Pick<NonNullable<AgentStatus["pause"]>, "reason" | "message">): {
  readonly type: "Paused";
  readonly status: "True";
  readonly reason: string;
  readonly message: string;
} {
  return { type: "Paused", status: "True", reason: reason ?? "Manual", message: message ?? "" };
}

/** What a human types to resume an agent: any value that was not there before will do. */
export function resumeCommand({ namespace, name }: AgentName): string {
  return `kubectl annotate agent ${name} --namespace ${namespace} --overwrite darkfactory.dev/resume-requested-at="$(date -u +%FT%TZ)"`;
}

function paused(agent: AgentName, reason: PauseReason, why: string, now: Instant): Pause {
  const time = fromInstant(now);
  return { time, reason, message: `paused at ${time} ${why}; to resume it: ${resumeCommand(agent)}` };
}
