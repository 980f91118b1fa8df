import { agentResource } from "../../src/api/v1alpha1/agent.ts";
import type { AgentFleetEntry, AgentFleetManifest } from "../../src/api/v1alpha1/agent-fleet.ts";
import { agentFleetResource } from "../../src/api/v1alpha1/agent-fleet.ts";
import { agentRunResource } from "../../src/api/v1alpha1/agent-run.ts";
import { isConflict, isNotFound } from "../../src/kube/errors.ts";
import { podResource } from "../../src/kube/types-core.ts";
import { nameOf, tool } from "../bench/objects.ts";
import type { Person } from "../chaos/person.ts";
import { choice, oneOf } from "../chaos/seeded-choice.ts";

/** Agents of one fleet: small enough that a change of it is one of many things that go on. */
const FLEET_AGENTS = 50;
/** Of ten agents so many run always, and so many fire each minute; the rest run on demand. */
const SAFETY = 5;
const MINUTELY = 2;

const short = { metadata: { annotations: { "sim.darkfactory.dev/run": "500ms" } } };

/** Fleets with so many agents in all. */
export function soakFleets(agents: number, change = 0): readonly AgentFleetManifest[] {
  return Array.from({ length: Math.ceil(agents / FLEET_AGENTS) }, (_, fleet) => ({
    metadata: { name: nameOf("fleet", fleet) },
    spec: {
      concurrency: { max: 10_000 },
      nightwatch: { evaluationIntervalSeconds: 60 },
      defaults: { ...tool, runLimits: { keepSucceeded: 1, keepFailed: 1 }, restart: { cooldownSeconds: 1 } },
      agents: Array.from({ length: Math.min(FLEET_AGENTS, agents - fleet * FLEET_AGENTS) }, (_, n) =>
        entry(nameOf(`agent-${fleet}`, n), n, change),
      ),
    },
  }));
}

function entry(name: string, index: number, change: number): AgentFleetEntry {
  const task = `work, version ${change}`;
  const kind = index % 10;
  if (kind < SAFETY) return { name, layer: "Safety", task };
  if (kind < SAFETY + MINUTELY) return { name, layer: "Core", schedule: "* * * * *", task, podTemplate: short };
  return { name, layer: "Growth", task, podTemplate: short };
}

/** One of the things that people do all day, chosen by the seed: a change, a deletion, a run. */
export async function disturb(person: Person, agents: number, seed: number, step: number): Promise<void> {
  const fleets = soakFleets(agents, step);
  const fleet = oneOf(fleets, seed, step, "fleet");
  const agent = oneOf(fleet?.spec.agents ?? [], seed, step, "agent");
  if (fleet === undefined || agent === undefined) return;
  const roll = choice(seed, step, "what");
  try {
    if (roll < 0.1) await person.apply(agentFleetResource, fleet as never);
    else if (roll < 0.3) await person.remove(agentResource, agent.name);
    else if (roll < 0.5) await losePod(person, agent.name);
    else await startRun(person, fleet, step);
  } catch (error) {
    // What was chosen went meanwhile, or changed.
    if (!isNotFound(error) && !isConflict(error)) throw error;
  }
}

async function losePod(person: Person, agent: string): Promise<void> {
  const { active = [] } = (await person.agent(agent))?.status ?? {};
  const [first] = active;
  if (first?.kind === "Pod") await person.remove(podResource, first.name);
}

async function startRun(person: Person, fleet: AgentFleetManifest, step: number): Promise<void> {
  const agent = fleet.spec.agents?.find(({ layer }) => layer === "Growth");
  if (agent === undefined) return;
  const run = { metadata: { name: `run-${step}` }, spec: { agentRef: { name: agent.name } } };
  await person.apply(agentRunResource, run as never);
}
