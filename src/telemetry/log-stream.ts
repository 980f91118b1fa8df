import type { Pod } from "../kube/types-core.ts";
import type { Stored } from "../kube/types.ts";
import { agentContainerStatus } from "../workloads/agent-container.ts";

/** One container's log, from its start to its end: a restart, or a Pod made again under its name, has another. */
export interface LogStream {
  readonly namespace: string;
  /** The Pod's name. */
  readonly pod: string;
  /** <uid of the Pod>/<restarts of the container>. */
  readonly container: string;
  /** Nothing more will be written. */
  readonly hasEnded: boolean;
}

/** The log of the agent's container; undefined while there is none, because it has not started. */
export function streamOf(pod: Stored<Pod>): LogStream | undefined {
  const agent = agentContainerStatus(pod);
  const { running, terminated } = agent?.state ?? {};
  if (running === undefined && terminated === undefined) return undefined;
  const { namespace = "", name, uid } = pod.metadata;
  const container = `${uid}/${agent?.restartCount ?? 0}`;
  return { namespace, pod: name, container, hasEnded: terminated !== undefined };
}
