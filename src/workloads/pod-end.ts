import type { ExitClass } from "../api/v1alpha1/exit.ts";
import type { Pod, TerminatedState } from "../kube/types-core.ts";
import { agentContainerStatus } from "./agent-container.ts";
import { workspaceContainer } from "./workspace.ts";

/** The end of a Pod, as the cluster reports it. */
export interface PodEnd {
  readonly class: ExitClass;
  readonly code?: number;
  /** The machine-readable word of whoever ended it: kubelet, scheduler, container runtime. */
  readonly reason: string;
  /** What went wrong, in the words of the program that failed. */
  readonly message?: string;
  /** When the agent's container finished; undefined where the cluster does not say. RFC 3339. */
  readonly time?: string;
}

/** status.reason of a Pod that the node or the control plane ended, not the agent (kubelet and pod GC sources). */
const DISRUPTED = new Set([
  "Evicted",
  "Preempting",
  "Preempted",
  "NodeLost",
  "NodeShutdown",
  "Shutdown",
  "Terminated",
  "NodeAffinity",
  "UnexpectedAdmissionError",
]);

/** What the kubelet puts in front of a resource that its node has too little of: OutOfcpu, OutOfpods, OutOfephemeral-storage. */
const NODE_FULL = "OutOf";

/** Container reasons that mean "could not even start": the command, not the agent, is wrong (containerd, runc). */
const START_FAILED = new Set([
  "ContainerCannotRun",
  "StartError",
  "CreateContainerError",
  "CreateContainerConfigError",
]);

/** True once nothing in the Pod runs any more and never will again (restartPolicy is Never). */
export function hasEnded(pod: Pod): boolean {
  return pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed";
}

/** Classifies an ended Pod. The first rule that fits wins: disruption, deadline, then the container's own end. */
export function classifyEnd(pod: Pod): PodEnd {
  const terminated = terminatedState(pod);
  const time = terminated?.finishedAt;
  const at = time === undefined ? {} : { time };
  const code = terminated === undefined ? {} : { code: terminated.exitCode };
  const disruption = disruptionReason(pod);
  if (disruption !== undefined) return { class: "Evicted", reason: disruption, ...code, ...at };
  if (pod.status?.reason === "DeadlineExceeded")
    return { class: "Timeout", reason: "DeadlineExceeded", ...code, ...at };
  const checkout = failedCheckout(pod);
  if (checkout !== undefined) return { ...checkoutEnd(checkout), ...code, ...at };
  if (terminated !== undefined) return { class: exitClass(terminated), reason: exitReason(terminated), ...code, ...at };
  if (pod.status?.phase === "Succeeded") return { class: "Success", reason: "Completed", ...at };
  return { class: "Unknown", reason: pod.status?.reason ?? "NoContainerStatus", ...at };
}

/** True where the cluster, not the agent, is to blame: such an end is retried and counts against nothing (L3, R4). */
export function isDisruption(end: PodEnd): boolean {
  return end.class === "Evicted";
}

function disruptionReason(pod: Pod): string | undefined {
  const target = pod.status?.conditions?.find((condition) => condition.type === "DisruptionTarget");
  if (target?.status === "True") return target.reason ?? "DisruptionTarget";
  const reason = pod.status?.reason;
  return reason !== undefined && (DISRUPTED.has(reason) || reason.startsWith(NODE_FULL)) ? reason : undefined;
}

/** The checkout that failed: the agent's container never started, and no wrong workspace was worked in. */
function failedCheckout(pod: Pod): TerminatedState | undefined {
  const checkout = pod.status?.initContainerStatuses?.find(({ name }) => name === workspaceContainer);
  const ended = checkout?.state?.terminated;
  return ended !== undefined && ended.exitCode !== 0 ? ended : undefined;
}

function checkoutEnd({ reason, message }: TerminatedState): PodEnd {
  if (reason === "OOMKilled") {
    const message = "the checkout of workspace.git needs more memory than spec.resources allows";
    return { class: "OutOfMemory", reason, message };
  }
  const words = message === undefined ? {} : { message: message.trim() };
  return { class: "ConfigError", reason: "WorkspaceFailed", ...words };
}

/** The agent's container if it ended, else the init container that failed before it could start. */
function terminatedState(pod: Pod): TerminatedState | undefined {
  const agent = agentContainerStatus(pod)?.state?.terminated;
  if (agent !== undefined) return agent;
  return pod.status?.initContainerStatuses?.find((status) => (status.state?.terminated?.exitCode ?? 0) !== 0)?.state
    ?.terminated;
}

function exitClass(end: TerminatedState): ExitClass {
  if (end.exitCode === 0) return "Success";
  if (end.reason === "OOMKilled") return "OutOfMemory";
  if (end.reason !== undefined && START_FAILED.has(end.reason)) return "ConfigError";
  if (end.reason === "ContainerStatusUnknown") return "Unknown";
  return "AgentError";
}

function exitReason(end: TerminatedState): string {
  return end.reason ?? (end.exitCode === 0 ? "Completed" : "Error");
}
