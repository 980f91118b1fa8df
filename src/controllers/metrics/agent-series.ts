import { driftLevels } from "../../api/v1alpha1/nightwatch.ts";
import { label } from "../../workloads/labels.ts";
import { toInstant } from "../../workloads/time.ts";
import type { StoredAgent } from "../agent/observed.ts";
import { condition } from "../conditions.ts";
import type { Family, Sample, StateFamily } from "./family.ts";

/**
 * Agents with series of their own; each has about fifteen, so a page stays below 3 MB. Beyond it the agents in trouble come
 * first, and the figures of fleets still count everyone.
 */
export const AGENT_SERIES_MAX = 1000;

/** Conditions that are shown; more would cost every agent a series each. */
const CONDITIONS = ["Ready", "Stalled", "Drifted", "Paused", "RateLimited"] as const;

type AgentFamily = StateFamily<readonly StoredAgent[]>;

/** The metrics that each agent has. */
export const agentFamilies: readonly AgentFamily[] = [
  {
    name: "darkfactory_agent_info",
    help: "Always 1; what an agent is, to join with its other metrics",
    type: "gauge",
    labels: ["namespace", "agent", "fleet", "layer", "tool", "model"],
    samples: (agents) =>
      agents.map((agent) => ({
        labels: {
          ...identity(agent),
          fleet: fleetOf(agent),
          layer: agent.spec.layer,
          tool: agent.spec.tool ?? "",
          model: agent.spec.model ?? "",
        },
        value: 1,
      })),
  },
  {
    name: "darkfactory_agent_condition",
    help: `1 while the condition (${CONDITIONS.join(", ")}) is True, 0 while it is not`,
    type: "gauge",
    labels: ["namespace", "agent", "condition"],
    samples: (agents) =>
      agents.flatMap((agent) =>
        CONDITIONS.map((type) => ({
          labels: { ...identity(agent), condition: type },
          value: condition(agent.status?.conditions, type)?.status === "True" ? 1 : 0,
        })),
      ),
  },
  perAgent("gauge", "suspended", "1 while spec.suspend is true", ({ spec }) => (spec.suspend ? 1 : 0)),
  perAgent("gauge", "drift_ratio", "Drift score from 0 to 1; absent while there are too few samples", ({ status }) =>
    status?.drift?.scorePercent === undefined ? undefined : status.drift.scorePercent / 100,
  ),
  perAgent(
    "gauge",
    "drift_level",
    `Drift level: ${driftLevels.map((name, n) => `${n} ${name}`).join(", ")}`,
    (agent) => (agent.status?.drift?.level === undefined ? undefined : driftLevels.indexOf(agent.status.drift.level)),
  ),
  perAgent(
    "counter",
    "corrections_total",
    "Corrections so far; kept in the agent's status, so that it survives the operator",
    ({ status }) => status?.correction?.total ?? 0,
  ),
  perAgent(
    "counter",
    "skipped_runs_total",
    "Occurrences of the schedule that did not run; kept in the agent's status",
    ({ spec, status }) => (spec.layer === "Core" ? (status?.skippedRuns?.total ?? 0) : undefined),
  ),
  perAgent(
    "gauge",
    "restart_failures",
    "Failures of a Safety agent that count against restart.maxRestarts",
    ({ spec, status }) => (spec.layer === "Safety" ? (status?.restart?.failuresInWindow ?? 0) : undefined),
  ),
  perAgent("gauge", "last_run_timestamp_seconds", "When a Pod or run last started", ({ status }) =>
    seconds(status?.lastRunTime),
  ),
  perAgent("gauge", "last_success_timestamp_seconds", "When a run last ended with success", ({ status }) =>
    seconds(status?.lastSuccessTime),
  ),
  perAgent("gauge", "next_run_timestamp_seconds", "When a Core agent runs next", ({ status }) =>
    seconds(status?.nextRunTime),
  ),
  perAgent(
    "gauge",
    "last_evaluation_timestamp_seconds",
    "When an evaluation last brought news; an agent that is silent and well has none, see evaluation_age_seconds",
    ({ status }) => seconds(status?.drift?.lastEvaluationTime),
  ),
];

/** Of what this process remembers: it is not in any object, for an evaluation without news writes nothing (D12). */
export const evaluationAge: Family = {
  name: "darkfactory_agent_evaluation_age_seconds",
  help: "Seconds since an agent that runs was last evaluated, with or without news, or since this operator leads; grows while nobody evaluates it",
  type: "gauge",
  labels: ["namespace", "agent"],
};

/** Its samples: none of an agent that does not run, which is not evaluated (D11). */
export function evaluationAges(
  agents: readonly StoredAgent[],
  secondsSince: (agentUID: string) => number | undefined,
): readonly Sample[] {
  return agents.flatMap((agent) => {
    const value = secondsSince(agent.metadata.uid);
    return value === undefined ? [] : [{ labels: identity(agent), value }];
  });
}

/** The agents that get series of their own: all, or where they are too many those in trouble, then by name. */
export function agentsShown(agents: readonly StoredAgent[], most = AGENT_SERIES_MAX): readonly StoredAgent[] {
  if (agents.length <= most) return agents;
  const keyed = agents.map((agent) => ({ agent, trouble: troubleOf(agent), key: keyOf(agent) }));
  keyed.sort((a, b) => b.trouble - a.trouble || (a.key < b.key ? -1 : 1));
  return keyed.slice(0, most).map(({ agent }) => agent);
}

/** The fleet that an agent belongs to; empty when it belongs to none. */
export function fleetOf(agent: StoredAgent | undefined): string {
  return agent?.metadata.labels?.[label.fleet] ?? "";
}

function troubleOf({ status }: StoredAgent): number {
  const isTrue = (type: string): boolean => condition(status?.conditions, type)?.status === "True";
  return (isTrue("Ready") ? 0 : 1) + (isTrue("Drifted") ? 1 : 0) + (isTrue("Paused") ? 1 : 0);
}

function perAgent(
  type: "gauge" | "counter",
  name: string,
  help: string,
  of: (agent: StoredAgent) => number | undefined,
): AgentFamily {
  return {
    name: `darkfactory_agent_${name}`,
    help,
    type,
    labels: ["namespace", "agent"],
    samples: (agents) =>
      agents.flatMap((agent) => {
        const value = of(agent);
        return value === undefined ? [] : [{ labels: identity(agent), value }];
      }),
  };
}

function identity({ metadata }: StoredAgent): { readonly namespace: string; readonly agent: string } {
  return { namespace: metadata.namespace ?? "", agent: metadata.name };
}

function keyOf({ metadata }: StoredAgent): string {
  return `${metadata.namespace}/${metadata.name}`;
}

/** Unix seconds of an RFC 3339 time; undefined when there is none that can be read. */
function seconds(time: string | undefined): number | undefined {
  const instant = time === undefined ? NaN : toInstant(time);
  return Number.isNaN(instant) ? undefined : instant / 1000;
}
