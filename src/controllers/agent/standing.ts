import type { PodState } from "../../workloads/pod-state.ts";
import type { Standing } from "../conditions.ts";
import type { StoredPod } from "./observed.ts";
import type { RestartPolicy, RestartStatus } from "./restart.ts";

/** Work is in hand. `afterSuccess`: it carries on from a finished pass, and the agent counts as ready all along. */
export function progressing(message: string, afterSuccess = false): Standing {
  if (afterSuccess) return { ready: "True", reason: "Progressing", message };
  return { ready: "False", reason: "Progressing", message, also: "Reconciling" };
}

/** How an agent stands whose Pod is there and not to be touched. */
export function standingOf(
  state: Exclude<PodState, { state: "Stopping" | "Ending" | "Ended" }>,
  pod: StoredPod,
  afterSuccess: boolean,
): Standing {
  const { name } = pod.metadata;
  switch (state.state) {
    case "Running":
      return { ready: "True", reason: "Running", message: `Pod ${name} is running` };
    case "NotReady":
      return { ready: "False", reason: "NotReady", message: `Pod ${name} is ${state.message}` };
    case "Blocked":
      return {
        ready: "False",
        reason: state.reason,
        message: `Pod ${name}: ${state.message}`,
        ...(state.needsHuman ? { also: "Stalled" as const } : {}),
      };
    case "Starting":
      return progressing(`Pod ${name} ${state.message}`, afterSuccess);
  }
}

/** How an agent stands between two starts (L2, L3). */
export function coolingDown(restart: RestartStatus, policy: RestartPolicy): Standing {
  const { lastExit } = restart;
  const next = `the next start is at ${restart.nextStartTime ?? "once"}`;
  if (lastExit?.class === "Success")
    return { ready: "True", reason: "PassFinished", message: `finished a pass; ${next}` };
  const code = lastExit?.code === undefined ? "" : ` with exit code ${lastExit.code}`;
  const failures = `${restart.failuresInWindow} of ${policy.maxRestarts} restarts in ${policy.windowSeconds} s used`;
  return {
    ready: "False",
    reason: lastExit?.class ?? "Unknown",
    message: `start ${lastExit?.start ?? "?"} ended${code} (${lastExit?.reason ?? "Unknown"}); ${failures}; ${next}`,
  };
}

/** How an agent stands that may not start again by itself (L3). */
export function budgetExhausted(restart: RestartStatus, policy: RestartPolicy): Standing {
  return {
    ready: "False",
    reason: "RestartBudgetExhausted",
    message:
      `${restart.failuresInWindow} failures within ${policy.windowSeconds} s; spec.restart.maxRestarts allows ` +
      `${policy.maxRestarts} restarts: change the spec, or annotate the agent with darkfactory.dev/resume-requested-at`,
    also: "Stalled",
  };
}
