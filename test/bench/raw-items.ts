import { nightwatchDefaults } from "../../src/api/v1alpha1/nightwatch.ts";
import { type Agent, agentResource, parseAgentSpec } from "../../src/api/v1alpha1/agent.ts";
import { agentFleetResource, type AgentFleet, type AgentFleetManifest } from "../../src/api/v1alpha1/agent-fleet.ts";
import { type AgentRun, agentRunResource } from "../../src/api/v1alpha1/agent-run.ts";
import { decide as decideAgent } from "../../src/controllers/agent/decide.ts";
import type { Observed as SeenAgent } from "../../src/controllers/agent/observed.ts";
import { aRunOf } from "../../src/controllers/agent/runs.ts";
import { entriesOf } from "../../src/controllers/agent-fleet/entries.ts";
import { decide as decideRun } from "../../src/controllers/agent-run/decide.ts";
import type { Observed as SeenRun } from "../../src/controllers/agent-run/observed.ts";
import { CHILD_MANAGER, FLEET_MANAGER } from "../../src/controllers/write-status.ts";
import type { KubeClient } from "../../src/kube/client.ts";
import { type Job, jobResource, type Pod, podResource } from "../../src/kube/types-core.ts";
import type { KubeObject, ResourceType, Stored } from "../../src/kube/types.ts";
import { runJob } from "../../src/workloads/job.ts";
import { runName } from "../../src/schedule/due.ts";
import { safetyPod } from "../../src/workloads/pod.ts";
import { fromInstant } from "../../src/workloads/time.ts";
import { applyAsPerson, growthRun } from "./objects.ts";

/** One item of work, write by write, as the operator does it at least: its own objects and statuses, without its watches. */
export type RawItem = (index: number) => Promise<void>;

/** Every kind of work that the raw writer knows. `prepare` is not measured. */
export const rawWork: Readonly<Record<string, (at: RawPlace) => Promise<RawItem>>> = { safety, runs, occurrences };

export interface RawPlace {
  readonly client: KubeClient;
  readonly namespace: string;
  /** The fleets that the work starts from, as JSON. */
  readonly input: unknown;
}

/** Agent, status with its start number, Pod, status once the Pod runs: 4 writes. `input`: the fleets. */
async function safety({ client, input }: RawPlace): Promise<RawItem> {
  const entries = await entriesOfApplied(client, input as readonly AgentFleetManifest[]);
  return async (index) => {
    const entry = entries[index];
    if (entry === undefined) throw new Error(`there is no entry ${index}`);
    const agent = complete(await client.apply(agentResource, entry.agent, { fieldManager: FLEET_MANAGER }));
    const intended = await decided(client, { agent, pods: [] });
    const pod = await client.create<Pod>(podResource, safetyPod(agent, 1, {}), { fieldManager: CHILD_MANAGER });
    await decided(client, { agent: intended, pods: [{ ...pod, status: running() }] });
  };
}

/** Run, owner, Job, and the statuses Started, Running and Complete: 6 writes. `input`: the fleet of the agents. */
async function runs({ client, namespace, input }: RawPlace): Promise<RawItem> {
  const entries = await entriesOfApplied(client, [input as AgentFleetManifest]);
  const agents = await Promise.all(
    entries.map(async ({ agent }) =>
      complete(await client.apply(agentResource, agent, { fieldManager: FLEET_MANAGER })),
    ),
  );
  return async (index) => {
    const agent = agents[index % agents.length];
    if (agent === undefined) throw new Error("there are no agents");
    const manifest = growthRun(namespace, index, agents.length) as AgentRun;
    const run = await client.create<AgentRun>(agentRunResource, manifest, { fieldManager: "kubectl" });
    const { name, uid, resourceVersion } = run.metadata;
    const { ownerReferences } = aRunOf(agent, name, { trigger: "OnDemand" }).metadata;
    const patch = { metadata: { uid, resourceVersion, ownerReferences } };
    const owned = await client.mergePatch<AgentRun>(agentRunResource, { name, namespace }, patch);
    await throughItsLife(client, agent, owned, "complete");
  };
}

/** Run, Job, the run's status Started, the agent's status: 4 writes. The agents are there, sorted by name. */
async function occurrences({ client, namespace }: RawPlace): Promise<RawItem> {
  const agents: Stored<Agent>[] = [];
  for await (const page of client.list<Agent>(agentResource, { namespace })) agents.push(...page.items.map(complete));
  return async (index) => {
    const agent = agents[index];
    if (agent === undefined) throw new Error(`there is no agent ${index}`);
    const time = Math.floor(Date.now() / 60_000) * 60_000;
    const name = runName(agent.metadata.name, time);
    const wanted = aRunOf(agent, name, { trigger: "Schedule", scheduledTime: fromInstant(time) });
    const run = await client.create<AgentRun>(agentRunResource, wanted, { fieldManager: CHILD_MANAGER });
    await throughItsLife(client, agent, run, "started");
    await decided(client, { agent, runs: [run] });
  };
}

/** Applies fleets, as whose members the agents count, and gives the agents to apply. */
async function entriesOfApplied(client: KubeClient, manifests: readonly AgentFleetManifest[]) {
  const fleets = await Promise.all(
    manifests.map((fleet) => applyAsPerson<AgentFleet>(client, agentFleetResource, fleet as AgentFleet)),
  );
  return fleets.flatMap((fleet) => entriesOf(fleet).filter((entry) => entry.ok));
}

/** With all defaults, as the operator's cache holds it. */
function complete(agent: Stored<Agent>): Stored<Agent> {
  const parsed = parseAgentSpec(agent.spec);
  if (!parsed.ok) throw new Error(`the bench's agent is not valid: ${JSON.stringify(parsed.problems)}`);
  return { ...agent, spec: parsed.value };
}

async function throughItsLife(
  client: KubeClient,
  agent: Stored<Agent>,
  run: Stored<AgentRun>,
  until: "started" | "complete",
): Promise<void> {
  const { name } = run.metadata;
  const job = await client.create<Job>(jobResource, runJob(agent, run, {}), { fieldManager: CHILD_MANAGER });
  const seen = { agent, fleet: undefined, stopping: undefined, beforeInWorkspace: undefined, images: {}, queue };
  const created: SeenRun = { ...seen, run, job, pods: [] };
  const started = await applyStatus(client, agentRunResource, run, decideRun(created, Date.now()).status);
  if (until === "started") return;
  const pod = { ...safetyPod(agent, 1, {}), metadata: { ...job.metadata, name: `${name}-abcde` }, status: running() };
  const going: SeenRun = { ...seen, run: started, job, pods: [pod] };
  const runs = await applyStatus(client, agentRunResource, started, decideRun(going, Date.now()).status);
  const time = fromInstant(Date.now());
  const status = { conditions: [{ type: "Complete", status: "True", lastTransitionTime: time }] };
  const over: SeenRun = { ...going, run: runs, job: { ...job, status } };
  await applyStatus(client, agentRunResource, runs, decideRun(over, Date.now()).status);
}

const queue = { admitted: true, place: 1, waiting: 1, most: Infinity };

/** Writes the status that the operator would, after the same decision. */
async function decided(
  client: KubeClient,
  what: Pick<SeenAgent, "agent"> & Partial<SeenAgent>,
): Promise<Stored<Agent>> {
  const nothing = { problems: [], fleet: undefined, pods: [], leftovers: [], runs: [], jobs: new Map(), images: {} };
  const rollout = { open: true, message: "" };
  const seen: SeenAgent = { ...nothing, rollout, nightwatch: nightwatchDefaults, ...what };
  return await applyStatus(client, agentResource, seen.agent, decideAgent(seen, Date.now()).status);
}

async function applyStatus<T extends KubeObject>(
  client: KubeClient,
  type: ResourceType<T>,
  { metadata: { name, namespace, resourceVersion } }: Stored<T>,
  status: unknown,
): Promise<Stored<T>> {
  const metadata = { name, ...(namespace === undefined ? {} : { namespace }), resourceVersion };
  const object: KubeObject & { readonly status: unknown } = { metadata, status };
  return await client.applyStatus(type, object as KubeObject as T, { fieldManager: "darkfactory-status" });
}

/** The status of a Pod that runs, as far as the operator reads it. */
function running(): NonNullable<Pod["status"]> {
  const time = fromInstant(Date.now());
  return {
    phase: "Running",
    startTime: time,
    conditions: [{ type: "Ready", status: "True", lastTransitionTime: time }],
    containerStatuses: [
      { name: "agent", ready: true, restartCount: 0, image: "", state: { running: { startedAt: time } } },
    ],
  };
}
