import { setImmediate as nextTurn } from "node:timers/promises";
import type { Registry } from "prom-client";
import type { AgentRun } from "../../api/v1alpha1/agent-run.ts";
import type { Stored } from "../../kube/types.ts";
import type { Caches } from "../caches.ts";
import { AGENT_SERIES_MAX, agentFamilies, agentsShown, evaluationAge, evaluationAges } from "./agent-series.ts";
import { countChanges, countedFamilies } from "./counted.ts";
import type { Family, Sample } from "./family.ts";
import { fleetFamilies } from "./fleet-series.ts";

const buildInfo: Family = {
  name: "darkfactory_build_info",
  help: "Always 1; the version of the operator and of Node",
  type: "gauge",
  labels: ["version", "node_version"],
};

const leftOut: Family = {
  name: "darkfactory_agents_without_series",
  help: `Agents beyond ${AGENT_SERIES_MAX}, which have no series of their own`,
  type: "gauge",
  labels: [],
};

/** Every metric of darkfactory itself, in the order in which the documentation lists them. */
export const families: readonly Family[] = [
  buildInfo,
  ...agentFamilies,
  evaluationAge,
  leftOut,
  ...fleetFamilies,
  ...countedFamilies,
];

export interface MetricsPageOptions {
  /** What is shown besides: the runtime's metrics. Counters are added to it. */
  readonly registry: Registry;
  /** The caches of each watched namespace, or of all. */
  readonly caches: readonly Caches[];
  /** Only the leader shows how agents are, so that no sum over replicas counts one twice. */
  readonly isLeader: () => boolean;
  /** How long ago an agent was evaluated, by its uid; undefined where it is not evaluated at all. */
  readonly secondsSinceEvaluation: (agentUID: string) => number | undefined;
  readonly version: string;
}

/** What /metrics answers (see HttpOptions in runtime/). */
export interface MetricsPage {
  readonly contentType: string;
  readonly metrics: () => Promise<string>;
}

/**
 * The page of all metrics. How agents, fleets and runs are is not kept up to date for it: a scrape reads the caches and
 * writes the text itself, because a registry's gauges cost 25 µs a series and would stop the event loop for half a second.
 * A thousand agents' page still takes some 50 ms, so each metric is written in a turn of its own.
 */
export function createMetricsPage(options: MetricsPageOptions): MetricsPage {
  const { registry, caches, isLeader, secondsSinceEvaluation, version } = options;
  for (const each of caches) countChanges(registry, each, isLeader);
  const build = textOf(buildInfo, [{ labels: { version, node_version: process.version }, value: 1 }]);

  async function state(): Promise<string> {
    const scopes = isLeader() ? caches : [];
    const agents = scopes.flatMap((scope) => scope.agents.list());
    const fleets = scopes.flatMap((scope) => scope.fleets.list());
    const runs = scopes.flatMap((scope) => scope.runs.list());
    const shown = agentsShown(agents);
    const seen = { agents, fleets, runs, agentOf };
    const parts = [build];
    for (const family of agentFamilies) {
      parts.push(textOf(family, family.samples(shown)));
      await nextTurn();
    }
    parts.push(textOf(evaluationAge, evaluationAges(shown, secondsSinceEvaluation)));
    parts.push(textOf(leftOut, [{ labels: {}, value: agents.length - shown.length }]));
    for (const family of fleetFamilies) {
      parts.push(textOf(family, family.samples(seen)));
      await nextTurn();
    }
    return parts.join("\n");
  }

  function agentOf({ metadata, spec }: Stored<AgentRun>) {
    const ref = { name: spec.agentRef.name, ...(metadata.namespace && { namespace: metadata.namespace }) };
    for (const scope of caches) {
      const found = scope.agents.get(ref);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  return {
    contentType: registry.contentType,
    metrics: async () => `${await registry.metrics()}\n${await state()}`,
  };
}

/** One metric in Prometheus' text format 0.0.4. */
function textOf({ name, help, type }: Family, samples: readonly Sample[]): string {
  const lines = samples.map(({ labels, value }) => {
    const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escaped(text)}"`);
    return pairs.length === 0 ? `${name} ${value}\n` : `${name}{${pairs.join(",")}} ${value}\n`;
  });
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join("")}`;
}

function escaped(value: string): string {
  return /[\\"\n]/.test(value) ? value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n") : value;
}
