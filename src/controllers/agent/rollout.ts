import type { Agent } from "../../api/v1alpha1/agent.ts";
import type { AgentFleet } from "../../api/v1alpha1/agent-fleet.ts";
import type { Stored } from "../../kube/types.ts";
import type { Clock, Informer, Instant } from "../../runtime/contract.ts";
import type { RolloutGate } from "./observed.ts";

/** How long a claim holds that no status confirms: its reconcile failed before it could write. */
const CLAIM_MS = 30_000;

/** behaviour.md L6. */
const DEFAULT_MAX_UNAVAILABLE_PERCENT = 25;

/** Keeps a fleet-wide change from taking more running Safety Pods away at a time than the fleet allows (L6). */
export interface Rollout {
  /** Looked at when it is asked, and once: few reconciles replace anything, and all of a fleet's agents have to be counted. */
  gate(fleet: Stored<AgentFleet> | undefined, agent: Stored<Agent>): RolloutGate;
  /** Takes one of the fleet's places for an agent, until the agent's own status says so. */
  claim(agent: Stored<Agent>): void;
}

/** `agents` must have the index "owner": the uid of the controlling fleet. */
export function createRollout(agents: Informer<Agent>, clock: Clock): Rollout {
  // What was decided a moment ago is not in the cache yet, and another agent of the fleet may be decided before it is.
  const claims = new Map<string, Instant>();

  function lookAt(fleet: Stored<AgentFleet>): RolloutGate {
    const members = agents.byIndex("owner", fleet.metadata.uid).filter(({ spec }) => spec.layer === "Safety");
    const now = clock.monotonic();
    const replacing = members.filter((agent) => isReplacing(agent, claims, now));
    const most = placesFor(members.length, fleet.spec.rollout?.maxUnavailablePercent);
    const names = replacing.slice(0, 3).map(({ metadata }) => metadata.name);
    return {
      open: replacing.length < most,
      message: `${replacing.length} of at most ${most} agents at a time are being replaced (${names.join(", ")}); this one waits`,
    };
  }

  return {
    gate(fleet, agent) {
      // Its own status says so now, and is to free the place when it no longer does.
      if (agent.status?.replacingSince !== undefined) claims.delete(agent.metadata.uid);
      if (fleet === undefined) return { open: true, message: "" };
      let seen: RolloutGate | undefined;
      const look = (): RolloutGate => (seen ??= lookAt(fleet));
      return {
        get open() {
          return look().open;
        },
        get message() {
          return look().message;
        },
      };
    },
    claim(agent) {
      claims.set(agent.metadata.uid, clock.monotonic() + CLAIM_MS);
    },
  };
}

/** How many of n Safety agents may be replaced at a time: the share rounded down, and at least one (L6). */
export function placesFor(members: number, maxUnavailablePercent = DEFAULT_MAX_UNAVAILABLE_PERCENT): number {
  return Math.max(1, Math.floor((members * maxUnavailablePercent) / 100));
}

function isReplacing(agent: Stored<Agent>, claims: Map<string, Instant>, now: Instant): boolean {
  const { uid } = agent.metadata;
  if (agent.status?.replacingSince !== undefined) {
    claims.delete(uid);
    return true;
  }
  const until = claims.get(uid);
  if (until === undefined) return false;
  if (until > now) return true;
  claims.delete(uid);
  return false;
}
