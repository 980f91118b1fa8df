import { type AgentRun, agentRunResource } from "../../api/v1alpha1/agent-run.ts";
import { type Agent, agentResource, type AgentStatus } from "../../api/v1alpha1/agent.ts";
import type { KubeClient } from "../../kube/client.ts";
import { isAlreadyExists, isConflict, isNotFound } from "../../kube/errors.ts";
import type { EventRecorder } from "../../kube/events.ts";
import { type Job, jobResource, type Pod, podResource } from "../../kube/types-core.ts";
import type { Stored } from "../../kube/types.ts";
import type { Clock, Informer, ReconcileContext, ReconcileResult } from "../../runtime/contract.ts";
import { controllerOf } from "../../workloads/labels.ts";
import type { Act } from "../plan.ts";
import { createClaim } from "../create-claim.ts";
import { regarding } from "../regarding.ts";
import { CHILD_MANAGER, writeStatus } from "../write-status.ts";
import { afterRefusal, type AgentPlan } from "./decide.ts";
import { type Observed, statusBefore, type StoredAgent } from "./observed.ts";
import { isNamespaceTerminating, type Refusal, refusalOf } from "./refusal.ts";

/** What carrying a plan out needs. */
export interface Tools {
  readonly client: KubeClient;
  readonly agents: Informer<Agent>;
  readonly pods: Informer<Pod>;
  readonly runs: Informer<AgentRun>;
  readonly jobs: Informer<Job>;
  readonly events: EventRecorder;
  readonly clock: Clock;
}

/** How a reconcile ended; `isSettled`: the plan's own status stands now, and not one that says why it could not be. */
export interface Applied {
  readonly result: ReconcileResult;
  readonly isSettled: boolean;
}

/** Carries a plan out, act by act, idempotently; the status goes last, in one write, unless an act asks for it earlier. */
export async function apply(
  tools: Tools,
  seen: Observed,
  plan: AgentPlan,
  context: ReconcileContext,
): Promise<Applied> {
  let agent = seen.agent;
  let chosen = plan;
  for (const act of plan.acts) {
    const outcome = await carryOut(tools, { agent, plan, act, context });
    if ("refused" in outcome) {
      // What stands in the status by now (a start number) is what the refusal builds on.
      const refusedAgent = withTimetable(agent, plan.status);
      chosen = afterRefusal({ ...seen, agent: refusedAgent }, outcome.refused, tools.clock.now());
      break;
    }
    if ("nothingMore" in outcome) return { result: {}, isSettled: false };
    if ("isOutdated" in outcome) return { result: { wakeAt: tools.clock.now() }, isSettled: false };
    agent = outcome.agent;
  }
  agent = await writeStatus(tools.client, tools.agents, agent, chosen.status, context);
  for (const event of chosen.events) tools.events.event({ regarding: regarding("Agent", agent), ...event });
  return { result: chosen.wakeAt === undefined ? {} : { wakeAt: chosen.wakeAt }, isSettled: chosen === plan };
}

/** Since when a schedule is followed holds whatever was refused: else the occurrence that was would be forgotten (K4). */
function withTimetable(agent: StoredAgent, { timetable }: AgentStatus): StoredAgent {
  return timetable === undefined ? agent : { ...agent, status: { ...statusBefore(agent), timetable } };
}

type Outcome =
  | { readonly agent: StoredAgent }
  | { readonly refused: Refusal }
  /** Nothing can or need be done now: the namespace is going away, or what comes next begins anew with an event. */
  | { readonly nothingMore: true }
  /** Decided on what stands no more: to be decided anew as soon as the cache shows what stands now. */
  | { readonly isOutdated: true };

async function carryOut(
  tools: Tools,
  doing: {
    readonly agent: StoredAgent;
    readonly plan: AgentPlan;
    readonly act: Act;
    readonly context: ReconcileContext;
  },
): Promise<Outcome> {
  const { agent, plan, act, context } = doing;
  const { client } = tools;
  const { signal } = context;
  switch (act.act) {
    case "record-status":
      return { agent: await writeStatus(client, tools.agents, agent, plan.status, context) };
    case "check-pod": {
      const refused = await refusalFrom(client.create(podResource, act.pod, { dryRun: true, signal }));
      // A quota counts the Pod that is about to go as well: what it says of the dry run does not hold afterwards.
      return refused === undefined || refused.reason === "QuotaExceeded" ? { agent } : { refused };
    }
    case "create-claim": {
      const refused = await createClaim(client, act, signal);
      return refused === undefined ? { agent } : { refused };
    }
    case "create-pod":
      return await createPod(tools, agent, act.pod, context);
    case "find-pod":
      return await findPod(tools, agent, act, context);
    case "delete-pod": {
      const { uid, ...ref } = act.pod;
      const answer = await unlessGone(client.delete(podResource, ref, { uid, signal }));
      if (answer !== undefined) context.wrote(tools.pods, answer);
      return { agent };
    }
    case "confirm-agent":
      return await confirmAgent(tools, agent, context);
    case "create-run":
      return await createRun(tools, agent, act.run, context);
    case "delete-run": {
      const { uid, ...ref } = act.run;
      const propagationPolicy = act.propagation;
      const answer = await unlessGone(client.delete(agentRunResource, ref, { uid, propagationPolicy, signal }));
      if (answer !== undefined) context.wrote(tools.runs, answer as Stored<AgentRun>);
      return { agent };
    }
    case "stop-run": {
      const { uid, ...ref } = act.job;
      const answer = await unlessGone(
        client.delete(jobResource, ref, { uid, propagationPolicy: "Foreground", signal }),
      );
      if (answer !== undefined) context.wrote(tools.jobs, answer);
      return { agent };
    }
    case "restore-pod-metadata": {
      const { uid, ...ref } = act.pod;
      const { labels, annotations } = act;
      const patch = { metadata: { uid, labels, annotations } };
      const answer = await unlessGone(
        client.mergePatch(podResource, ref, patch, { fieldManager: CHILD_MANAGER, signal }),
      );
      if (answer !== undefined) context.wrote(tools.pods, answer);
      return { agent };
    }
  }
}

/** By a read, which costs the API server a fraction of a dry run with a precondition. */
async function confirmAgent(
  { client, agents }: Tools,
  agent: StoredAgent,
  context: ReconcileContext,
): Promise<Outcome> {
  const { name, namespace = "", uid, resourceVersion } = agent.metadata;
  const there = await unlessGone(client.get<Agent>(agentResource, { name, namespace }, { signal: context.signal }));
  if (there === undefined) return { nothingMore: true };
  if (there.metadata.uid === uid && there.metadata.resourceVersion === resourceVersion) return { agent };
  context.wrote(agents, there);
  return { isOutdated: true };
}

async function createRun(tools: Tools, agent: StoredAgent, run: AgentRun, context: ReconcileContext): Promise<Outcome> {
  try {
    const answer = await tools.client.create<AgentRun>(agentRunResource, run, {
      fieldManager: CHILD_MANAGER,
      signal: context.signal,
    });
    context.wrote(tools.runs, answer);
    return { agent };
  } catch (error) {
    if (isNamespaceTerminating(error)) return { nothingMore: true };
    const refused = refusalOf(error);
    if (refused !== undefined) return { refused };
    if (!isAlreadyExists(error)) throw error;
    return await existingRun(tools, agent, run, { context, error });
  }
}

/**
 * A run of this agent that is there already was made before a crash, or by whoever else counts occurrences: it counts as
 * created (K3, R8). One of an earlier agent of this name is on its way out.
 */
async function existingRun(
  tools: Tools,
  agent: StoredAgent,
  run: AgentRun,
  { context, error }: { readonly context: ReconcileContext; readonly error: unknown },
): Promise<Outcome> {
  const { name, namespace = "" } = run.metadata;
  const there = await tools.client.get<AgentRun>(agentRunResource, { name, namespace }, { signal: context.signal });
  if (there.spec.agentRef.name !== agent.metadata.name) {
    const message = `an AgentRun named ${name} exists and is of Agent ${there.spec.agentRef.name}: delete it`;
    return { refused: { reason: "NameConflict", message, needsHuman: true } };
  }
  const owners = (there.metadata.ownerReferences ?? []).filter(({ kind }) => kind === "Agent");
  const isOurs = owners.length === 0 || owners.some(({ uid }) => uid === agent.metadata.uid);
  if (!isOurs || there.metadata.deletionTimestamp !== undefined) throw error;
  return { agent };
}

async function createPod(tools: Tools, agent: StoredAgent, pod: Pod, context: ReconcileContext): Promise<Outcome> {
  try {
    const answer = await tools.client.create(podResource, pod, { fieldManager: CHILD_MANAGER, signal: context.signal });
    context.wrote(tools.pods, answer);
    return { agent };
  } catch (error) {
    if (isNamespaceTerminating(error)) return { nothingMore: true };
    const refused = refusalOf(error);
    if (refused !== undefined) return { refused };
    if (!isAlreadyExists(error)) throw error;
    return await takenName(tools, agent, pod, context);
  }
}

/** The name is taken: by our own Pod that the cache did not show (its labels were removed), or by somebody else's (O5). */
async function takenName(tools: Tools, agent: StoredAgent, pod: Pod, context: ReconcileContext): Promise<Outcome> {
  const { name, namespace = "" } = pod.metadata;
  const there = await tools.client.get(podResource, { name, namespace }, { signal: context.signal });
  if (controllerOf(there)?.uid !== agent.metadata.uid) {
    const message = `a Pod named ${name} exists and is not ours: delete or rename it`;
    return { refused: { reason: "NameConflict", message, needsHuman: true } };
  }
  await restoreMetadata(tools, there, pod.metadata, context);
  return { agent };
}

async function findPod(
  tools: Tools,
  agent: StoredAgent,
  { pod, labels }: Extract<Act, { act: "find-pod" }>,
  context: ReconcileContext,
): Promise<Outcome> {
  const there = await unlessGone(tools.client.get(podResource, pod, { signal: context.signal }));
  if (there === undefined || controllerOf(there)?.uid !== agent.metadata.uid) return { agent };
  await restoreMetadata(tools, there, { labels }, context);
  // The cache shows it from now on, which wakes the agent.
  return { nothingMore: true };
}

/** Puts labels and annotations of ours back on a Pod that the cache does not show. */
async function restoreMetadata(
  { client, pods }: Tools,
  there: Stored<Pod>,
  { labels, annotations }: Pick<Pod["metadata"], "labels" | "annotations">,
  context: ReconcileContext,
): Promise<void> {
  const { uid, name, namespace = "" } = there.metadata;
  const patch = { metadata: { uid, labels, ...(annotations === undefined ? {} : { annotations }) } };
  const { signal } = context;
  const ref = { name, namespace };
  context.wrote(pods, await client.mergePatch(podResource, ref, patch, { fieldManager: CHILD_MANAGER, signal }));
}

async function refusalFrom(call: Promise<unknown>): Promise<Refusal | undefined> {
  try {
    await call;
    return undefined;
  } catch (error) {
    const refused = refusalOf(error);
    // The name is taken only by a Pod that is about to be found by the next reconcile.
    if (refused === undefined && !isAlreadyExists(error)) throw error;
    return refused;
  }
}

/** Gone, or another object under that name: either way the one that was meant is not there any more. */
async function unlessGone<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (isNotFound(error) || isConflict(error)) return undefined;
    throw error;
  }
}
