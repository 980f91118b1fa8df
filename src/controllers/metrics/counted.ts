import { Counter, type Registry } from "prom-client";
import type { AgentRun } from "../../api/v1alpha1/agent-run.ts";
import type { Stored } from "../../kube/types.ts";
import { hasEnded } from "../agent-run/run-state.ts";
import type { StoredAgent } from "../agent/observed.ts";
import type { Caches } from "../caches.ts";
import { fleetOf } from "./agent-series.ts";
import type { Family } from "./family.ts";
import { runGroup } from "./fleet-series.ts";

const counter = <const L extends string>(name: string, help: string, labels: readonly L[]) =>
  ({ name: `darkfactory_${name}`, help, type: "counter", labels }) as const satisfies Family;

const families = {
  corrections: counter("corrections_total", "Corrections by the level that was answered and what was done", [
    "namespace",
    "fleet",
    "level",
    "action",
  ]),
  ended: counter("runs_ended_total", "Runs that ended, by the class of their exit", ["namespace", "fleet", "class"]),
  rateLimits: counter("rate_limits_total", "Requests of runs that a model provider turned away by a rate limit", [
    "namespace",
    "fleet",
    "tool",
  ]),
  tokens: counter("tokens_total", "Tokens of runs, as their tools reported them", ["namespace", "fleet", "direction"]),
  cost: counter("cost_usd_total", "Cost of runs in US dollars, as their tools reported it", ["namespace", "fleet"]),
};

/** The metrics that count what happens while this process leads. */
export const countedFamilies: readonly Family[] = Object.values(families);

/**
 * Counts what ends and what is corrected, as the caches show it. Only the leader counts: two replicas' sums then never say
 * a thing twice, and one that takes over begins with 0, as a restarted process does.
 */
export function countChanges(
  registry: Registry,
  { agents, runs }: Pick<Caches, "agents" | "runs">,
  isLeader: () => boolean,
): void {
  const registers = [registry];
  const existing = <L extends string>({ name, help, labels }: Family & { readonly labels: readonly L[] }) =>
    // One counter for all watched namespaces.
    (registry.getSingleMetric(name) as Counter<L> | undefined) ??
    new Counter<L>({ name, help, labelNames: labels, registers });
  const corrections = existing(families.corrections);
  const ended = existing(families.ended);
  const rateLimits = existing(families.rateLimits);
  const tokens = existing(families.tokens);
  const cost = existing(families.cost);

  agents.onEvent({
    updated(before, after) {
      const more = total(after) - total(before);
      if (more <= 0 || !isLeader()) return;
      const { level = "Unknown", action = "Unknown" } = after.status?.correction ?? {};
      corrections.inc({ namespace: after.metadata.namespace ?? "", fleet: fleetOf(after), level, action }, more);
    },
  });
  runs.onEvent({
    updated(before, after) {
      if (hasEnded(before) || !hasEnded(after) || !isLeader()) return;
      const agent = agentOf(after);
      const group = runGroup(after, agent);
      ended.inc({ ...group, class: after.status?.exit?.class ?? "Unknown" });
      rateLimits.inc({ ...group, tool: agent?.spec.tool ?? "" }, after.status?.signals?.rateLimits ?? 0);
      const { inputTokens, outputTokens, cacheReadTokens, costMicroUSD } = after.status?.usage ?? {};
      for (const [direction, count] of Object.entries({
        input: inputTokens,
        output: outputTokens,
        cacheRead: cacheReadTokens,
      })) {
        if (count !== undefined) tokens.inc({ ...group, direction }, count);
      }
      if (costMicroUSD !== undefined) cost.inc(group, costMicroUSD / 1_000_000);
    },
  });

  function agentOf({ metadata, spec }: Stored<AgentRun>): StoredAgent | undefined {
    return agents.get({ name: spec.agentRef.name, ...(metadata.namespace && { namespace: metadata.namespace }) });
  }
}

function total({ status }: StoredAgent): number {
  return status?.correction?.total ?? 0;
}
