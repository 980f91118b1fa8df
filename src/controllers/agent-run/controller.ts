import { agentRunResource } from "../../api/v1alpha1/agent-run.ts";
import type { Stored } from "../../kube/types.ts";
import type { Pod } from "../../kube/types-core.ts";
import type { Controller } from "../../runtime/contract.ts";
import { type ControllerOptions, createController, type RunnableController } from "../../runtime/controller.ts";
import { itself, owner, watching } from "../../runtime/watching.ts";
import { controllerOf } from "../../workloads/labels.ts";
import type { AgentControllerParts } from "../agent/controller.ts";
import { owningFleet } from "../agent/gather.ts";
import type { StoredAgent } from "../agent/observed.ts";
import { specOrMetadataChanged } from "../predicates.ts";
import { createAdmission } from "./admission.ts";
import { apply } from "./apply.ts";
import { confirmed, needsConfirmation } from "./confirm.ts";
import { decide } from "./decide.ts";
import { gather } from "./gather.ts";
import { hasStarted } from "./run-state.ts";
import { createQueueMoves } from "./queue-moves.ts";
import { createRunReading } from "./reading.ts";

/** Makes each AgentRun one Job, when its turn comes, and records how it ended. */
export function createAgentRunController(
  parts: AgentControllerParts & Pick<ControllerOptions, "after">,
): RunnableController {
  const { caches, client, events, clock, images, telemetry, storms, name, logger, workers, metrics, after } = parts;
  const { agents, fleets, runs, jobs, pods } = caches;
  const admission = createAdmission(caches, clock);
  const sources = { caches, admission, images };
  const tools = { client, runs, jobs, events, clock };
  const moves = createQueueMoves(caches, admission, clock);
  const reading = createRunReading(telemetry, clock);
  runs.onEvent({ deleted: (run) => telemetry.ticks.forget(run.metadata.uid) });
  const waitingRunsOf = (agent: StoredAgent) => moves.waitingRunsOf(agent).flatMap(itself);

  /** Before an agent is evaluated out of its turn, its runs are read (C6). */
  function readWhenAsked(controller: Controller): void {
    storms.onAsk(({ metadata }) => {
      for (const run of runs.byIndex("unfinished", `${metadata.namespace}/${metadata.name}`).filter(hasStarted)) {
        telemetry.ticks.ask(run.metadata.uid, clock.now());
        for (const ref of itself(run)) controller.enqueue(ref);
      }
    });
  }

  const controller = createController({
    name,
    kind: "AgentRun",
    clock,
    logger,
    workers,
    ...(metrics === undefined ? {} : { metrics }),
    ...(after === undefined ? {} : { after }),
    watches: [
      watching(runs, itself, { when: specOrMetadataChanged }),
      watching(jobs, owner(agentRunResource)),
      watching(pods, runOfPod),
      watching(agents, waitingRunsOf, { when: mayChangeWhoRuns }),
      watching(fleets, (fleet) => agents.byIndex("owner", fleet.metadata.uid).flatMap(waitingRunsOf), {
        when: (before, after) => before.spec.suspend !== after.spec.suspend,
      }),
      moves.watch,
      readWhenAsked,
    ],
    async reconcile(ref, context) {
      const first = gather(sources, ref);
      if (first === undefined) return {};
      const current = needsConfirmation(first) ? await confirmed(client, first, context.signal) : first;
      const output = await reading.readDue(current, context.signal);
      const seen = output === undefined ? current : { ...current, output };
      const plan = decide(seen, clock.now());
      // Before the next await: the next run's place must already count this one (R3).
      if (plan.acts.some(({ act }) => act === "create-job")) {
        admission.claim(seen.run, seen.agent && owningFleet(fleets, seen.agent));
      } else admission.release(seen.run);
      const { result, refused } = await apply(tools, seen, plan, context);
      if (refused) {
        admission.release(seen.run);
        moves.placeFreed(controller, seen.run);
      }
      return { ...result, ...reading.wake(seen, result.wakeAt) };
    },
  });
  return controller;
}

/** A run's Pod belongs to its Job, which has the run's name. */
function runOfPod(pod: Stored<Pod>) {
  const job = controllerOf(pod);
  if (job?.kind !== "Job") return [];
  const { namespace } = pod.metadata;
  return [{ name: job.name, ...(namespace === undefined ? {} : { namespace }) }];
}

/** What lets an agent's runs start, or keeps them from it. */
function mayChangeWhoRuns(before: StoredAgent, after: StoredAgent): boolean {
  return (
    before.spec.suspend !== after.spec.suspend ||
    before.metadata.uid !== after.metadata.uid ||
    before.metadata.deletionTimestamp !== after.metadata.deletionTimestamp ||
    (before.status?.pause === undefined) !== (after.status?.pause === undefined)
  );
}
