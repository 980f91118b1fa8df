import * as z from "zod";
import { TASK_MAX } from "./agent-spec.ts";
import { logCursor } from "./agent-status.ts";
import type { Parsed } from "./check.ts";
import { conditions, observedGeneration } from "./condition.ts";
import type { Exact } from "./exact.ts";
import { exitFields } from "./exit.ts";
import { AGENT_NAME_MAX, NAME_MAX, int64, objectName, text, time } from "./fields.ts";
import type { CustomObject, ObjectMeta } from "./object.ts";
import { parseObject } from "./parse.ts";
import { immutable, withRules } from "./rules.ts";

/** What made a run start (R1). */
export const triggers = ["Schedule", "OnDemand", "Handoff", "Replacement"] as const;
export type Trigger = (typeof triggers)[number];

export const agentRunSpecSchema = withRules(
  z.object({
    agentRef: z
      .object({ name: text(AGENT_NAME_MAX).describe("Name of the Agent, in the same namespace.") })
      .describe("The Agent, of layer Core or Growth, that is to run."),
    task: text(TASK_MAX).optional().describe("What this run is to do, added to the agent's own task."),
    trigger: z
      .enum(triggers)
      .default("OnDemand")
      .describe(
        "What made the run start: its schedule, a request, another agent, or a correction that replaced a run.",
      ),
    scheduledTime: time()
      .optional()
      .describe("The occurrence of the schedule. Required with trigger Schedule, forbidden otherwise."),
  }),
  [
    {
      rule: "self.trigger != 'Schedule' || has(self.scheduledTime)",
      message: "scheduledTime is required when trigger is Schedule",
      fieldPath: ".scheduledTime",
      reason: "FieldValueRequired",
      holds: (self) => self.trigger !== "Schedule" || self.scheduledTime !== undefined,
    },
    {
      rule: "self.trigger == 'Schedule' || !has(self.scheduledTime)",
      message: "scheduledTime is only for trigger Schedule: remove it",
      fieldPath: ".scheduledTime",
      reason: "FieldValueForbidden",
      holds: (self) => self.trigger === "Schedule" || self.scheduledTime === undefined,
    },
    immutable("the spec of a run cannot be changed: create another run"),
  ],
);

const count = (what: string) => int64().optional().describe(what);

export const agentRunStatusSchema = z.object({
  observedGeneration: observedGeneration(),
  conditions: conditions("Started (False with the reason why the run waits), Complete and Failed."),
  display: z
    .object({
      state: text(253).optional().describe("Complete, Failed, Running, or the reason why the run waits."),
      duration: text(64).optional().describe("How long the run took, such as 4m12s. Absent until it ended."),
    })
    .optional()
    .describe(
      "Texts for kubectl get, which cannot compute them. For people only: programs read the conditions and times.",
    ),
  jobName: objectName().optional().describe("Name of the run's Job."),
  podName: objectName().optional().describe("Name of the latest Pod of that Job."),
  startTime: time().optional().describe("When the Pod started."),
  completionTime: time().optional().describe("When the run ended."),
  exit: z.object(exitFields).optional().describe("How the run ended."),
  signals: z
    .object({
      lines: count("Lines of output."),
      errorLines: count("Lines that report an error."),
      commands: count("Commands that the agent ran."),
      failedCommands: count("Commands that failed."),
      apiErrors: count("Requests to the model's provider that failed."),
      rateLimits: count("Requests that the provider turned away because of a rate limit."),
    })
    .optional()
    .describe("What was counted in the run's output."),
  cursor: logCursor(),
  usage: z
    .object({
      inputTokens: count("Tokens sent to the model."),
      outputTokens: count("Tokens that the model wrote."),
      cacheReadTokens: count("Tokens that the provider took from its cache."),
      costMicroUSD: count("Cost in millionths of a US dollar."),
    })
    .optional()
    .describe("What the run used, as the tool reported it."),
  result: z
    .object({
      summary: text(32_768, 0).optional().describe("The agent's own summary; a long one is cut."),
      sessionID: text(1024, 0).optional().describe("The tool's session, by which the work can be taken up again."),
    })
    .optional()
    .describe("The run's own verdict."),
});

export type AgentRunSpec = Exact<z.output<typeof agentRunSpecSchema>>;
export type AgentRunSpecInput = Exact<z.input<typeof agentRunSpecSchema>>;
export type AgentRunStatus = Exact<z.output<typeof agentRunStatusSchema>>;

/** One execution of a Core or Growth agent. Parsed: defaults filled in. */
export type AgentRun<M extends ObjectMeta = ObjectMeta> = CustomObject<AgentRunSpec, AgentRunStatus, M>;

/** An AgentRun as a person, a pipeline or the schedule writes it. */
export type AgentRunManifest = CustomObject<AgentRunSpecInput, AgentRunStatus>;

export const agentRunResource = {
  group: "darkfactory.dev",
  version: "v1alpha1",
  kind: "AgentRun",
  plural: "agentruns",
  namespaced: true,
} as const;

const schemas = { spec: agentRunSpecSchema, status: agentRunStatusSchema, nameMax: NAME_MAX };

/** An AgentRun from the wire with its defaults filled in, or all that is wrong with it. Keeps what is known of its metadata. */
export function parseAgentRun<M extends ObjectMeta>(raw: { readonly metadata: M }): Parsed<AgentRun<M>>;
export function parseAgentRun(raw: unknown): Parsed<AgentRun>;
export function parseAgentRun(raw: unknown): Parsed<AgentRun> {
  return parseObject<AgentRunSpec, AgentRunStatus>(schemas, raw);
}
