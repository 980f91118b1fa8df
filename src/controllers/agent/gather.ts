import { type Agent, type AgentSpec, parseAgentSpec } from "../../api/v1alpha1/agent.ts";
import type { AgentFleet } from "../../api/v1alpha1/agent-fleet.ts";
import type { AgentRun } from "../../api/v1alpha1/agent-run.ts";
import type { ObjectRef, Stored } from "../../kube/types.ts";
import type { Job, Pod } from "../../kube/types-core.ts";
import type { Informer } from "../../runtime/contract.ts";
import { controllerOf } from "../../workloads/labels.ts";
import type { DefaultImages } from "../../workloads/pod.ts";
import { hasEnded } from "../agent-run/run-state.ts";
import { nightwatchOf } from "./nightwatch.ts";
import type { Observed } from "./observed.ts";
import type { Rollout } from "./rollout.ts";

/** Where the Agent controller looks: caches only, no call. */
export interface Sources {
  readonly agents: Informer<Agent>;
  readonly fleets: Informer<AgentFleet>;
  /** With the indexes "owner" (uid of the controller) and "agent" (namespace/name of the controlling Agent). */
  readonly pods: Informer<Pod>;
  /** With the index "agent" (namespace/name of the Agent that a run names). */
  readonly runs: Informer<AgentRun>;
  readonly jobs: Informer<Job>;
  readonly rollout: Rollout;
  readonly images: DefaultImages;
}

/** Everything that a decision about one agent needs; undefined when the agent is gone. */
export function gather(sources: Sources, ref: ObjectRef): Observed | undefined {
  const agent = sources.agents.get(ref);
  if (agent === undefined) return undefined;
  const fleet = owningFleet(sources.fleets, agent);
  const pods = sources.pods.byIndex("owner", agent.metadata.uid);
  const { settings, problems } = nightwatchOf(fleet, agent);
  const runs = sources.runs
    .byIndex("agent", `${agent.metadata.namespace}/${agent.metadata.name}`)
    .filter((run) => run.metadata.ownerReferences?.some(({ uid }) => uid === agent.metadata.uid) === true);
  const named = sources.pods.byIndex("agent", `${agent.metadata.namespace}/${agent.metadata.name}`);
  return {
    agent,
    problems: [...problemsOf(agent.spec), ...problems],
    fleet: fleet === undefined ? undefined : { name: fleet.metadata.name, suspend: fleet.spec.suspend ?? false },
    pods,
    runs,
    jobs: new Map(runs.flatMap((run) => jobOf(sources.jobs, run))),
    nightwatch: settings,
    leftovers: named.filter((pod) => controllerOf(pod)?.uid !== agent.metadata.uid),
    rollout: agent.spec.layer === "Safety" ? sources.rollout.gate(fleet, agent) : { open: true, message: "" },
    images: sources.images,
  };
}

/** The run's uid and its Job's, where it has one and has not ended. */
function jobOf(jobs: Informer<Job>, run: Stored<AgentRun>): readonly (readonly [string, string])[] {
  if (hasEnded(run)) return [];
  const job = jobs.get(run.metadata);
  return job !== undefined && controllerOf(job)?.uid === run.metadata.uid ? [[run.metadata.uid, job.metadata.uid]] : [];
}

/** What is wrong with a spec; looked for once in each, since the cache keeps one spec for all of a generation. */
function problemsOf(spec: AgentSpec): readonly string[] {
  const known = checked.get(spec);
  if (known !== undefined) return known;
  const parsed = parseAgentSpec(spec);
  const problems = parsed.ok ? [] : parsed.problems.map(({ field, message }) => `${field}: ${message}`);
  checked.set(spec, problems);
  return problems;
}

const checked = new WeakMap<AgentSpec, readonly string[]>();

/** The fleet that controls an agent: by uid, so that a new fleet of the same name is not taken for it (O5). */
export function owningFleet(fleets: Informer<AgentFleet>, agent: Stored<Agent>): Stored<AgentFleet> | undefined {
  const owner = controllerOf(agent);
  if (owner?.kind !== "AgentFleet") return undefined;
  const fleet = fleets.get({ namespace: agent.metadata.namespace ?? "", name: owner.name });
  return fleet?.metadata.uid === owner.uid ? fleet : undefined;
}
