import * as z from "zod";
import { agentDefaultsFields, agentEntryFields, layers, scheduleRules } from "./agent-spec.ts";
import type { Parsed } from "./check.ts";
import { conditions, observedGeneration } from "./condition.ts";
import type { Exact } from "./exact.ts";
import { AGENT_NAME_MAX, NAME_MAX, int32, listAtomic, listMap, percent, text } from "./fields.ts";
import { driftLevel, nightwatchSchema } from "./nightwatch.ts";
import type { CustomObject, ObjectMeta } from "./object.ts";
import { parseObject } from "./parse.ts";
import { matches, withRules } from "./rules.ts";
import { withoutDefaults } from "./without-defaults.ts";

/** Most agents that one fleet lists: what the API server's cost limits for rules were measured with. */
export const FLEET_AGENTS_MAX = 1000;

const entryName = withRules(text(AGENT_NAME_MAX), [
  matches(
    "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$",
    "name must consist of lower-case letters, digits and -, and begin and end with a letter or digit",
  ),
]).describe("Name of the Agent. Unique in the namespace.");

const entrySchema = z.object({ name: entryName, ...agentEntryFields });
const agentEntry = withRules(withoutDefaults(entrySchema, "noted"), scheduleRules).describe(
  "One agent: the fields of an Agent's spec. What is not set comes from defaults.",
);

const agentDefaults = withoutDefaults(z.object(agentDefaultsFields), "noted");

export const agentFleetSpecSchema = z.object({
  suspend: z
    .boolean()
    .default(false)
    .describe("Whether all agents of the fleet stand still, each as if it were suspended itself."),
  defaults: agentDefaults
    .optional()
    .describe(
      "Fields that each agent gets unless it sets them: any of an Agent's spec but layer, schedule and task. Maps merge by key, lists by name.",
    ),
  nightwatch: nightwatchSchema.prefault({}).describe("How the fleet's agents are watched, scored and corrected."),
  concurrency: z
    .object({
      max: int32(1)
        .default(15)
        .describe(
          "Most Pods and Jobs of the fleet at a time. Safety agents always run and count first; runs wait for the places that are left.",
        ),
    })
    .prefault({})
    .describe("How much of the fleet runs at a time."),
  rollout: z
    .object({
      maxUnavailablePercent: percent(1)
        .default(25)
        .describe(
          "Share of the Safety agents in percent that are replaced at a time when a change concerns many; at least one.",
        ),
    })
    .prefault({})
    .describe("How a change reaches the fleet's Safety agents."),
  agents: listMap(agentEntry, "name", FLEET_AGENTS_MAX)
    .optional()
    .describe("The agents of the fleet. Each becomes an Agent of that name; removing an entry deletes it."),
});

const count = (what: string) => int32(0).optional().describe(`Agents ${what}.`);

export const agentFleetStatusSchema = z.object({
  observedGeneration: observedGeneration(),
  conditions: conditions(
    "Ready (every agent is), Reconciling (work is in hand), Stalled (a human must mend something), Drifted and StormGuard.",
  ),
  agents: z
    .object({
      total: count("in the fleet"),
      ready: count("that are Ready"),
      running: count("with a Pod or Job that runs"),
      drifted: count("whose level is not Normal"),
      paused: count("that are paused"),
    })
    .optional()
    .describe("How many agents are in which state."),
  layers: listMap(
    z
      .object({
        layer: z.enum(layers).describe("Safety, Core or Growth."),
        total: count("of this layer"),
        ready: count("of this layer that are Ready"),
        running: count("of this layer with a Pod or Job that runs"),
      })
      .describe("One layer."),
    "layer",
    3,
  )
    .optional()
    .describe("The same by layer."),
  level: driftLevel().optional().describe("The worst level of all agents."),
  attention: listAtomic(
    z
      .object({
        name: text(253).describe("Name of the Agent."),
        level: driftLevel().optional().describe("Its level."),
        scorePercent: percent().optional().describe("Its score."),
        reason: text(1024, 0).optional().describe("Why it needs attention, as one CamelCase word."),
      })
      .describe("One agent."),
    5,
  )
    .optional()
    .describe("The agents that need attention most, worst first."),
  invalidAgents: listAtomic(
    z
      .object({
        name: text(253).describe("Name of the entry."),
        reason: text(1024, 0).optional().describe("Why, as one CamelCase word, such as NameConflict."),
        message: text(32_768, 0).optional().describe("What is wrong, where, and what to do."),
      })
      .describe("One entry."),
    20,
  )
    .optional()
    .describe("Entries of spec.agents that could not be applied. They do not stop the others."),
});

export type AgentFleetSpec = Exact<z.output<typeof agentFleetSpecSchema>>;
export type AgentFleetSpecInput = Exact<z.input<typeof agentFleetSpecSchema>>;
export type AgentFleetStatus = Exact<z.output<typeof agentFleetStatusSchema>>;

/** One entry of spec.agents: an Agent's spec with its name, before the fleet's defaults are merged under it. */
export type AgentFleetEntry = Exact<z.input<typeof entrySchema>>;

/** A fleet's spec.defaults. */
export type AgentFleetDefaults = NonNullable<AgentFleetSpec["defaults"]>;

export type AgentFleet<M extends ObjectMeta = ObjectMeta> = CustomObject<AgentFleetSpec, AgentFleetStatus, M>;

/** An AgentFleet as a person writes it. */
export type AgentFleetManifest = CustomObject<AgentFleetSpecInput, AgentFleetStatus>;

export const agentFleetResource = {
  group: "darkfactory.dev",
  version: "v1alpha1",
  kind: "AgentFleet",
  plural: "agentfleets",
  namespaced: true,
} as const;

const schemas = { spec: agentFleetSpecSchema, status: agentFleetStatusSchema, nameMax: NAME_MAX };

/** An AgentFleet from the wire with its defaults filled in, or all that is wrong with it. Keeps what is known of its metadata. */
export function parseAgentFleet<M extends ObjectMeta>(raw: { readonly metadata: M }): Parsed<AgentFleet<M>>;
export function parseAgentFleet(raw: unknown): Parsed<AgentFleet>;
export function parseAgentFleet(raw: unknown): Parsed<AgentFleet> {
  return parseObject<AgentFleetSpec, AgentFleetStatus>(schemas, raw);
}
