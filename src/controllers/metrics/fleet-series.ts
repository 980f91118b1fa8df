import type { AgentRun } from "../../api/v1alpha1/agent-run.ts";
import type { Stored } from "../../kube/types.ts";
import { hasEnded, hasStarted } from "../agent-run/run-state.ts";
import { isReady } from "../agent-fleet/roll-up.ts";
import type { StoredFleet } from "../agent-fleet/observed.ts";
import type { StoredAgent } from "../agent/observed.ts";
import { condition } from "../conditions.ts";
import { fleetOf } from "./agent-series.ts";
import type { Sample, StateFamily } from "./family.ts";

/** What the figures of fleets are counted from. */
export interface FleetsSeen {
  readonly agents: readonly StoredAgent[];
  readonly fleets: readonly StoredFleet[];
  readonly runs: readonly Stored<AgentRun>[];
  readonly agentOf: (run: Stored<AgentRun>) => StoredAgent | undefined;
}

const CONDITIONS = ["Ready", "Stalled", "Drifted", "StormGuard"] as const;

/** Metrics of fleets: as many series as fleets, whatever the number of agents. Agents of no fleet have an empty fleet. */
export const fleetFamilies: readonly StateFamily<FleetsSeen>[] = [
  {
    name: "darkfactory_fleet_agents",
    help: "Agents by drift level; Unknown where nothing is known, as before the first evaluation",
    type: "gauge",
    labels: ["namespace", "fleet", "layer", "level"],
    samples: ({ agents }) => counted(agents.map((agent) => ({ ...group(agent), level: levelOf(agent) }))),
  },
  {
    name: "darkfactory_fleet_agents_ready",
    help: "Agents that are Ready",
    type: "gauge",
    labels: ["namespace", "fleet", "layer"],
    samples: ({ agents }) => counted(agents.map(group), agents.map(isReady)),
  },
  {
    name: "darkfactory_fleet_agents_running",
    help: "Agents with a Pod or run that is active",
    type: "gauge",
    labels: ["namespace", "fleet", "layer"],
    samples: ({ agents }) =>
      counted(
        agents.map(group),
        agents.map(({ status }) => (status?.active?.length ?? 0) > 0),
      ),
  },
  {
    name: "darkfactory_fleet_condition",
    help: `1 while the condition (${CONDITIONS.join(", ")}) is True, 0 while it is not`,
    type: "gauge",
    labels: ["namespace", "fleet", "condition"],
    samples: ({ fleets }) =>
      fleets.flatMap(({ metadata, status }) =>
        CONDITIONS.map((type) => ({
          labels: { namespace: metadata.namespace ?? "", fleet: metadata.name, condition: type },
          value: condition(status?.conditions, type)?.status === "True" ? 1 : 0,
        })),
      ),
  },
  {
    name: "darkfactory_runs_active",
    help: "Runs that have started and not ended",
    type: "gauge",
    labels: ["namespace", "fleet"],
    samples: ({ runs, agentOf }) =>
      counted(runs.filter((run) => hasStarted(run) && !hasEnded(run)).map((run) => runGroup(run, agentOf(run)))),
  },
  {
    name: "darkfactory_runs_waiting",
    help: "Runs that wait to start, by the reason of their Started condition",
    type: "gauge",
    labels: ["namespace", "fleet", "reason"],
    samples: ({ runs, agentOf }) =>
      counted(
        runs
          .filter((run) => !hasStarted(run) && !hasEnded(run))
          .map((run) => ({ ...runGroup(run, agentOf(run)), reason: waitsFor(run) })),
      ),
  },
];

function group(agent: StoredAgent): Readonly<Record<string, string>> {
  return { namespace: agent.metadata.namespace ?? "", fleet: fleetOf(agent), layer: agent.spec.layer };
}

/** The labels of figures about runs. */
export function runGroup(run: Stored<AgentRun>, agent: StoredAgent | undefined): Readonly<Record<string, string>> {
  return { namespace: run.metadata.namespace ?? "", fleet: fleetOf(agent) };
}

function levelOf({ status }: StoredAgent): string {
  // Unknown/StaleEvidence and Unknown/InsufficientSamples: the level that still stands there was not measured now (D4, D9).
  if (condition(status?.conditions, "Drifted")?.status === "Unknown") return "Unknown";
  return status?.drift?.level ?? "Unknown";
}

function waitsFor({ status }: AgentRun): string {
  return condition(status?.conditions, "Started")?.reason ?? "Pending";
}

/** How many there are of each set of labels. Where `counts` is given, those for which it is false add none, but show as 0. */
function counted(all: readonly Readonly<Record<string, string>>[], counts?: readonly boolean[]): readonly Sample[] {
  const byKey = new Map<string, { labels: Readonly<Record<string, string>>; value: number }>();
  all.forEach((labels, index) => {
    const key = JSON.stringify(labels);
    const sample = byKey.get(key) ?? { labels, value: 0 };
    if (counts === undefined || counts[index] === true) sample.value += 1;
    byKey.set(key, sample);
  });
  return [...byKey.values()];
}
