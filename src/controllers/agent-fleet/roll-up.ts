import { isDeepStrictEqual } from "node:util";
import type { AgentFleetStatus } from "../../api/v1alpha1/agent-fleet.ts";
import { condition, type NewCondition } from "../conditions.ts";
import type { StoredAgent } from "../agent/observed.ts";

const LAYERS = ["Safety", "Core", "Growth"] as const;

/** Best first: the worst of a fleet is the one furthest to the right. */
const LEVELS = ["Normal", "Minor", "Moderate", "Severe", "Critical"] as const;

type Level = (typeof LEVELS)[number];

/** How many agents `attention` names. */
const ATTENTION = 5;

/** The fleet's figures from its agents' own statuses (F4). */
export function rollUp(
  agents: readonly StoredAgent[],
): Pick<AgentFleetStatus, "agents" | "layers" | "level" | "attention"> {
  const levels = agents.map(levelOf).filter((level) => level !== undefined);
  return {
    agents: {
      total: agents.length,
      ready: agents.filter(isReady).length,
      running: agents.filter(isRunning).length,
      drifted: agents.filter(isDrifted).length,
      paused: agents.filter(isPaused).length,
    },
    layers: LAYERS.map((layer) => {
      const inLayer = agents.filter((agent) => agent.spec.layer === layer);
      return {
        layer,
        total: inLayer.length,
        ready: inLayer.filter(isReady).length,
        running: inLayer.filter(isRunning).length,
      };
    }).filter(({ total }) => total > 0),
    ...(levels.length === 0
      ? {}
      : { level: levels.reduce((worst, level) => (rank(level) > rank(worst) ? level : worst)) }),
    attention: agents
      .filter((agent) => !isReady(agent) || isDrifted(agent))
      .sort((a, b) => need(b) - need(a) || (a.metadata.name < b.metadata.name ? -1 : 1))
      .slice(0, ATTENTION)
      .map(toAttention),
  };
}

/**
 * Whether a fleet may be summed up otherwise because an agent's status changed. Most changes only count lines, and one sum of
 * a hundred agents costs what an evaluation does.
 */
export function isSummedUpOtherwise(before: StoredAgent, after: StoredAgent): boolean {
  return !isDeepStrictEqual(summedUp(before), summedUp(after));
}

/** All that a fleet goes by of an agent's status. */
function summedUp(agent: StoredAgent): readonly unknown[] {
  const { conditions = [], drift } = agent.status ?? {};
  return [
    isRunning(agent),
    drift?.level,
    drift?.scorePercent,
    ...conditions.map(({ type, status, reason, observedGeneration }) => [type, status, reason, observedGeneration]),
  ];
}

/** Whether any of a fleet's agents drifts, and how far the worst. */
export function drifted({ agents, level }: Pick<AgentFleetStatus, "agents" | "level">): NewCondition {
  const { total = 0, drifted: count = 0 } = agents ?? {};
  const message = `${count} of ${total} agents drift`;
  if (count === 0) return { type: "Drifted", status: "False", reason: "Normal", message };
  return { type: "Drifted", status: "True", reason: level ?? "Minor", message: `${message}; the worst is ${level}` };
}

/** Ready for the generation that stands in the spec: an older answer is none. */
export function isReady(agent: StoredAgent): boolean {
  const ready = condition(agent.status?.conditions, "Ready");
  return ready?.status === "True" && ready.observedGeneration === agent.metadata.generation;
}

/** Nobody is needed: it was not looked at since its spec changed, or work on it is in hand. */
export function isOnItsWay({ metadata, status }: StoredAgent): boolean {
  const ready = condition(status?.conditions, "Ready");
  const isAnswered = ready?.observedGeneration === metadata.generation;
  return !isAnswered || condition(status?.conditions, "Reconciling")?.status === "True";
}

function isRunning(agent: StoredAgent): boolean {
  return (agent.status?.active?.length ?? 0) > 0;
}

function isDrifted(agent: StoredAgent): boolean {
  return condition(agent.status?.conditions, "Drifted")?.status === "True";
}

function isPaused(agent: StoredAgent): boolean {
  return condition(agent.status?.conditions, "Paused")?.status === "True";
}

function levelOf(agent: StoredAgent): Level | undefined {
  return agent.status?.drift?.level;
}

function rank(level: Level | undefined): number {
  return level === undefined ? -1 : LEVELS.indexOf(level);
}

/** Worst first: by level, then by score, then what is stalled, then what is in trouble, then what is on its way. */
function need(agent: StoredAgent): number {
  const score = agent.status?.drift?.scorePercent ?? 0;
  return rank(levelOf(agent)) * 1000 + score * 4 + unreadiness(agent);
}

function unreadiness(agent: StoredAgent): 0 | 1 | 2 | 3 {
  if (isReady(agent)) return 0;
  if (isOnItsWay(agent)) return 1;
  return condition(agent.status?.conditions, "Stalled")?.status === "True" ? 3 : 2;
}

function toAttention(agent: StoredAgent): NonNullable<AgentFleetStatus["attention"]>[number] {
  const level = levelOf(agent);
  const score = agent.status?.drift?.scorePercent;
  const reason = condition(agent.status?.conditions, isReady(agent) ? "Drifted" : "Ready")?.reason ?? "Pending";
  return {
    name: agent.metadata.name,
    reason,
    ...(level === undefined ? {} : { level }),
    ...(score === undefined ? {} : { scorePercent: score }),
  };
}
