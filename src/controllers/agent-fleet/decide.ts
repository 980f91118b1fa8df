import { isDeepStrictEqual } from "node:util";
import type { Agent } from "../../api/v1alpha1/agent.ts";
import type { AgentFleetStatus } from "../../api/v1alpha1/agent-fleet.ts";
import { isCovered } from "../../kube/server-side-apply.ts";
import { type Storm, stormBeganEvent, stormCondition, stormEndedEvent } from "../../nightwatch/storm.ts";
import type { Instant } from "../../runtime/contract.ts";
import { annotation } from "../../workloads/labels.ts";
import { fromInstant } from "../../workloads/time.ts";
import { condition, nextConditions, type Standing, standingConditions } from "../conditions.ts";
import type { StoredAgent } from "../agent/observed.ts";
import type { EventNote } from "../plan.ts";
import { entriesOf, type Entry } from "./entries.ts";
import type { InvalidAgent, Observed } from "./observed.ts";
import { drifted, isOnItsWay, isReady, rollUp } from "./roll-up.ts";

/** How many entries `status.invalidAgents` names (api.md). */
const INVALID_LIMIT = 20;

/** How many agents a message names before it counts the rest. */
const NAMED = 3;

/** What one reconcile of a fleet does: agents to apply and to delete, then its status. */
export interface FleetPlan {
  readonly apply: readonly Extract<Entry, { ok: true }>[];
  readonly remove: readonly StoredAgent[];
  readonly status: AgentFleetStatus;
  readonly events: readonly EventNote[];
  readonly wakeAt?: Instant;
}

/** Makes the agents be what the entries say (F1), leaves alone what is not the fleet's (F2), and sums up (F4, F5). */
export function decide(seen: Observed, now: Instant): FleetPlan {
  const { fleet, owned } = seen;
  if (fleet.metadata.deletionTimestamp !== undefined) {
    return { apply: [], remove: [], status: fleet.status ?? { observedGeneration: -1 }, events: [] };
  }
  const entries = entriesOf(fleet);
  const named = new Set((fleet.spec.agents ?? []).map(({ name }) => name));
  const live = new Map(owned.map((agent) => [agent.metadata.name, agent]));
  const remove = owned.filter(
    (agent) => !named.has(agent.metadata.name) && agent.metadata.deletionTimestamp === undefined,
  );
  const refused = [...seen.refused].filter(([, { retryAt }]) => retryAt > now);
  const invalid = invalidAgents(seen.foreign, entries, { live, refused: new Map(refused) });
  const blocked = new Set(invalid.map(({ name }) => name));
  const apply = entries
    .filter((entry) => entry.ok)
    .filter((entry) => !blocked.has(entry.name) && needsApply(entry, live.get(entry.name)));
  const members = owned.filter((agent) => named.has(agent.metadata.name));
  const changes = apply.length + remove.length;
  const toChange = new Set(apply.map(({ name }) => name));
  const standing = standingOf({ members, invalid, listed: named.size, changes, toChange });
  const retries = refused.map(([, { retryAt }]) => retryAt);
  return {
    apply,
    remove,
    ...nextStatus(seen, { members, invalid, standing }, now),
    ...(retries.length === 0 ? {} : { wakeAt: Math.min(...retries) }),
  };
}

/** Compares before it sends: an apply that changes nothing is still a request (O4). */
function needsApply(
  entry: { readonly name: string; readonly hash: string; readonly agent: Agent },
  live: StoredAgent | undefined,
): boolean {
  if (live === undefined) return true;
  if (live.metadata.deletionTimestamp !== undefined) return false;
  return live.metadata.annotations?.[annotation.appliedHash] !== entry.hash || !isCovered(entry.agent, live);
}

function invalidAgents(
  foreign: readonly StoredAgent[],
  entries: readonly Entry[],
  known: { readonly live: ReadonlyMap<string, StoredAgent>; readonly refused: Observed["refused"] },
): readonly InvalidAgent[] {
  return entries.flatMap((entry): readonly InvalidAgent[] => {
    if (!entry.ok) return [entry.invalid];
    const other = foreign.find((agent) => agent.metadata.name === entry.name);
    if (other !== undefined) return [nameConflict(other)];
    const refusal = known.refused.get(entry.name);
    if (refusal?.hash !== entry.hash || refusal.over !== known.live.get(entry.name)?.metadata.uid) return [];
    return [{ name: entry.name, reason: refusal.reason, message: refusal.message }];
  });
}

function nameConflict(other: StoredAgent): InvalidAgent {
  const owner = other.metadata.ownerReferences?.find((reference) => reference.controller === true);
  const whose = owner === undefined ? "no fleet owns it" : `${owner.kind} ${owner.name} owns it`;
  return {
    name: other.metadata.name,
    reason: "NameConflict",
    message: `an Agent of this name exists and ${whose}: rename this entry, or delete that Agent`,
  };
}

interface Members {
  readonly members: readonly StoredAgent[];
  readonly invalid: readonly InvalidAgent[];
  /** How many agents the spec lists. */
  readonly listed: number;
  /** How many are to be created, changed or deleted. */
  readonly changes: number;
  /** The names of those that are to be created or changed. */
  readonly toChange: ReadonlySet<string>;
}

/** A fleet is ready when every entry has an agent and every agent is ready; it stalls where only a human can help. */
function standingOf({ members, invalid, listed, changes, toChange }: Members): Standing {
  const unready = members.filter((agent) => !isReady(agent));
  // What an agent said of a spec that is no more is no answer: a commit that mends it must not fail for it (kstatus).
  const answered = unready.filter((agent) => !toChange.has(agent.metadata.name) && !isOnItsWay(agent));
  const stalled = answered.filter((agent) => condition(agent.status?.conditions, "Stalled")?.status === "True");
  if (invalid.length > 0) {
    const message = list(
      invalid.map(({ name, message }) => `${name}: ${message}`),
      "entries cannot be applied",
    );
    return { ready: "False", reason: "InvalidAgents", message, also: "Stalled" };
  }
  if (stalled.length > 0) {
    return {
      ready: "False",
      reason: "AgentsStalled",
      message: list(stalled.map(why), "agents need a human"),
      also: "Stalled",
    };
  }
  const working = unready.filter(isOnItsWay);
  if (changes > 0 || working.length > 0) {
    const message = `${members.length - unready.length} of ${listed} agents are ready`;
    return { ready: "False", reason: "Progressing", message, also: "Reconciling" };
  }
  if (unready.length > 0)
    return { ready: "False", reason: "AgentsNotReady", message: list(unready.map(why), "agents are not ready") };
  return { ready: "True", reason: "AgentsReady", message: `all ${members.length} agents are ready` };
}

function why(agent: StoredAgent): string {
  const ready = condition(agent.status?.conditions, "Ready");
  return `${agent.metadata.name}: ${ready?.reason ?? "Pending"}`;
}

function list(items: readonly string[], what: string): string {
  const more = items.length > NAMED ? `, and ${items.length - NAMED} more` : "";
  return `${items.length} ${what}: ${items.slice(0, NAMED).join("; ")}${more}`;
}

function nextStatus(
  { fleet, storm, endedStorm }: Observed,
  {
    members,
    invalid,
    standing,
  }: { members: readonly StoredAgent[]; invalid: readonly InvalidAgent[]; standing: Standing },
  now: Instant,
): Pick<FleetPlan, "status" | "events"> {
  const before = fleet.status;
  const generation = fleet.metadata.generation ?? 0;
  const {
    level: _level,
    attention: _attention,
    invalidAgents: _invalid,
    ...kept
  } = before ?? { observedGeneration: -1 };
  const sum = rollUp(members);
  const conditions = { ...standingConditions(standing), Drifted: drifted(sum), StormGuard: stormCondition(storm) };
  const status: AgentFleetStatus = {
    ...kept,
    ...sum,
    observedGeneration: generation,
    conditions: [...nextConditions(before?.conditions, conditions, generation, fromInstant(now))],
    ...(invalid.length === 0 ? {} : { invalidAgents: invalid.slice(0, INVALID_LIMIT) }),
  };
  return { status, events: [...eventsFor(before, invalid), ...stormEvents(before, storm, endedStorm)] };
}

/** One event per entry that became invalid, or is invalid for another reason than before. */
function eventsFor(before: AgentFleetStatus | undefined, invalid: readonly InvalidAgent[]): readonly EventNote[] {
  const known = before?.invalidAgents ?? [];
  return invalid
    .slice(0, INVALID_LIMIT)
    .filter((entry) => !known.some((old) => isDeepStrictEqual(old, entry)))
    .map(({ name, reason, message }) => ({
      type: "Warning",
      reason,
      action: "Apply",
      note: `agent ${name}: ${message}`,
    }));
}

/** One event when a storm begins, which a person is to look at, and one when it is over (C6). */
function stormEvents(
  before: AgentFleetStatus | undefined,
  storm: Storm | undefined,
  ended: Storm | undefined,
): readonly EventNote[] {
  const wasOn = condition(before?.conditions, "StormGuard")?.status === "True";
  if (storm !== undefined) return wasOn ? [] : [stormBeganEvent(storm)];
  return wasOn && ended !== undefined ? [stormEndedEvent(ended)] : [];
}
