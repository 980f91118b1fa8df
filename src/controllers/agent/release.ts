import type { Instant } from "../../runtime/contract.ts";
import { isNewGeneration, type Observed, openRequest, statusBefore, type StoredAgent } from "./observed.ts";
import { isBudgetSpent, policyOf, type RestartPolicy, type RestartStatus, withFreshBudget } from "./restart.ts";

/** The same, with a budget as new where it was spent and a person has done something about it since (L3). */
export function withReleasedBudget(seen: Observed, now: Instant): Observed {
  const { agent } = seen;
  const status = statusBefore(agent);
  if (status.restart === undefined || !isReleased(agent)) return seen;
  const restart = released(status.restart, policyOf(agent.spec), now);
  return { ...seen, agent: { ...agent, status: { ...status, restart } } };
}

/** L3 names a new generation and a resume; who asks for a restart wants no less. */
export function isReleased(agent: StoredAgent): boolean {
  return (
    isNewGeneration(agent) || openRequest(agent, "resume") !== undefined || openRequest(agent, "restart") !== undefined
  );
}

/** The same record, renewed where it was spent. */
export function released(restart: RestartStatus, policy: RestartPolicy, now: Instant): RestartStatus {
  return isBudgetSpent(restart, policy) ? withFreshBudget(restart, now) : restart;
}
