import { type AgentRun, agentRunResource } from "../../api/v1alpha1/agent-run.ts";
import type { KubeClient } from "../../kube/client.ts";
import { isAlreadyExists, isConflict, isNotFound } from "../../kube/errors.ts";
import type { EventRecorder } from "../../kube/events.ts";
import { type Job, jobResource, podResource, type PodStatus } from "../../kube/types-core.ts";
import type { KubeObject, ResourceType } from "../../kube/types.ts";
import type { Clock, Informer, ReconcileContext, ReconcileResult } from "../../runtime/contract.ts";
import { controllerOf } from "../../workloads/labels.ts";
import { fromInstant } from "../../workloads/time.ts";
import { isNamespaceTerminating, type Refusal, refusalOf } from "../agent/refusal.ts";
import { createClaim } from "../create-claim.ts";
import type { RunAct } from "../plan.ts";
import { regarding } from "../regarding.ts";
import { CHILD_MANAGER, writeStatus } from "../write-status.ts";
import { afterRefusal, nameTakenMessage, type RunPlan, withoutPod } from "./decide.ts";
import type { Observed, StoredRun } from "./observed.ts";

/** A Pod of which only the status is said. */
const podWithStatus: ResourceType<KubeObject & { readonly status?: PodStatus }> = podResource;

export interface Tools {
  readonly client: KubeClient;
  readonly runs: Informer<AgentRun>;
  readonly jobs: Informer<Job>;
  readonly events: EventRecorder;
  readonly clock: Clock;
}

/** What a run cannot start with: it waits and says so. */
class RefusedError extends Error {
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    super(refusal.message);
    this.refusal = refusal;
  }
}

/** How a run's reconcile ended; `refused`: the Job of its plan was not made, and the place that it took is free. */
export interface Applied {
  readonly result: ReconcileResult;
  readonly refused: boolean;
}

/** Carries a run's plan out. The Job's name is the run's, so that it is created once however often this is tried (R1). */
export async function apply(tools: Tools, seen: Observed, plan: RunPlan, context: ReconcileContext): Promise<Applied> {
  let run = seen.run;
  let chosen = plan;
  for (const act of plan.acts) {
    try {
      run = await carryOut(tools, run, act, context);
    } catch (error) {
      if (isNamespaceTerminating(error)) return { result: {}, refused: true };
      const refused = error instanceof RefusedError ? error.refusal : refusalOf(error);
      if (refused === undefined) throw error;
      const now = tools.clock.now();
      const current = { ...seen, run };
      chosen = act.act === "check-pod" ? withoutPod(current, plan, refused, now) : afterRefusal(current, refused, now);
      break;
    }
  }
  run = await writeStatus(tools.client, tools.runs, run, chosen.status, context);
  for (const event of chosen.events) tools.events.event({ regarding: regarding("AgentRun", run), ...event });
  const { wakeAt } = chosen;
  const refused = chosen !== plan && plan.acts.some(({ act }) => act === "create-job");
  return { result: wakeAt === undefined ? {} : { wakeAt }, refused };
}

async function carryOut(tools: Tools, run: StoredRun, act: RunAct, context: ReconcileContext): Promise<StoredRun> {
  const { client, clock } = tools;
  const { signal } = context;
  const { name, namespace, uid, resourceVersion } = run.metadata;
  const ref = { name, ...(namespace === undefined ? {} : { namespace }) };
  switch (act.act) {
    case "adopt-run": {
      const ownerReferences = [...(run.metadata.ownerReferences ?? []), act.owner];
      // With the version that was read: nobody else's reference is lost.
      const patch = { metadata: { uid, resourceVersion, ownerReferences } };
      const adopted = await client.mergePatch(agentRunResource, ref, patch, { fieldManager: CHILD_MANAGER, signal });
      context.wrote(tools.runs, adopted as StoredRun);
      return adopted as StoredRun;
    }
    case "create-claim": {
      const refused = await createClaim(client, act, signal);
      if (refused !== undefined) throw new RefusedError(refused);
      return run;
    }
    case "create-job": {
      try {
        const job = await client.create(jobResource, act.job, { fieldManager: CHILD_MANAGER, signal });
        context.wrote(tools.jobs, job);
      } catch (error) {
        // Ours already (a crash lay between the Job and this line), or somebody else's, which no cache shows (O5).
        if (!isAlreadyExists(error)) throw error;
        const there = await client.get(jobResource, ref, { signal });
        if (controllerOf(there)?.uid !== uid) {
          const message = nameTakenMessage(name);
          throw new RefusedError({ reason: "NameConflict", message, needsHuman: true });
        }
        context.wrote(tools.jobs, there);
      }
      return run;
    }
    case "check-pod":
      await client.create(podResource, act.pod, { dryRun: true, signal });
      return run;
    case "restore-job-labels": {
      const { uid, ...job } = act.job;
      const patch = { metadata: { uid, labels: act.labels } };
      try {
        context.wrote(
          tools.jobs,
          await client.mergePatch(jobResource, job, patch, { fieldManager: CHILD_MANAGER, signal }),
        );
      } catch (error) {
        if (!isNotFound(error) && !isConflict(error)) throw error;
      }
      return run;
    }
    case "mark-disrupted": {
      const condition = {
        type: "DisruptionTarget",
        status: "True",
        reason: "DeletedByHand",
        message: "the Pod was deleted while its run went on: it is replaced and does not count as a failure",
        lastTransitionTime: fromInstant(clock.now()),
      };
      try {
        const pod = { metadata: act.pod, status: { conditions: [condition] } };
        await client.applyStatus(podWithStatus, pod, { fieldManager: CHILD_MANAGER, signal });
      } catch (error) {
        // It changed or went meanwhile: the next look decides anew.
        if (!isNotFound(error) && !isConflict(error)) throw error;
      }
      return run;
    }
  }
}
