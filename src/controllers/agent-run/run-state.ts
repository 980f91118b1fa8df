import type { AgentRun } from "../../api/v1alpha1/agent-run.ts";
import type { Job } from "../../kube/types-core.ts";
import { condition } from "../conditions.ts";

/** True once a run has its end recorded: nothing changes it any more. */
export function hasEnded(run: AgentRun): boolean {
  const conditions = run.status?.conditions;
  return condition(conditions, "Complete")?.status === "True" || condition(conditions, "Failed")?.status === "True";
}

/** True from the moment its Job was seen. */
export function hasStarted(run: AgentRun): boolean {
  return condition(run.status?.conditions, "Started")?.status === "True";
}

/** Why the API server, or what it found there, kept a run's Job from being made: each is tried again by itself. */
const REFUSALS = new Set(["PodRefused", "PodForbidden", "QuotaExceeded", "ServiceAccountNotFound", "NameConflict"]);

/** True while the last that became of a run is that its Job could not be made. */
export function wasRefused(run: AgentRun): boolean {
  const started = condition(run.status?.conditions, "Started");
  return started?.status === "False" && REFUSALS.has(started.reason);
}

/** Started and not ended: it takes one of its fleet's places. */
export function isActive(run: AgentRun): boolean {
  return hasStarted(run) && !hasEnded(run);
}

/** How a Job ended, once it has for good: its Pods are all gone or done (batch/v1 JobConditionType). */
export function jobEnd(
  job: Job,
):
  | { readonly succeeded: boolean; readonly reason: string; readonly message: string; readonly time?: string }
  | undefined {
  for (const type of ["Complete", "Failed"]) {
    const ended = job.status?.conditions?.find((each) => each.type === type && each.status === "True");
    if (ended === undefined) continue;
    const time = ended.lastTransitionTime;
    return {
      succeeded: type === "Complete",
      reason: ended.reason ?? type,
      message: ended.message ?? "",
      ...(time === undefined ? {} : { time }),
    };
  }
  return undefined;
}

/** The Job has settled how it ends and is ending its Pods itself (batch/v1 FailureTarget, SuccessCriteriaMet). */
export function isEnding(job: Job): boolean {
  const types = ["FailureTarget", "SuccessCriteriaMet", "Complete", "Failed"];
  return (
    job.metadata.deletionTimestamp !== undefined ||
    (job.status?.conditions ?? []).some(({ type, status }) => status === "True" && types.includes(type))
  );
}
