import type { AgentStatus } from "../../api/v1alpha1/agent.ts";
import { freshDrift } from "../../nightwatch/drift.ts";
import { withRenewedBudget } from "../../nightwatch/correction-record.ts";
import { pausedByHand } from "../../nightwatch/pause.ts";
import type { Instant } from "../../runtime/contract.ts";
import { toInstant } from "../../workloads/time.ts";
import type { EventNote } from "../plan.ts";
import { type Observed, openRequest, statusBefore } from "./observed.ts";

/** What a human's request made of an agent, and what is told of it. */
export interface Answered {
  readonly seen: Observed;
  readonly events: readonly EventNote[];
}

/**
 * Answers pause-requested-at and resume-requested-at (C5): their echoes are written by toPlan. Where both are new, the one
 * of the later time wins; where that cannot be told, the pause does, which does no harm.
 */
export function answerPauseRequests(seen: Observed, now: Instant): Answered {
  const { agent } = seen;
  const [pause, resume] = [openRequest(agent, "pause"), openRequest(agent, "resume")];
  if (resume !== undefined && !(pause !== undefined && isLater(pause, resume))) return resumed(seen, resume, now);
  if (pause === undefined || statusBefore(agent).pause !== undefined) return { seen, events: [] };
  const { namespace = "", name } = agent.metadata;
  const record = pausedByHand({ namespace, name }, pause, now);
  return {
    seen: withStatus(seen, { pause: record }),
    events: [{ type: "Normal", reason: "Paused", action: "Pause", note: record.message }],
  };
}

/** True unless `resume` is surely the later one. */
function isLater(pause: string, resume: string): boolean {
  return !(toInstant(resume) > toInstant(pause));
}

/** A resume starts with an empty window and a full budget; on an agent that is not paused it does nothing to either. */
function resumed(seen: Observed, value: string, now: Instant): Answered {
  const { pause, correction } = statusBefore(seen.agent);
  if (pause === undefined) return { seen, events: [] };
  const note = `resumed by darkfactory.dev/resume-requested-at=${value}; it was paused at ${pause.time ?? "an unknown time"} (${pause.reason ?? "Unknown"})`;
  return {
    seen: {
      ...withStatus(seen, {
        pause: undefined,
        drift: freshDrift(statusBefore(seen.agent).drift, now),
        correction: withRenewedBudget(correction, now),
      }),
      isResumed: true,
    },
    events: [{ type: "Normal", reason: "Resumed", action: "Resume", note }],
  };
}

/** The same, as if the status already said so: what is decided after it builds on it. */
export function withStatus(
  seen: Observed,
  changes: { readonly [Field in keyof AgentStatus]?: AgentStatus[Field] | undefined },
): Observed {
  const entries = Object.entries({ ...statusBefore(seen.agent), ...changes }).filter(
    ([, value]) => value !== undefined,
  );
  return { ...seen, agent: { ...seen.agent, status: Object.fromEntries(entries) } };
}
