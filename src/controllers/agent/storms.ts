import type { Agent } from "../../api/v1alpha1/agent.ts";
import type { Nightwatch } from "../../api/v1alpha1/nightwatch.ts";
import { affectedSince } from "../../nightwatch/affected.ts";
import {
  MIN_AFFECTED,
  needsRound,
  RECENT_MS,
  type Storm,
  type StormGuard,
  type StormMember,
  stormBegins,
  stormEnds,
} from "../../nightwatch/storm.ts";
import type { Clock, Informer, Instant } from "../../runtime/contract.ts";
import { controllerOf } from "../../workloads/labels.ts";
import { toInstant } from "../../workloads/time.ts";
import { condition } from "../conditions.ts";
import type { StoredAgent, StormView } from "./observed.ts";

/** How long the others' evaluations are waited for before a correction goes on without those that are missing. */
const ROUND_MS = 15_000;

/**
 * The storm guard (C6): one incident of a provider or a cluster is told from agents that drift by themselves. What it knows
 * is in memory; a new leader finds a storm that goes on in the marks that its agents' statuses have (drift.affected.storm).
 */
export interface Storms {
  /** How an agent's group stands, without asking anybody. */
  viewOf(agent: StoredAgent): StormView;
  /**
   * May a correction be carried out now? Looks at the others of its group first: those who were not evaluated for 10 s are
   * asked to be, at most once an interval, and until they were the answer is no. The agent is woken then.
   */
  gate(agent: StoredAgent, settings: Nightwatch, affected: Instant | undefined): StormView;
  /**
   * What an evaluation of an agent found, with the status that was written. A storm begins here as well, before any
   * correction is called for: an hour's window takes longer than two intervals to show that a provider is down.
   */
  evaluated(agent: StoredAgent, affected: Instant | undefined, settings: Nightwatch): void;
  /** Nothing of it was evaluated; where nothing of it runs it may be the one that a storm's end waited for. */
  rests(agent: StoredAgent): void;
  forget(agent: StoredAgent): void;
  /** The storm that is on in a fleet, and the last one that is over. */
  stormsOf(fleetUID: string): { readonly storm: Storm | undefined; readonly endedStorm: Storm | undefined };
  /** Told which agents are to be evaluated as soon as possible. */
  onAsk(ask: (agent: StoredAgent) => void): void;
  /** Told of fleets (by uid) in which a storm began or ended. */
  onChange(changed: (fleetUID: string) => void): void;
}

/** What the last evaluation of an agent found. */
type Facts = Pick<StormMember, "affectedSince"> & { readonly lastEvaluation: Instant };

interface Round {
  readonly begin: Instant;
  readonly missing: Set<string>;
  /** Agents whose corrections wait for it. */
  readonly waiting: Map<string, StoredAgent>;
  /** When all were evaluated, or were waited for long enough: for an interval from then on what was found holds. */
  endedAt?: Instant;
  readonly cancel: () => void;
}

interface Group {
  readonly facts: Map<string, Facts>;
  round?: Round;
  storm?: Storm;
  last?: NonNullable<StormView["last"]> & { readonly storm: Storm };
}

/** `agents` must have the index "owner": the uid of the controlling fleet. `intervalOf` gives an agent's evaluation interval in seconds. */
export function createStorms(
  agents: Informer<Agent>,
  clock: Clock,
  intervalOf: (agent: StoredAgent) => number,
): Storms {
  const groups = new Map<string, Group>();
  const askers: ((agent: StoredAgent) => void)[] = [];
  const listeners: ((fleetUID: string) => void)[] = [];

  const membersOf = (key: string): readonly StoredAgent[] =>
    key.startsWith(FLEETLESS) ? agents.list().filter((agent) => groupKey(agent) === key) : agents.byIndex("owner", key);

  function groupOf(key: string): Group {
    const known = groups.get(key);
    if (known !== undefined) return known;
    const group: Group = { facts: new Map(), ...stormInMarks(membersOf(key), intervalOf) };
    groups.set(key, group);
    return group;
  }

  /** The group with this agent as given: the cache may not show yet what was just found or written of it. */
  function membersWith(agent: StoredAgent): readonly StoredAgent[] {
    const { uid } = agent.metadata;
    return membersOf(groupKey(agent)).map((member) => (member.metadata.uid === uid ? agent : member));
  }

  const asSeen = (members: readonly StoredAgent[], group: Group): readonly StormMember[] =>
    members.map((member) => memberOf(member, group.facts.get(member.metadata.uid)));

  function tell(agent: StoredAgent): void {
    const key = groupKey(agent);
    if (!key.startsWith(FLEETLESS)) for (const listener of listeners) listener(key);
  }

  function ask(wanted: readonly StoredAgent[]): void {
    for (const agent of wanted) for (const asker of askers) asker(agent);
  }

  function startRound(group: Group, asked: readonly StoredAgent[]): Round {
    const round: Round = {
      begin: clock.now(),
      missing: new Set(asked.map(({ metadata }) => metadata.uid)),
      waiting: new Map(),
      cancel: clock.after(ROUND_MS, () => endRound(round)),
    };
    group.round = round;
    return round;
  }

  function endRound(round: Round): void {
    if (round.endedAt !== undefined) return;
    round.endedAt = clock.now();
    round.cancel();
    ask([...round.waiting.values()]);
    round.waiting.clear();
  }

  /** Begins a storm where enough of these began to drift together. */
  function beginStorm(
    agent: StoredAgent,
    group: Group,
    members: readonly StormMember[],
    guard: StormGuard,
  ): Storm | undefined {
    const storm = stormBegins(members, guard);
    if (storm === undefined) return undefined;
    group.storm = storm;
    tell(agent);
    return storm;
  }

  /** Ends the storm that is on when too few of those that were affected at its begin still are. */
  function endStorm(agent: StoredAgent, group: Group, members: readonly StoredAgent[]): void {
    if (group.storm === undefined) return;
    const now = clock.now();
    if (!stormEnds(group.storm, asSeen(members.filter(isAtWork), group))) return;
    group.last = { onset: group.storm.onset, end: now, storm: group.storm };
    delete group.storm;
    tell(agent);
    // What they wrote in the storm is taken out of their windows now, not when it may have moved one of them.
    ask(membersOf(groupKey(agent)).filter(({ status }) => status?.drift?.affected !== undefined));
  }

  return {
    viewOf(agent) {
      const { storm, last } = groupOf(groupKey(agent));
      return {
        isClear: false,
        ...(storm === undefined ? {} : { begin: storm.begin }),
        ...(last === undefined ? {} : { last }),
      };
    },
    gate(agent, settings, affected) {
      const group = groupOf(groupKey(agent));
      const now = clock.now();
      const { uid } = agent.metadata;
      const last = group.last === undefined ? {} : { last: group.last };
      if (group.storm !== undefined) return { isClear: true, begin: group.storm.begin, ...last };
      group.facts.set(uid, { lastEvaluation: now, affectedSince: affected });
      const running = membersOf(groupKey(agent)).filter(isRunning);
      if (running.length < MIN_AFFECTED || settings.stormGuardPercent >= 100) return { isClear: true, ...last };
      if (group.round !== undefined && group.round.endedAt === undefined) {
        group.round.waiting.set(uid, agent);
        return { isClear: false, ...last };
      }
      const { evaluationIntervalSeconds: intervalSeconds, stormGuardPercent: percent } = settings;
      const members = asSeen(running, group);
      const { begin, endedAt: lastRound } = group.round ?? {};
      const unknown = new Set(needsRound(members, { now, intervalSeconds, lastRound }));
      const asked = running.filter(({ metadata }) => unknown.has(metadata.uid));
      if (asked.length > 0) {
        startRound(group, asked).waiting.set(uid, agent);
        ask(asked);
        return { isClear: false, ...last };
      }
      const known = begin === undefined ? members : members.filter((member) => isKnownSince(member, begin));
      const storm = beginStorm(agent, group, known, { now, intervalSeconds, percent });
      // Too many turned since the last round: whether they are a storm the next one tells, at this agent's next evaluation.
      if (storm === undefined && turnedSince(members, lastRound) >= MIN_AFFECTED) return { isClear: false, ...last };
      return { isClear: true, ...(storm === undefined ? {} : { begin: storm.begin }), ...last };
    },
    evaluated(agent, affected, settings) {
      const group = groupOf(groupKey(agent));
      const { uid } = agent.metadata;
      const now = clock.now();
      const before = group.facts.get(uid);
      group.facts.set(uid, { lastEvaluation: now, affectedSince: affected });
      const { round, storm } = group;
      if (round?.missing.delete(uid) === true && round.missing.size === 0) endRound(round);
      // Only one that is in order again can make them fewer, and only one that is not any more can make them more.
      if (storm !== undefined) {
        if (affected === undefined) endStorm(agent, group, membersWith(agent));
      } else if (affected !== undefined && affected !== before?.affectedSince) {
        const { evaluationIntervalSeconds: intervalSeconds, stormGuardPercent: percent } = settings;
        const members = asSeen(membersWith(agent).filter(isRunning), group);
        beginStorm(agent, group, members, { now, intervalSeconds, percent });
      }
    },
    rests(agent) {
      const group = groups.get(groupKey(agent));
      if (group?.storm !== undefined && !isAtWork(agent)) endStorm(agent, group, membersWith(agent));
    },
    forget(agent) {
      const group = groups.get(groupKey(agent));
      const { uid } = agent.metadata;
      if (group === undefined) return;
      group.facts.delete(uid);
      if (group.round?.missing.delete(uid) === true && group.round.missing.size === 0) endRound(group.round);
      endStorm(agent, group, membersOf(groupKey(agent)));
    },
    stormsOf(fleetUID) {
      const { storm, last } = groupOf(fleetUID);
      return { storm, endedStorm: last?.storm };
    },
    onAsk: (asker) => void askers.push(asker),
    onChange: (listener) => void listeners.push(listener),
  };
}

/** Was evaluated in a round or since: who was not may be part of a storm as well, and is none that is in order. */
function isKnownSince({ lastEvaluation }: StormMember, begin: Instant): boolean {
  return lastEvaluation !== undefined && lastEvaluation >= begin - RECENT_MS;
}

/** How many began to drift after a round had found them in order. */
function turnedSince(members: readonly StormMember[], round: Instant | undefined): number {
  if (round === undefined) return 0;
  return members.filter(({ affectedSince: since }) => since !== undefined && since > round).length;
}

/** No uid of a fleet begins like this. */
const FLEETLESS = "namespace ";

/** Agents of one fleet form a group, and those of none one per namespace (C6). */
function groupKey(agent: StoredAgent): string {
  const owner = controllerOf(agent);
  return owner?.kind === "AgentFleet" ? owner.uid : `${FLEETLESS}${agent.metadata.namespace}`;
}

function isRunning({ status }: StoredAgent): boolean {
  return (status?.active?.length ?? 0) > 0;
}

/** Standings in which an agent of which nothing runs is not about to run again by itself. */
const AT_REST = new Set(["Paused", "Suspended", "FleetSuspended"]);

/** It runs, or is between two starts: one that a provider's outage keeps ending is no less affected while it cools down. */
function isAtWork(agent: StoredAgent): boolean {
  if (isRunning(agent)) return true;
  const { spec, status } = agent;
  const ready = condition(status?.conditions, "Ready");
  const isStalled = condition(status?.conditions, "Stalled")?.status === "True";
  return spec.layer === "Safety" && !isStalled && ready !== undefined && !AT_REST.has(ready.reason);
}

/** What was found since this process leads; before that what the agent's status says. */
function memberOf({ metadata, status }: StoredAgent, facts: Facts | undefined): StormMember {
  return { uid: metadata.uid, ...(facts ?? { affectedSince: affectedSince(status?.drift) }) };
}

/** A storm that an earlier leader saw begin: its marks are taken off when it ends. */
function stormInMarks(
  members: readonly StoredAgent[],
  intervalOf: (agent: StoredAgent) => number,
): Pick<Group, "storm"> {
  const marked = members.flatMap((agent) => {
    const { storm, since } = agent.status?.drift?.affected ?? {};
    if (storm === undefined || since === undefined) return [];
    const mark = { uid: agent.metadata.uid, begin: toInstant(storm), since: toInstant(since) };
    // Who drifted long before it, or turned later, was not among those that made it one.
    const isOfBegin = mark.since <= mark.begin && mark.since >= mark.begin - 2000 * intervalOf(agent);
    return isOfBegin ? [mark] : [];
  });
  if (marked.length === 0) return {};
  return {
    storm: {
      begin: Math.min(...marked.map(({ begin }) => begin)),
      onset: Math.min(...marked.map(({ since }) => since)),
      affected: marked.map(({ uid }) => uid),
      running: members.filter(isRunning).length,
    },
  };
}
