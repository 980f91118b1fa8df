import type { Pod } from "../kube/types-core.ts";
import { type Instant, MILLISECONDS } from "../schedule/instant.ts";
import { classifyEnd, isDisruption } from "../workloads/pod-end.ts";
import { podState } from "../workloads/pod-state.ts";
import { agentContainerStatus } from "../workloads/agent-container.ts";
import { toInstant } from "../workloads/time.ts";

/** How often each Pod that should be running is looked at (S6). Seconds. */
export const HEALTH_INTERVAL_SECONDS = 30;

/**
 * How long a container may run without being ready (S6): two health intervals, and well over the 30 s that Kubernetes' own
 * default probe needs to fail for good (10 s period, threshold 3).
 */
const START_UP_GRACE_MS = 60 * MILLISECONDS.perSecond;

/** The kubelet's waiting reason of a container that it restarts (pkg/kubelet/kuberuntime): a sidecar's, or an init container's. */
const RESTARTING = "CrashLoopBackOff";

export type Health = "healthy" | "unhealthy";

/**
 * One health check of a Pod that should be running (S6); undefined where there is nothing to check. Ill is what waits with
 * an error reason, is being restarted, was killed for its memory, failed and is about to be started again, or is not ready
 * past its grace. Not checked is what is not the agent's doing: a Pod that is being deleted, has finished a pass, was
 * disrupted, finds no node (S6 speaks of containers that wait; no node is the cluster's ill health), or whose container
 * has not started yet, however long an image is pulled or a repository checked out.
 */
export function healthOf(pod: Pod, now: Instant): Health | undefined {
  const state = podState(pod);
  switch (state.state) {
    case "Stopping":
      return undefined;
    case "Ended":
    case "Ending":
      return healthAtEnd(pod);
    case "Blocked":
      return state.reason === "Unschedulable" ? undefined : "unhealthy";
    case "Running":
      return "healthy";
    case "Starting":
      return isRestarting(pod) ? "unhealthy" : undefined;
    case "NotReady":
      return isRestarting(pod) || now - startOf(pod) > START_UP_GRACE_MS ? "unhealthy" : undefined;
  }
}

function healthAtEnd(pod: Pod): Health | undefined {
  const end = classifyEnd(pod);
  return end.class === "Success" || isDisruption(end) ? undefined : "unhealthy";
}

function isRestarting({ status }: Pod): boolean {
  const containers = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
  return containers.some(({ state }) => state?.waiting?.reason === RESTARTING);
}

/** When the agent's container started; the Pod where its status does not say. */
function startOf(pod: Pod): Instant {
  const { metadata, status } = pod;
  const agent = agentContainerStatus(pod);
  const start = agent?.state?.running?.startedAt ?? status?.startTime ?? metadata.creationTimestamp;
  return start === undefined ? -Infinity : toInstant(start);
}
