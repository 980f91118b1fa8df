import type { ContainerStatus, Pod } from "../kube/types-core.ts";
import { agentContainerStatus } from "./agent-container.ts";
import { classifyEnd, hasEnded, type PodEnd } from "./pod-end.ts";

/** What one Pod is doing, in the words of the agent's Ready condition. */
export type PodState =
  | { readonly state: "Stopping" }
  | { readonly state: "Starting"; readonly message: string }
  /** It does not start and says why. `needsHuman`: only a change of the spec or of what it refers to can help. */
  | {
      readonly state: "Blocked";
      readonly reason: BlockedReason;
      readonly message: string;
      readonly needsHuman: boolean;
    }
  | { readonly state: "NotReady"; readonly message: string }
  | { readonly state: "Running"; readonly since?: string }
  /** The agent's container has ended and the Pod is about to: what it ended as is not final yet. */
  | { readonly state: "Ending" }
  | { readonly state: "Ended"; readonly end: PodEnd };

export type BlockedReason = "ImagePullFailed" | "InvalidImage" | "InvalidConfig" | "Unschedulable" | "StartFailed";

/** The kubelet's waiting reasons (pkg/kubelet/images, pkg/kubelet/container): what each means for the agent. */
const WAITING: Readonly<Record<string, { readonly reason: BlockedReason; readonly needsHuman: boolean }>> = {
  ErrImagePull: { reason: "ImagePullFailed", needsHuman: false },
  ImagePullBackOff: { reason: "ImagePullFailed", needsHuman: false },
  RegistryUnavailable: { reason: "ImagePullFailed", needsHuman: false },
  ErrImageNeverPull: { reason: "ImagePullFailed", needsHuman: true },
  SignatureValidationFailed: { reason: "ImagePullFailed", needsHuman: false },
  ImageInspectError: { reason: "ImagePullFailed", needsHuman: false },
  InvalidImageName: { reason: "InvalidImage", needsHuman: true },
  CreateContainerConfigError: { reason: "InvalidConfig", needsHuman: true },
  CreateContainerError: { reason: "StartFailed", needsHuman: false },
  RunContainerError: { reason: "StartFailed", needsHuman: false },
};

export function podState(pod: Pod): PodState {
  if (pod.metadata.deletionTimestamp !== undefined) return { state: "Stopping" };
  if (hasEnded(pod)) return { state: "Ended", end: classifyEnd(pod) };
  if (hasAgentEnded(pod)) return { state: "Ending" };
  return blocked(pod) ?? unschedulable(pod) ?? startingOrRunning(pod);
}

function hasAgentEnded(pod: Pod): boolean {
  return agentContainerStatus(pod)?.state?.terminated !== undefined;
}

function statuses(pod: Pod): readonly ContainerStatus[] {
  return [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])];
}

function blocked(pod: Pod): PodState | undefined {
  for (const status of statuses(pod)) {
    const waiting = status.state?.waiting;
    const known = waiting?.reason === undefined ? undefined : WAITING[waiting.reason];
    if (waiting === undefined || known === undefined) continue;
    const message = `container ${status.name}: ${waiting.reason}${waiting.message === undefined ? "" : `: ${waiting.message}`}`;
    return { state: "Blocked", ...known, message };
  }
  return undefined;
}

function unschedulable(pod: Pod): PodState | undefined {
  const scheduled = pod.status?.conditions?.find((condition) => condition.type === "PodScheduled");
  if (scheduled?.status !== "False" || scheduled.reason !== "Unschedulable") return undefined;
  return {
    state: "Blocked",
    reason: "Unschedulable",
    message: scheduled.message ?? "no node can take this Pod",
    needsHuman: false,
  };
}

function startingOrRunning(pod: Pod): PodState {
  const { status } = pod;
  if (status?.phase !== "Running") return { state: "Starting", message: startingMessage(pod) };
  if (status.conditions?.find((condition) => condition.type === "Ready")?.status === "True") {
    const since = status.startTime;
    return { state: "Running", ...(since === undefined ? {} : { since }) };
  }
  const unready =
    status.containerStatuses?.filter((container) => container.ready !== true).map(({ name }) => name) ?? [];
  return {
    state: "NotReady",
    message: `not ready: ${unready.length === 0 ? "its conditions say so" : unready.join(", ")}`,
  };
}

function startingMessage(pod: Pod): string {
  return pod.spec.nodeName === undefined ? "waits for a node" : `starts on node ${pod.spec.nodeName}`;
}
