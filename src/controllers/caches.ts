import { type Agent, agentResource, parseAgentSpec } from "../api/v1alpha1/agent.ts";
import { type AgentFleet, agentFleetResource, agentFleetSpecSchema } from "../api/v1alpha1/agent-fleet.ts";
import { type AgentRun, agentRunResource, agentRunSpecSchema } from "../api/v1alpha1/agent-run.ts";
import { check, type Parsed } from "../api/v1alpha1/check.ts";
import type { KubeClient } from "../kube/client.ts";
import { type Job, jobResource, type Pod, podResource } from "../kube/types-core.ts";
import type { ReflectorOptions, ReflectorState } from "../kube/reflector-contract.ts";
import { withSharedParts } from "../kube/shared-parts.ts";
import type { KubeObject, ResourceType, Stored } from "../kube/types.ts";
import { createInformer, type RunnableInformer } from "../runtime/informer.ts";
import type { Logger } from "../runtime/logging.ts";
import { controllerOf, label, managedSelector } from "../workloads/labels.ts";
import { hasEnded as podHasEnded } from "../workloads/pod-end.ts";
import { hasEnded, jobEnd } from "./agent-run/run-state.ts";
import { keptJob, keptPod } from "./kept-workloads.ts";

/** What the controllers look at, kept current. Pods and Jobs are ours only: each other of the cluster costs nothing. */
export interface Caches {
  readonly agents: RunnableInformer<Agent>;
  readonly fleets: RunnableInformer<AgentFleet>;
  readonly pods: RunnableInformer<Pod>;
  readonly runs: RunnableInformer<AgentRun>;
  readonly jobs: RunnableInformer<Job>;
}

export interface CachesOptions {
  readonly client: Pick<KubeClient, "list" | "watch">;
  readonly logger: Logger;
  /** Absent: all namespaces. */
  readonly namespace?: string;
  /** How to keep each cache current; default the reflector of kube/. */
  readonly reflect?: <T extends KubeObject>(options: ReflectorOptions<T>) => Promise<void>;
  /** Told what the reflector of a kind does, by its plural: for metrics. */
  readonly onState?: (resource: string) => (state: ReflectorState) => void;
}

/** The caches of one namespace, or of all. */
export function createCaches({ onState, ...common }: CachesOptions): Caches {
  const agentSpecs = onceAGeneration(withSpecParsed<Agent>((spec) => parseAgentSpec(spec)));
  const fleetSpecs = onceAGeneration(withSpecParsed<AgentFleet>((spec) => check(agentFleetSpecSchema, spec, "spec")));
  const of = (type: ResourceType) => ({
    ...common,
    ...(onState === undefined ? {} : { onState: onState(type.plural) }),
  });
  const caches: Caches = {
    agents: createInformer<Agent>({
      ...of(agentResource),
      type: agentResource,
      indexes: { owner: ownerUid },
      tuning: { transform: agentSpecs.parse },
    }),
    fleets: createInformer<AgentFleet>({
      ...of(agentFleetResource),
      type: agentFleetResource,
      indexes: { entry: entryNames },
      tuning: { transform: fleetSpecs.parse },
    }),
    pods: createInformer<Pod>({
      ...of(podResource),
      type: podResource,
      labelSelector: managedSelector,
      indexes: { owner: ownerUid, agent: owningAgent, runsOfAgent: agentOfJobPod, runsOfFleet: fleetOfJobPod },
      tuning: { transform: keptPod },
    }),
    runs: createInformer<AgentRun>({
      ...of(agentRunResource),
      type: agentRunResource,
      indexes: { agent: agentOfRun, unfinished: (run) => (hasEnded(run) ? [] : agentOfRun(run)) },
      tuning: { transform: withSpecParsed((spec) => check(agentRunSpecSchema, spec, "spec")) },
    }),
    jobs: createInformer<Job>({
      ...of(jobResource),
      type: jobResource,
      labelSelector: managedSelector,
      // Ended ones pile up as history, and only those that run are asked for.
      indexes: { fleet: (job) => (jobEnd(job) === undefined ? byLabel(job, label.fleet) : []) },
      tuning: { transform: keptJob },
    }),
  };
  caches.agents.onEvent({ deleted: agentSpecs.forget });
  caches.fleets.onEvent({ deleted: fleetSpecs.forget });
  return caches;
}

/**
 * Parses a spec where it enters: everything behind the cache can trust its shape, defaults included. One that does not
 * parse (a CRD older than the operator) is kept as it is, and whoever decides on it says so.
 */
function withSpecParsed<T extends KubeObject & { readonly spec: object }>(parse: (spec: unknown) => Parsed<object>) {
  return (object: Stored<T>): Stored<T> => {
    const parsed = parse(object.spec);
    return parsed.ok ? { ...object, spec: withSharedParts(parsed.value) } : object;
  };
}

/**
 * As parse, but one spec is parsed once: a status that changes leaves the spec the very same object, so that neither it nor
 * what was made of it is made anew with every event.
 */
function onceAGeneration<T extends KubeObject & { readonly spec: unknown }>(parse: (object: Stored<T>) => Stored<T>) {
  const known = new Map<string, { readonly generation: number | undefined; readonly spec: T["spec"] }>();
  return {
    parse: (object: Stored<T>): Stored<T> => {
      const { uid, generation } = object.metadata;
      const before = known.get(uid);
      if (before !== undefined && before.generation === generation) return { ...object, spec: before.spec };
      const parsed = parse(object);
      known.set(uid, { generation, spec: parsed.spec });
      return parsed;
    },
    forget: ({ metadata }: Stored): void => void known.delete(metadata.uid),
  };
}

/** Index "owner": the uid of what controls the object. */
function ownerUid(object: Stored): readonly string[] {
  const owner = controllerOf(object);
  return owner === undefined ? [] : [owner.uid];
}

/** Index "agent": namespace/name of the Agent that controls a Pod, whichever object of that name it was. */
function owningAgent(pod: Stored<Pod>): readonly string[] {
  const owner = controllerOf(pod);
  return owner?.kind === "Agent" ? [`${pod.metadata.namespace}/${owner.name}`] : [];
}

/** Index "runsOfAgent": namespace/name of the Agent that a run's Pod works for now, be its run and its Job still there or not. */
function agentOfJobPod(pod: Stored<Pod>): readonly string[] {
  return controllerOf(pod)?.kind === "Job" && !podHasEnded(pod) ? byLabel(pod, label.agent) : [];
}

/** Index "runsOfFleet": the same, by the fleet of that Agent. */
function fleetOfJobPod(pod: Stored<Pod>): readonly string[] {
  return controllerOf(pod)?.kind === "Job" && !podHasEnded(pod) ? byLabel(pod, label.fleet) : [];
}

/** namespace/value of one of our labels. */
function byLabel({ metadata }: Stored, name: string): readonly string[] {
  const value = metadata.labels?.[name];
  return value === undefined ? [] : [`${metadata.namespace}/${value}`];
}

/** Indexes "agent" and, of those that have not ended, "unfinished" of runs: namespace/name of the Agent that a run names, be it there or not. */
function agentOfRun(run: Stored<AgentRun>): readonly string[] {
  return [`${run.metadata.namespace}/${run.spec.agentRef.name}`];
}

/** Index "entry": namespace/name of each agent that a fleet lists, so that an agent in its way is noticed when it goes (F2). */
function entryNames(fleet: Stored<AgentFleet>): readonly string[] {
  return (fleet.spec.agents ?? []).map(({ name }) => `${fleet.metadata.namespace}/${name}`);
}
