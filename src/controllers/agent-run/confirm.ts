import type { KubeClient } from "../../kube/client.ts";
import { isNotFound } from "../../kube/errors.ts";
import { type Job, jobResource, podResource } from "../../kube/types-core.ts";
import { controllerOf } from "../../workloads/labels.ts";
import { hasEnded as podHasEnded } from "../../workloads/pod-end.ts";
import type { StoredPod } from "../agent/observed.ts";
import { inOrderOfCreation } from "./gather.ts";
import type { Observed, StoredJob } from "./observed.ts";
import { hasEnded, hasStarted, jobEnd } from "./run-state.ts";

/** The label that the Job controller puts on a Job's Pods (batch/v1 ControllerUidLabel). */
const JOB_UID_LABEL = "batch.kubernetes.io/controller-uid";

type Reads = Pick<KubeClient, "get" | "list">;

/**
 * A run's end is recorded once and for good, and each cache is as old as its own watch: the one of runs may be ahead of
 * the one of Jobs, as after a change of leader. True when an end would be concluded from something that a cache does not
 * show; then `confirmed` must be asked first.
 */
export function needsConfirmation({ run, job, pods }: Observed): boolean {
  if (hasEnded(run) || run.metadata.deletionTimestamp !== undefined) return false;
  if (job === undefined) return hasStarted(run);
  return controllerOf(job)?.uid === run.metadata.uid && jobEnd(job) !== undefined && !showsEveryEnd(job, pods);
}

/** What was observed, with the Job and its Pods as the API server has them now. */
export async function confirmed(client: Reads, seen: Observed, signal: AbortSignal): Promise<Observed> {
  const job = seen.job ?? (await readJob(client, seen, signal));
  if (job === undefined) return seen;
  const { namespace = "", uid } = job.metadata;
  const pods: StoredPod[] = [];
  const labelSelector = `${JOB_UID_LABEL}=${uid}`;
  for await (const page of client.list(podResource, { namespace, labelSelector, signal })) {
    pods.push(...page.items.filter((pod) => controllerOf(pod)?.uid === uid));
  }
  return { ...seen, job, pods: inOrderOfCreation(pods) };
}

/** The run's own Job; whoever else's stands under its name now is not what was started. */
async function readJob(client: Reads, { run }: Observed, signal: AbortSignal): Promise<StoredJob | undefined> {
  const { namespace = "", name, uid } = run.metadata;
  try {
    const job = await client.get<Job>(jobResource, { namespace, name }, { signal });
    return controllerOf(job)?.uid === uid ? job : undefined;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/** As many ends as the Job counted, and nothing that still seems to run. */
function showsEveryEnd({ status }: StoredJob, pods: readonly StoredPod[]): boolean {
  return pods.every(podHasEnded) && pods.length >= (status?.succeeded ?? 0) + (status?.failed ?? 0);
}
