import { type Agent, agentResource } from "../../api/v1alpha1/agent.ts";
import type { AgentFleet } from "../../api/v1alpha1/agent-fleet.ts";
import type { KubeClient } from "../../kube/client.ts";
import { isConflict, isNotFound } from "../../kube/errors.ts";
import type { EventRecorder } from "../../kube/events.ts";
import type { Clock, Informer, ReconcileContext, ReconcileResult } from "../../runtime/contract.ts";
import { isNamespaceTerminating } from "../agent/refusal.ts";
import { regarding } from "../regarding.ts";
import { FLEET_MANAGER, writeStatus } from "../write-status.ts";
import type { FleetPlan } from "./decide.ts";
import type { Observed, Refusal } from "./observed.ts";
import { refusalOf } from "./refusal.ts";

/** How many agents of one fleet are written at a time. */
const IN_FLIGHT = 16;

export interface Tools {
  readonly client: KubeClient;
  readonly fleets: Informer<AgentFleet>;
  readonly agents: Informer<Agent>;
  readonly events: EventRecorder;
  readonly clock: Clock;
  /** What the API server refused, by fleet uid and entry name: kept so that the same entry is not sent again and again. */
  readonly refused: Map<string, Map<string, Refusal>>;
}

/** Carries a fleet's plan out. An entry that the API server refuses stops no other (F5); it shows at the next reconcile. */
export async function apply(
  tools: Tools,
  seen: Observed,
  plan: FleetPlan,
  context: ReconcileContext,
): Promise<ReconcileResult> {
  const { uid } = seen.fleet.metadata;
  let refusals = 0;
  await inParallel(plan.apply, async (entry) => {
    const known = tools.refused.get(uid) ?? new Map<string, Refusal>();
    const refusal = await applyEntry(tools, entry, known.get(entry.name), context);
    known.delete(entry.name);
    if (refusal === undefined) return;
    tools.refused.set(uid, known.set(entry.name, refusal));
    refusals += 1;
  });
  await inParallel(plan.remove, async (agent) => {
    const { name, namespace } = agent.metadata;
    const ref = { name, ...(namespace === undefined ? {} : { namespace }) };
    try {
      await tools.client.delete(agentResource, ref, {
        uid: agent.metadata.uid,
        propagationPolicy: "Background",
        signal: context.signal,
      });
    } catch (error) {
      if (!isNotFound(error) && !isConflict(error)) throw error;
    }
  });
  // Decided once more with the refusal known, so that the status never flips between "on its way" and "refused".
  if (refusals > 0) return { wakeAt: tools.clock.now() };
  const fleet = await writeStatus(tools.client, tools.fleets, seen.fleet, plan.status, context);
  // A storm's begin and end are told when all its agents have something to tell.
  for (const event of plan.events)
    tools.events.event({ regarding: regarding("AgentFleet", fleet), ...event }, "urgent");
  return plan.wakeAt === undefined ? {} : { wakeAt: plan.wakeAt };
}

async function applyEntry(
  { client, agents, clock }: Tools,
  { agent, hash }: FleetPlan["apply"][number],
  before: Refusal | undefined,
  context: ReconcileContext,
): Promise<Refusal | undefined> {
  const { name, namespace = "" } = agent.metadata;
  const over = agents.get({ namespace, name })?.metadata.uid;
  try {
    const answer = await client.apply(agentResource, agent, { fieldManager: FLEET_MANAGER, signal: context.signal });
    context.wrote(agents, answer);
    return undefined;
  } catch (error) {
    if (isNamespaceTerminating(error)) return undefined;
    const refusal = refusalOf(error, { hash, over }, before, clock.now());
    if (refusal === undefined) throw error;
    return refusal;
  }
}

/** Runs a task for every item, a bounded number at a time; the first error is thrown once all that run have ended. */
async function inParallel<T>(items: readonly T[], task: (item: T) => Promise<void>): Promise<void> {
  const waiting = items.values();
  const lane = async (): Promise<void> => {
    for (const item of waiting) await task(item);
  };
  const lanes = await Promise.allSettled(Array.from({ length: Math.min(IN_FLIGHT, items.length) }, lane));
  const failed = lanes.find((result) => result.status === "rejected");
  if (failed !== undefined) throw failed.reason;
}
