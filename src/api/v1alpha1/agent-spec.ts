import * as z from "zod";
import { containerFields } from "./container.ts";
import type { Exact } from "./exact.ts";
import { byOperator, int32, listAtomic, listSet, objectName, quantity, text } from "./fields.ts";
import { nightwatchOverridesSchema } from "./nightwatch.ts";
import { immutable, matches, withRules, type Rule } from "./rules.ts";
import { schedule, timeZone } from "./times.ts";

export const layers = ["Safety", "Core", "Growth"] as const;
export type Layer = (typeof layers)[number];

export const tools = ["claude", "codex", "opencode", "gemini", "text"] as const;
export type Tool = (typeof tools)[number];

/** Longest task. It travels in one environment variable, together with a run's own: Linux allows 128 KiB. */
export const TASK_MAX = 32_768;

/** Seconds of a day: no cooldown is longer. */
const DAY_SECONDS = 86_400;

const runLimits = byOperator(
  z
    .object({
      activeDeadlineSeconds: int32(1).default(3600).describe("Seconds after which a run is stopped (Timeout)."),
      retries: int32(0, 100).default(0).describe("How often a run that failed is tried again."),
      keepSucceeded: int32(0, 1000).default(3).describe("Runs that succeeded and are kept for inspection."),
      keepFailed: int32(0, 1000).default(3).describe("Runs that failed and are kept for inspection."),
    })
    .prefault({})
    .describe("Bounds of a run of a Core or Growth agent, and how many ended ones are kept."),
);

const restart = byOperator(
  z
    .object({
      cooldownSeconds: int32(1, DAY_SECONDS)
        .default(60)
        .describe(
          "Seconds between the end of a Safety agent's container and its next start; doubles per failure in a row up to 600.",
        ),
      maxRestarts: int32(0, 100)
        .default(10)
        .describe(
          "Failures within windowSeconds after which the agent stands still (Stalled, RestartBudgetExhausted).",
        ),
      windowSeconds: int32(60).default(43_200).describe("Seconds over which failures are counted."),
    })
    .prefault({})
    .describe("How a Safety agent is started again after its container ended."),
);

/** A login in an address would be stored and shown with it, by us, by git and in its messages. */
const loginInUrl = "^https?://[^/]*@";
const noLogin: Rule<string> = {
  rule: `!self.matches(r'${loginInUrl}')`,
  message: "url must hold no user name, password or token: they belong into secretRef",
  holds: (self) => !new RegExp(loginInUrl).test(self),
};

const workspace = z
  .object({
    git: z
      .object({
        url: withRules(text(2048), [
          matches(
            "^(https?://|ssh://|[A-Za-z0-9._-]+@)",
            "url must start with https://, http:// or ssh://, or look like git@host:path",
          ),
          noLogin,
        ]).describe("Address of the repository to clone. Credentials belong into secretRef, never into the address."),
        ref: text(255)
          .optional()
          .describe("Branch, tag or commit to check out. Omitted: the repository's default branch."),
        secretRef: z
          .object({ name: objectName().describe("Name of the Secret, in the same namespace.") })
          .optional()
          .describe(
            "Secret with the repository's credentials: keys username (default git) and password. Omitted: none are used.",
          ),
      })
      .optional()
      .describe("A Git repository that is cloned before the agent starts. Omitted: the directory starts empty."),
    persistent: z
      .object({
        size: quantity().describe("Size of the volume, such as 5Gi."),
        storageClassName: objectName()
          .optional()
          .describe("StorageClass of the volume. Omitted: the cluster's default."),
      })
      .optional()
      .describe("Keeps the directory on a volume from run to run. Omitted: it is gone with the run."),
  })
  .optional()
  .describe("The working directory: one per run, isolated from all others. Omitted: an empty directory.");

/** The fields of an Agent that a fleet's defaults may set as well: all but layer, schedule and task. */
const sharedFields = {
  tool: z
    .enum(tools)
    .describe(
      "The program that does the work: how it is started and how its output is read. text runs any command and reads plain text.",
    ),
  image: text(1024)
    .optional()
    .describe("Container image. Omitted: the tool's image, set when darkfactory is installed."),
  command: listAtomic(text(32_768, 0), 64)
    .optional()
    .describe("Program and first arguments, as in a container. Omitted: the tool's own. The tool text needs one."),
  args: listAtomic(text(32_768, 0), 256)
    .optional()
    .describe("Further arguments, as in a container. Omitted: the tool's own."),
  model: text(253).optional().describe("Model that the tool asks its provider for. Omitted: the tool's default."),
  capabilities: listSet(text(63), 64)
    .optional()
    .describe("What the agent is good at, such as security: free words by which work finds agents."),
  timeZone: byOperator(timeZone().default("Etc/UTC").describe("IANA time zone of schedule, such as Europe/London.")),
  concurrencyPolicy: byOperator(
    z
      .enum(["Forbid", "Replace", "Allow"])
      .default("Forbid")
      .describe(
        "What happens when an occurrence comes while a run is active: Forbid skips and records it, Replace stops the old run first, Allow runs both.",
      ),
  ),
  startingDeadlineSeconds: int32(0)
    .optional()
    .describe(
      "Seconds after its time within which a missed occurrence is still run; only the most recent is. Omitted: no limit.",
    ),
  suspend: z
    .boolean()
    .default(false)
    .describe(
      "Whether the agent stands still: no Pod is kept and no run starts. Time spent suspended is not caught up.",
    ),
  runLimits,
  restart,
  resources: containerFields.resources,
  env: containerFields.env,
  envFrom: containerFields.envFrom,
  workspace,
  serviceAccountName: containerFields.serviceAccountName,
  imagePullSecrets: containerFields.imagePullSecrets,
  nightwatch: nightwatchOverridesSchema
    .optional()
    .describe("How this agent is watched, scored and corrected. Each field set here overrides the fleet's."),
  podTemplate: containerFields.podTemplate,
};

/** The fields that each agent must say for itself. */
const ownFields = {
  layer: withRules(z.enum(layers), [
    immutable("layer cannot be changed: delete the agent and create it again"),
  ]).describe(
    "Safety: always exactly one Pod runs. Core: runs on a schedule. Growth: runs on demand. Cannot be changed.",
  ),
  task: text(TASK_MAX)
    .optional()
    .describe(
      "What the agent is to do: the prompt, or the script for text: it follows a command line that ends in -c. Every container finds it in DARKFACTORY_TASK.",
    ),
  schedule: schedule()
    .optional()
    .describe(
      "When a Core agent runs: minute hour day-of-month month day-of-week, or @hourly, @daily, @midnight, @weekly, @monthly, @yearly, @annually. Required for Core, forbidden otherwise.",
    ),
};

/** Fields in the order in which people read them. */
const { tool, image, command, args, ...rest } = sharedFields;
const agentFields = {
  layer: ownFields.layer,
  tool,
  image,
  command,
  args,
  task: ownFields.task,
  schedule: ownFields.schedule,
  ...rest,
};

interface Scheduled {
  readonly layer: Layer;
  readonly schedule?: string | undefined;
}

/** What defaults cannot set is required of a fleet's entry as well. */
export const scheduleRules: readonly Rule<Scheduled>[] = [
  {
    rule: "self.layer != 'Core' || has(self.schedule)",
    message: "schedule is required when layer is Core",
    fieldPath: ".schedule",
    reason: "FieldValueRequired",
    holds: (self) => self.layer !== "Core" || self.schedule !== undefined,
  },
  {
    rule: "self.layer == 'Core' || !has(self.schedule)",
    message: "schedule is only for layer Core: remove it",
    fieldPath: ".schedule",
    reason: "FieldValueForbidden",
    holds: (self) => self.layer === "Core" || self.schedule === undefined,
  },
];

const commandRule: Rule<{ readonly tool: Tool; readonly command?: readonly string[] | undefined }> = {
  rule: "self.tool != 'text' || (has(self.command) && size(self.command) > 0)",
  message: "command is required when tool is text: it is the program to run",
  fieldPath: ".command",
  reason: "FieldValueRequired",
  holds: (self) => self.tool !== "text" || (self.command !== undefined && self.command.length > 0),
};

export const agentSpecSchema = withRules(z.object(agentFields), [...scheduleRules, commandRule]);

/** An agent's fields as a fleet's entry gives them: what defaults may supply is optional, and nothing is filled in. */
export const agentEntryFields = { ...agentFields, tool: tool.optional() };

/** What a fleet gives each of its agents that does not say otherwise. */
export const agentDefaultsFields = { ...sharedFields, tool: tool.optional() };

export type AgentSpec = Exact<z.output<typeof agentSpecSchema>>;
export type AgentSpecInput = Exact<z.input<typeof agentSpecSchema>>;
