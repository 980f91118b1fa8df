import type { Agent } from "../../api/v1alpha1/agent.ts";
import { agentFleetResource } from "../../api/v1alpha1/agent-fleet.ts";
import type { Stored } from "../../kube/types.ts";
import type { Controller, Key } from "../../runtime/contract.ts";
import { createController, type RunnableController } from "../../runtime/controller.ts";
import { keyOf } from "../../runtime/keys.ts";
import { itself, owner, watching } from "../../runtime/watching.ts";
import type { ControllerParts } from "../agent/controller.ts";
import type { Storms } from "../agent/storms.ts";
import { specOrMetadataChanged } from "../predicates.ts";
import { apply } from "./apply.ts";
import { decide } from "./decide.ts";
import { gather } from "./gather.ts";
import type { Refusal } from "./observed.ts";
import { isSummedUpOtherwise } from "./roll-up.ts";

/**
 * How long a change of an agent may wait for others to be summed up with it, and how far apart two sums are: F4 allows 2 s.
 * As rare as that: one status of a fleet of 100 agents costs the API server 37 ms of processor time, and more with its size.
 */
const ROLL_UP_MS = { least: 300, apart: 1500 } as const;

/** Makes a fleet's Agents be what its entries say, and sums up how they are. */
export function createAgentFleetController(parts: ControllerParts & { readonly storms: Storms }): RunnableController {
  const { caches, client, events, clock, storms, name, logger, workers, metrics } = parts;
  const { agents, fleets } = caches;
  const refused = new Map<string, Map<string, Refusal>>();
  const sources = { agents, fleets, refused, storms };
  const tools = { client, agents, fleets, events, clock, refused };
  const fleetOf = owner(agentFleetResource);
  const listedIn = (agent: Stored<Agent>) =>
    fleets.byIndex("entry", `${agent.metadata.namespace}/${agent.metadata.name}`).flatMap(itself);

  /** By key of the fleet, in monotonic milliseconds. */
  const lastRollUps = new Map<Key, number>();

  /** Wakes a fleet once for all that its agents do within a moment: a thousand statuses are one roll-up. */
  function rollUpLater(controller: Controller): void {
    const wake = (agent: Stored<Agent>): void => {
      for (const ref of [...fleetOf(agent), ...listedIn(agent)]) {
        const sinceLast = clock.monotonic() - (lastRollUps.get(keyOf(ref)) ?? -Infinity);
        controller.enqueueAt(ref, clock.now() + Math.max(ROLL_UP_MS.least, ROLL_UP_MS.apart - sinceLast));
      }
    };
    const wakeIfOtherwise = (before: Stored<Agent>, after: Stored<Agent>): void => {
      if (specOrMetadataChanged(before, after) || isSummedUpOtherwise(before, after)) wake(after);
    };
    agents.onEvent({ added: wake, updated: wakeIfOtherwise, deleted: wake });
  }

  /** That a storm began or ended is told at once. */
  function tellOfStorms(controller: Controller): void {
    storms.onChange((uid) => {
      const fleet = fleets.list().find(({ metadata }) => metadata.uid === uid);
      if (fleet !== undefined) for (const ref of itself(fleet)) controller.enqueue(ref);
    });
  }

  fleets.onEvent({
    deleted: (fleet) => {
      refused.delete(fleet.metadata.uid);
      lastRollUps.delete(keyOf(fleet.metadata));
    },
  });

  return createController({
    name,
    kind: "AgentFleet",
    clock,
    logger,
    workers,
    ...(metrics === undefined ? {} : { metrics }),
    watches: [watching(fleets, itself, { when: specOrMetadataChanged }), rollUpLater, tellOfStorms],
    async reconcile(ref, context) {
      const seen = gather(sources, ref);
      if (seen === undefined) return {};
      lastRollUps.set(keyOf(ref), clock.monotonic());
      return await apply(tools, seen, decide(seen, clock.now()), context);
    },
  });
}
