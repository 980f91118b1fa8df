import { hasEnded } from "../agent-run/run-state.ts";
import { condition, type NewCondition } from "../conditions.ts";
import { type Observed, statusBefore } from "./observed.ts";

/**
 * Whether a provider's limit keeps the agent from working (S3): a state of its own, which moves no score. Of a Safety agent
 * by its last lines, of others by how their last run ended. None where nothing new is known.
 */
export function rateLimitCondition(seen: Observed): { readonly RateLimited?: NewCondition } {
  const limit = seen.agent.spec.layer === "Safety" ? ofPod(seen) : ofRuns(seen);
  if (limit === undefined) return {};
  if (!limit.isLimited) return { RateLimited: notLimited };
  // Only new lines tell of a reset: without one in them the one that was announced still holds.
  const before = condition(statusBefore(seen.agent).conditions, "RateLimited");
  return limit.resetTime === undefined && before?.status === "True" ? {} : { RateLimited: limited(limit.resetTime) };
}

/** An agent that no limit is known of. */
export const notLimited: NewCondition = {
  type: "RateLimited",
  status: "False",
  reason: "NotRateLimited",
  message: "no provider's limit is known to be spent",
};

interface Limit {
  readonly isLimited: boolean;
  readonly resetTime?: string | undefined;
}

function limited(resetTime: string | undefined): NewCondition {
  const until = resetTime === undefined ? "it announced no end" : `it announced that this ends at ${resetTime}`;
  return {
    type: "RateLimited",
    status: "True",
    reason: "LimitSpent",
    message: `the provider turns requests away because a limit is spent; ${until}`,
  };
}

function ofPod({ evidence }: Observed): Limit | undefined {
  if (evidence?.reading === undefined) return undefined;
  const { limit } = evidence.reading;
  return { isLimited: limit !== undefined, resetTime: limit?.resetTime };
}

function ofRuns({ runs }: Observed): Limit | undefined {
  const ended = runs.filter(hasEnded).toSorted((a, b) => (endOf(a) > endOf(b) ? -1 : 1));
  const [last] = ended;
  return last === undefined ? undefined : { isLimited: last.status?.exit?.class === "RateLimited" };
}

function endOf({ status }: Observed["runs"][number]): string {
  return status?.completionTime ?? "";
}
