import type { ContainerStatus, Pod } from "../kube/types-core.ts";
import { agentContainer } from "./pod.ts";

/** What the kubelet says of the container that runs the agent's tool; undefined before it says anything. */
export function agentContainerStatus({ status }: Pod): ContainerStatus | undefined {
  return status?.containerStatuses?.find(({ name }) => name === agentContainer);
}

/** The exit code of the agent's container; undefined while it has none. */
export function exitCodeOf(pod: Pod): number | undefined {
  return agentContainerStatus(pod)?.state?.terminated?.exitCode;
}
