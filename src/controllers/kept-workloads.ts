import type { Job, Pod, PodSpec } from "../kube/types-core.ts";
import type { Stored } from "../kube/types.ts";
import { jobEnd } from "./agent-run/run-state.ts";

/**
 * What the cache keeps of a Pod: of its spec, which is most of its size once the API server has filled in its defaults, the
 * node and each container's name and image. Whoever looks at more of a Pod's spec keeps it here.
 */
export function keptPod(pod: Stored<Pod>): Stored<Pod> {
  return { ...pod, spec: keptSpec(pod.spec) };
}

/** What the cache keeps of a Job: a template that may still have to be asked about, as long as the Job goes on. */
export function keptJob(job: Stored<Job>): Stored<Job> {
  if (jobEnd(job) === undefined) return job;
  const { template, ...spec } = job.spec;
  return { ...job, spec: { ...spec, template: { spec: keptSpec(template.spec) } } };
}

function keptSpec({ nodeName, containers }: PodSpec): PodSpec {
  return {
    containers: containers.map(({ name, image }) => ({ name, ...(image === undefined ? {} : { image }) })),
    ...(nodeName === undefined ? {} : { nodeName }),
  };
}
