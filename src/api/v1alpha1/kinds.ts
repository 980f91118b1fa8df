import type * as z from "zod";
import { agentResource } from "./agent.ts";
import { agentFleetResource, agentFleetSpecSchema, agentFleetStatusSchema } from "./agent-fleet.ts";
import { agentRunResource, agentRunSpecSchema, agentRunStatusSchema } from "./agent-run.ts";
import { agentSpecSchema } from "./agent-spec.ts";
import { agentStatusSchema } from "./agent-status.ts";
import { AGENT_NAME_MAX, NAME_MAX } from "./fields.ts";

/** One column of `kubectl get`. Never of type date for a time to come: kubectl prints that as <invalid>. */
export interface Column {
  readonly name: string;
  readonly type: "string" | "integer" | "date";
  readonly jsonPath: string;
  /** What the column shows. */
  readonly description: string;
  /** Only with -o wide. */
  readonly wide?: true;
}

/** All that the CRD of a kind and its page in the reference say. */
export interface Kind {
  readonly resource: {
    readonly group: string;
    readonly version: string;
    readonly kind: string;
    readonly plural: string;
  };
  readonly singular: string;
  readonly shortName: string;
  readonly description: string;
  /** Most characters of metadata.name. */
  readonly nameMax: number;
  readonly spec: z.ZodType;
  readonly status: z.ZodType;
  readonly columns: readonly Column[];
  /** Fields that `--field-selector` can select by, beside metadata.name and metadata.namespace. */
  readonly selectableFields: readonly string[];
}

const condition = (type: string, field: string) => `.status.conditions[?(@.type=="${type}")].${field}`;

const ready: Column = {
  name: "Ready",
  type: "string",
  jsonPath: condition("Ready", "status"),
  description: "Whether this generation is reconciled and able to run",
};
const age: Column = {
  name: "Age",
  type: "date",
  jsonPath: ".metadata.creationTimestamp",
  description: "Time since it was created",
};

const agentKind: Kind = {
  resource: agentResource,
  singular: "agent",
  shortName: "dfa",
  description: "An autonomous AI agent: what it is to do, how it is run, and how it is doing.",
  nameMax: AGENT_NAME_MAX,
  spec: agentSpecSchema,
  status: agentStatusSchema,
  columns: [
    ready,
    { name: "Layer", type: "string", jsonPath: ".spec.layer", description: "Safety, Core or Growth" },
    { name: "Level", type: "string", jsonPath: ".status.drift.level", description: "Drift level" },
    { name: "Drift", type: "integer", jsonPath: ".status.drift.scorePercent", description: "Drift score in percent" },
    { name: "Action", type: "string", jsonPath: ".status.correction.action", description: "Last correction" },
    { name: "Last Run", type: "date", jsonPath: ".status.lastRunTime", description: "Time since the last start" },
    age,
    {
      name: "Fleet",
      type: "string",
      jsonPath: ".metadata.labels.darkfactory\\.dev/fleet",
      description: "AgentFleet that it belongs to",
      wide: true,
    },
    { name: "Tool", type: "string", jsonPath: ".spec.tool", description: "Program that does the work", wide: true },
    {
      name: "Next Run",
      type: "string",
      jsonPath: ".status.nextRunTime",
      description: "Next occurrence of the schedule",
      wide: true,
    },
    {
      name: "Corrections",
      type: "integer",
      jsonPath: ".status.correction.total",
      description: "Corrections so far",
      wide: true,
    },
    {
      name: "Reason",
      type: "string",
      jsonPath: condition("Ready", "reason"),
      description: "Reason of Ready",
      wide: true,
    },
    {
      name: "Message",
      type: "string",
      jsonPath: condition("Ready", "message"),
      description: "Message of Ready",
      wide: true,
    },
  ],
  selectableFields: [".spec.layer", ".status.drift.level"],
};

const agentFleetKind: Kind = {
  resource: agentFleetResource,
  singular: "agentfleet",
  shortName: "dffleet",
  description: "A set of agents with common defaults, limits and supervision.",
  nameMax: NAME_MAX,
  spec: agentFleetSpecSchema,
  status: agentFleetStatusSchema,
  columns: [
    ready,
    { name: "Agents", type: "integer", jsonPath: ".status.agents.total", description: "Agents in the fleet" },
    { name: "Running", type: "integer", jsonPath: ".status.agents.running", description: "Agents that run" },
    { name: "Drifted", type: "integer", jsonPath: ".status.agents.drifted", description: "Agents not at level Normal" },
    { name: "Paused", type: "integer", jsonPath: ".status.agents.paused", description: "Agents that are paused" },
    { name: "Level", type: "string", jsonPath: ".status.level", description: "Worst drift level" },
    age,
  ],
  selectableFields: [],
};

const agentRunKind: Kind = {
  resource: agentRunResource,
  singular: "agentrun",
  shortName: "dfrun",
  description: "One execution of a Core or Growth agent. It becomes one Job of the same name; deleting it cancels it.",
  nameMax: NAME_MAX,
  spec: agentRunSpecSchema,
  status: agentRunStatusSchema,
  columns: [
    { name: "Agent", type: "string", jsonPath: ".spec.agentRef.name", description: "Agent that runs" },
    { name: "Trigger", type: "string", jsonPath: ".spec.trigger", description: "What made it start" },
    {
      name: "Status",
      type: "string",
      jsonPath: ".status.display.state",
      description: "Complete, Failed, Running, or why it waits",
    },
    { name: "Exit", type: "string", jsonPath: ".status.exit.class", description: "How it ended" },
    { name: "Started", type: "date", jsonPath: ".status.startTime", description: "Time since it started" },
    { name: "Duration", type: "string", jsonPath: ".status.display.duration", description: "How long it took" },
    age,
  ],
  selectableFields: [],
};

export const kinds: readonly Kind[] = [agentKind, agentFleetKind, agentRunKind];
