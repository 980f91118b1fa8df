import type { ObjectRef } from "../../kube/types.ts";
import { controllerOf } from "../../workloads/labels.ts";
import type { DefaultImages } from "../../workloads/pod.ts";
import { owningFleet } from "../agent/gather.ts";
import { nightwatchOf } from "../agent/nightwatch.ts";
import type { StoredPod } from "../agent/observed.ts";
import type { Caches } from "../caches.ts";
import type { Admission } from "./admission.ts";
import type { Observed, StoredJob, StoredRun } from "./observed.ts";
import { hasEnded, hasStarted } from "./run-state.ts";

/** Where the AgentRun controller looks: caches only, no call. */
export interface Sources {
  readonly caches: Caches;
  readonly admission: Admission;
  readonly images: DefaultImages;
}

/** Everything that a decision about one run needs; undefined when the run is gone. */
export function gather(sources: Sources, ref: ObjectRef): Observed | undefined {
  const { caches, admission, images } = sources;
  const { agents, fleets, runs, jobs, pods } = caches;
  const run = runs.get(ref);
  if (run === undefined) return undefined;
  const namespace = run.metadata.namespace ?? "";
  const { name } = run.spec.agentRef;
  const agent = agents.get({ namespace, name });
  const fleet = agent === undefined ? undefined : owningFleet(fleets, agent);
  const job = jobs.get(ref);
  const isWaiting = job === undefined && !hasStarted(run) && !hasEnded(run);
  return {
    run,
    agent,
    fleet: fleet === undefined ? undefined : { name: fleet.metadata.name, suspend: fleet.spec.suspend ?? false },
    job,
    pods: job === undefined || controllerOf(job)?.uid !== run.metadata.uid ? [] : podsOf(pods, job),
    stopping: isWaiting ? stoppingSibling(sources, run) : undefined,
    beforeInWorkspace:
      isWaiting && agent?.spec.workspace?.persistent !== undefined
        ? admission.beforeInWorkspace(agent, run)
        : undefined,
    queue: isWaiting ? admission.placeOf(run, fleet) : { admitted: true, place: 1, waiting: 1, most: Infinity },
    images,
    ...(agent === undefined ? {} : { nightwatch: nightwatchOf(fleet, agent).settings }),
  };
}

/** The Pods that a Job controls, oldest first. */
function podsOf(pods: Caches["pods"], job: StoredJob): readonly StoredPod[] {
  return inOrderOfCreation(pods.byIndex("owner", job.metadata.uid));
}

export function inOrderOfCreation(pods: readonly StoredPod[]): readonly StoredPod[] {
  return [...pods].sort((a, b) => (a.metadata.creationTimestamp < b.metadata.creationTimestamp ? -1 : 1));
}

function stoppingSibling({ caches, admission }: Sources, run: StoredRun): string | undefined {
  return caches.runs
    .byIndex("agent", `${run.metadata.namespace}/${run.spec.agentRef.name}`)
    .filter(({ metadata }) => metadata.uid !== run.metadata.uid && metadata.deletionTimestamp !== undefined)
    .find((other) => admission.isAtWork(other))?.metadata.name;
}
