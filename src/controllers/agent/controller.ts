import { isDeepStrictEqual } from "node:util";
import { agentResource } from "../../api/v1alpha1/agent.ts";
import type { AgentFleet } from "../../api/v1alpha1/agent-fleet.ts";
import type { KubeClient } from "../../kube/client.ts";
import type { EventRecorder } from "../../kube/events.ts";
import type { AgentRun } from "../../api/v1alpha1/agent-run.ts";
import type { ObjectRef, Stored } from "../../kube/types.ts";
import type { Clock, Controller } from "../../runtime/contract.ts";
import { type ControllerMetrics, createController, type RunnableController } from "../../runtime/controller.ts";
import type { Logger } from "../../runtime/logging.ts";
import { itself, owner, watching } from "../../runtime/watching.ts";
import type { Telemetry } from "../../telemetry/telemetry.ts";
import type { DefaultImages } from "../../workloads/pod.ts";
import type { Caches } from "../caches.ts";
import { specOrMetadataChanged } from "../predicates.ts";
import { apply } from "./apply.ts";
import { createEvaluations } from "./evaluation.ts";
import { gather } from "./gather.ts";
import type { Observed } from "./observed.ts";
import { createRollout } from "./rollout.ts";
import type { Storms } from "./storms.ts";

/** How long what a run did may wait for other runs of its agent to be summed up with it. */
const SUM_UP_MS = 300;

function agentOf({ metadata: { namespace }, spec }: Stored<AgentRun>): readonly ObjectRef[] {
  return [{ name: spec.agentRef.name, ...(namespace === undefined ? {} : { namespace }) }];
}

/** What every controller of the operator is given. */
export interface ControllerParts {
  readonly name: string;
  readonly client: KubeClient;
  readonly caches: Caches;
  readonly events: EventRecorder;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly workers: number;
  readonly metrics?: ControllerMetrics;
}

export interface AgentControllerParts extends ControllerParts {
  readonly images: DefaultImages;
  readonly telemetry: Telemetry;
  readonly storms: Storms;
}

/** Keeps each Agent's Pod as its spec says, and watches how it does: gather, observe, decide, apply. */
export function createAgentController(parts: AgentControllerParts): RunnableController {
  const { caches, client, events, clock, images, telemetry, storms, name, logger, workers, metrics } = parts;
  const { agents, fleets, pods, runs, jobs } = caches;
  const rollout = createRollout(agents, clock);
  const evaluations = createEvaluations(telemetry, storms, clock);
  const sources = { agents, fleets, pods, runs, jobs, rollout, images };
  const tools = { client, agents, pods, runs, jobs, events, clock };
  const membersOf = (fleet: Stored<AgentFleet>) => agents.byIndex("owner", fleet.metadata.uid).flatMap(itself);
  /** Wakes an agent once for all that its runs do within a moment: a thousand ends are few statuses. */
  function sumUpRunsLater(controller: Controller): void {
    const wake = (run: Stored<AgentRun>): void => {
      for (const ref of agentOf(run)) controller.enqueueAt(ref, clock.now() + SUM_UP_MS);
    };
    runs.onEvent({ added: wake, updated: (_, after) => wake(after), deleted: wake });
  }

  /** Others of its group wait for an agent's evaluation, or its own correction waited for theirs (C6). */
  function evaluateWhenAsked(controller: Controller): void {
    storms.onAsk((agent) => {
      telemetry.ticks.ask(agent.metadata.uid, clock.now());
      for (const ref of itself(agent)) controller.enqueue(ref);
    });
  }

  agents.onEvent({ deleted: (agent) => evaluations.forget({ agent }) });

  return createController({
    name,
    kind: "Agent",
    clock,
    logger,
    workers,
    ...(metrics === undefined ? {} : { metrics }),
    watches: [
      // At a start an occurrence may be due: what the first runs do must not keep the last agents waiting (K4).
      watching(agents, itself, { when: specOrMetadataChanged, isUrgent: ({ spec }) => spec.layer === "Core" }),
      watching(pods, owner(agentResource)),
      sumUpRunsLater,
      watching(fleets, membersOf, { when: concernsAgents }),
      evaluateWhenAsked,
      () => void telemetry.health.start(),
    ],
    async reconcile(ref, context) {
      const first = gather(sources, ref);
      if (first === undefined) return {};
      const evidence = await evaluations.observe(first, context.signal);
      // Reading took its time: what is decided goes by what the caches show after it, and evidence holds for one status only.
      const current = gather(sources, ref);
      if (current === undefined) return {};
      const isOutdated = evidence !== undefined && !isSameState(first, current);
      if (isOutdated) return { wakeAt: clock.now() };
      const seen = evidence === undefined ? current : { ...current, evidence };
      const plan = evaluations.decide(seen);
      const holdsPlace = seen.agent.status?.replacingSince !== undefined;
      // Before the first await: the next agent's gate must already count this one (L6).
      if (!holdsPlace && plan.status.replacingSince !== undefined) rollout.claim(seen.agent);
      const { result, isSettled } = await apply(tools, seen, plan, context);
      if (isSettled) evaluations.settled(seen, plan);
      else evaluations.refused(seen);
      return { ...result, ...evaluations.wake(seen, result.wakeAt) };
    },
  });
}

/** The evidence speaks of this very agent, status and Pods: its cursor and counts can be written over them. */
function isSameState(before: Observed, after: Observed): boolean {
  const versions = ({ agent, pods, runs }: Observed): readonly string[] =>
    [agent, ...pods, ...runs].map(({ metadata }) => `${metadata.uid} ${metadata.resourceVersion}`);
  return isDeepStrictEqual(versions(before), versions(after));
}

/** What of a fleet's spec decides about its agents, beside their own. */
function concernsAgents(before: Stored<AgentFleet>, after: Stored<AgentFleet>): boolean {
  return (
    before.spec.suspend !== after.spec.suspend || !isDeepStrictEqual(before.spec.nightwatch, after.spec.nightwatch)
  );
}
