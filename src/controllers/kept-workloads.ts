import { withSharedParts } from "../kube/shared-parts.ts";
import type { ContainerStatus, Job, Pod, PodCondition, PodSpec, PodStatus } from "../kube/types-core.ts";
import type { Stored } from "../kube/types.ts";
import { jobEnd } from "./agent-run/run-state.ts";

/**
 * What the cache keeps of a Pod: of its spec, which is most of its size once the API server has filled in its defaults, the
 * node and each container's name and image; of its status what is decided by. Whoever looks at more of either keeps it here.
 */
export function keptPod(pod: Stored<Pod>): Stored<Pod> {
  const { spec, status, ...rest } = pod;
  return { ...rest, spec: keptSpec(spec), ...(status === undefined ? {} : { status: keptStatus(status) }) };
}

/** Conditions that anything is decided by. */
const CONDITIONS: readonly string[] = ["PodScheduled", "Ready", "DisruptionTarget"];

function keptStatus(status: PodStatus): PodStatus {
  const { conditions, containerStatuses, initContainerStatuses } = status;
  return withSharedParts({
    ...only(status, ["phase", "reason", "message", "startTime"]),
    ...(conditions === undefined ? {} : { conditions: conditions.filter(isLookedAt).map(keptCondition) }),
    ...(containerStatuses === undefined ? {} : { containerStatuses: containerStatuses.map(keptContainer) }),
    ...(initContainerStatuses === undefined ? {} : { initContainerStatuses: initContainerStatuses.map(keptContainer) }),
  });
}

const isLookedAt = ({ type }: PodCondition): boolean => CONDITIONS.includes(type);

const keptCondition = (condition: PodCondition): PodCondition =>
  only(condition, ["type", "status", "reason", "message"]);

const keptContainer = (status: ContainerStatus): ContainerStatus =>
  only(status, ["name", "ready", "restartCount", "state"]);

/** These fields of an object, where it has them. */
function only<T extends object, Field extends keyof T>(object: T, fields: readonly Field[]): Pick<T, Field> {
  const found = fields.filter((field) => object[field] !== undefined).map((field) => [field, object[field]]);
  return Object.fromEntries(found) as Pick<T, Field>;
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
