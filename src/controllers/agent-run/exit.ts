import type { AgentRunStatus } from "../../api/v1alpha1/agent-run.ts";
import type { Pod } from "../../kube/types-core.ts";
import { classifyEnd, hasEnded, type PodEnd } from "../../workloads/pod-end.ts";

export type Exit = NonNullable<AgentRunStatus["exit"]>;

/** What kept a run's last Pod from starting, by the reason that its Started condition gave (R6). */
const BLOCKED: Readonly<Record<string, Exit["class"]>> = {
  ImagePullFailed: "ImageError",
  InvalidImage: "ImageError",
  InvalidConfig: "ConfigError",
  StartFailed: "ConfigError",
};

/** What the program that failed said, where it is known: of a checkout, git's own words. */
export function wordsOf(pods: readonly Pod[]): string | undefined {
  return lastEnd(pods)?.message;
}

/** The end of the Pod that ended last; Kubernetes tells times in whole seconds, so the later in the list wins a tie. */
function lastEnd(pods: readonly Pod[]): PodEnd | undefined {
  return pods
    .filter(hasEnded)
    .map(classifyEnd)
    .reduce<PodEnd | undefined>((last, end) => ((last?.time ?? "") > (end.time ?? "") ? last : end), undefined);
}

/**
 * The exit class of an ended Job (R4). The Job's own verdict comes first (a deadline is a Timeout however the container
 * took it, and what never started because of its image is an ImageError); then the end of its last Pod; a Pod that is
 * gone without a trace leaves Unknown.
 */
export function exitOf(
  job: { readonly succeeded: boolean; readonly reason: string },
  pods: readonly Pod[],
  startedReason: string | undefined,
): Exit {
  if (job.succeeded) {
    const end = lastEnd(pods.filter(({ status }) => status?.phase === "Succeeded"));
    return { ...fields(end), class: "Success", reason: end?.reason ?? "Completed" };
  }
  const end = lastEnd(pods);
  const blocked = startedReason === undefined ? undefined : BLOCKED[startedReason];
  if (job.reason === "DeadlineExceeded") {
    return blocked === undefined
      ? { ...fields(end), class: "Timeout", reason: "DeadlineExceeded" }
      : { class: blocked, reason: startedReason ?? blocked };
  }
  if (end !== undefined && end.class !== "Success") return { ...fields(end), class: end.class, reason: end.reason };
  return { class: blocked ?? "Unknown", reason: job.reason };
}

function fields(end: PodEnd | undefined): Pick<Exit, "code"> {
  return end?.code === undefined ? {} : { code: end.code };
}
