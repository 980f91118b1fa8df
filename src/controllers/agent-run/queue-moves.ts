import type { AgentFleet } from "../../api/v1alpha1/agent-fleet.ts";
import type { Stored } from "../../kube/types.ts";
import type { Clock, Controller } from "../../runtime/contract.ts";
import { itself, type Watch } from "../../runtime/watching.ts";
import { label } from "../../workloads/labels.ts";
import { hasEnded as podHasEnded } from "../../workloads/pod-end.ts";
import { owningFleet } from "../agent/gather.ts";
import type { StoredAgent } from "../agent/observed.ts";
import type { Caches } from "../caches.ts";
import type { Admission } from "./admission.ts";
import type { StoredRun } from "./observed.ts";
import { hasEnded, hasStarted, jobEnd, wasRefused } from "./run-state.ts";

/** How soon after a place became free those that may take it are woken: many ends at once are one look at the queue. */
const WAKE_MS = 50;

export interface QueueMoves {
  readonly watch: Watch;
  /** A place of this run's fleet was given back without any event that tells of it. */
  placeFreed(controller: Controller, run: StoredRun): void;
  waitingRunsOf(agent: StoredAgent): readonly StoredRun[];
}

/**
 * Wakes the runs whose turn it is when a place or a workspace becomes free, and no others: a queue of a thousand costs
 * nothing while it waits (R2).
 */
export function createQueueMoves(caches: Caches, admission: Admission, clock: Clock): QueueMoves {
  const { agents, fleets, runs, jobs, pods } = caches;
  const due = new Set<string>();

  function wakeHeads(controller: Controller, fleet: Stored<AgentFleet> | undefined): void {
    if (fleet === undefined || due.has(fleet.metadata.uid)) return;
    due.add(fleet.metadata.uid);
    clock.after(WAKE_MS, () => {
      due.delete(fleet.metadata.uid);
      const current = fleets.get(fleet.metadata);
      if (current === undefined) return;
      for (const run of admission.heads(current)) for (const ref of itself(run)) controller.enqueue(ref);
    });
  }

  function wakeSiblings(controller: Controller, agent: StoredAgent | undefined): void {
    for (const run of agent === undefined ? [] : waitingRunsOf(agent))
      for (const ref of itself(run)) controller.enqueue(ref);
  }

  function waitingRunsOf({ metadata }: StoredAgent): readonly StoredRun[] {
    return runs.byIndex("unfinished", `${metadata.namespace}/${metadata.name}`).filter((run) => !hasStarted(run));
  }

  const agentOf = (run: StoredRun): StoredAgent | undefined =>
    agents.get({ namespace: run.metadata.namespace ?? "", name: run.spec.agentRef.name });

  /** By our labels, which outlive the run and the agent. */
  const fleetOf = ({ metadata }: Stored): Stored<AgentFleet> | undefined => {
    const name = metadata.labels?.[label.fleet];
    return name === undefined ? undefined : fleets.get({ namespace: metadata.namespace ?? "", name });
  };
  const agentNamed = ({ metadata }: Stored): StoredAgent | undefined =>
    agents.get({ namespace: metadata.namespace ?? "", name: metadata.labels?.[label.agent] ?? "" });

  const hasWorkspace = (agent: StoredAgent | undefined): agent is StoredAgent =>
    agent?.spec.workspace?.persistent !== undefined;

  return {
    waitingRunsOf,
    placeFreed(controller, run) {
      const agent = agentOf(run);
      wakeHeads(controller, agent && owningFleet(fleets, agent));
      if (hasWorkspace(agent)) wakeSiblings(controller, agent);
    },
    watch(controller) {
      jobs.onEvent({
        updated: (before, after) => {
          if (jobEnd(before) === undefined && jobEnd(after) !== undefined) wakeHeads(controller, fleetOf(after));
        },
        deleted: (job) => wakeHeads(controller, fleetOf(job)),
      });
      pods.onEvent({
        updated: (before, after) => {
          if (!podHasEnded(before) && podHasEnded(after) && hasWorkspace(agentNamed(after)))
            wakeSiblings(controller, agentNamed(after));
        },
        deleted: (pod) => {
          wakeHeads(controller, fleetOf(pod));
          if (hasWorkspace(agentNamed(pod))) wakeSiblings(controller, agentNamed(pod));
        },
      });
      runs.onEvent({
        // A run that goes may take the head of the queue, or a claimed place, with it.
        deleted: (run) => {
          const agent = agentOf(run);
          wakeHeads(controller, agent && owningFleet(fleets, agent));
          wakeSiblings(controller, agent);
        },
        updated: (before, after) => {
          const isOver = (!hasEnded(before) && hasEnded(after)) || (!wasRefused(before) && wasRefused(after));
          const agent = agentOf(after);
          if (isOver && hasWorkspace(agent)) wakeSiblings(controller, agent);
        },
      });
      fleets.onEvent({
        updated: (before, after) => {
          if (before.spec.concurrency?.max !== after.spec.concurrency?.max) wakeHeads(controller, after);
        },
      });
      agents.onEvent({
        // A Safety agent that stops for good leaves its place to runs.
        updated: (before, after) => {
          if (after.spec.layer === "Safety" && !before.spec.suspend && after.spec.suspend)
            wakeHeads(controller, owningFleet(fleets, after));
        },
        deleted: (agent) => wakeHeads(controller, owningFleet(fleets, agent)),
      });
    },
  };
}
