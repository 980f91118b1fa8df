import type { AgentSpecInput } from "../src/api/v1alpha1/agent.ts";
import type { AgentFleetSpecInput } from "../src/api/v1alpha1/agent-fleet.ts";
import type { AgentRunSpecInput } from "../src/api/v1alpha1/agent-run.ts";

export type KindName = "Agent" | "AgentFleet" | "AgentRun";

/** An object with one thing wrong, and what a user must read: which field, and what to do. */
export interface BrokenManifest {
  readonly what: string;
  readonly kind: KindName;
  readonly name?: string;
  readonly spec: unknown;
  readonly field: string;
  /** The end of the API server's message; the start may hold the value and how it calls the mistake. */
  readonly message: string;
}

/** A change of a stored object that is refused. */
export interface BrokenChange extends BrokenManifest {
  readonly before: unknown;
}

export const growth: AgentSpecInput = { layer: "Growth", tool: "text", command: ["true"] };
export const core: AgentSpecInput = { ...growth, layer: "Core", schedule: "0 3 * * *" };
export const run: AgentRunSpecInput = { agentRef: { name: "reviewer" } };
const entry = { name: "reviewer", layer: "Growth" } as const;
export const fleet: AgentFleetSpecInput = { agents: [entry] };

/** The object as a user would write it. */
export function manifest({ kind, name = "broken", spec }: Pick<BrokenManifest, "kind" | "name" | "spec">) {
  return { apiVersion: "darkfactory.dev/v1alpha1", kind, metadata: { name }, spec };
}

const FIVE_FIELDS =
  "schedule must have five fields (minute hour day-of-month month day-of-week), as in 0 3 * * *, or be one of @hourly, @daily, @midnight, @weekly, @monthly, @yearly, @annually";
const CHARACTERS = "schedule may hold only numbers, the names of months and weekdays, and * / , - (no H, L, W, # or ?)";
const ZONE = "timeZone must be the name of an IANA time zone, such as Europe/London or Etc/UTC";
const TIME_OF_DAY = "must be a time of day on a 24-hour clock with two digits each, such as 22:00";
const ONE_SOURCE = "set exactly one of configMapKeyRef, secretKeyRef, fieldRef and resourceFieldRef";
const REQUIRED = "Required value";

type Row = Omit<BrokenManifest, "kind">;

const schedules: readonly Row[] = [
  ...["* * * *", "0 0 3 * * *", "@every 1h", "@reboot", "@Daily", "@daily ", " 0 3 * * *", "daily"].map((schedule) => ({
    what: `schedule ${JSON.stringify(schedule)}`,
    spec: { ...core, schedule },
    field: "spec.schedule",
    message: FIVE_FIELDS,
  })),
  ...[
    "H 3 * * *",
    "0 3 L * *",
    "0 3 15W * *",
    "0 3 * * 1#2",
    "0 3 ? * *",
    "mon 3 * * *",
    "0 3 * mon *",
    "0 3 * * jan",
  ].map((schedule) => ({
    what: `schedule ${JSON.stringify(schedule)}`,
    spec: { ...core, schedule },
    field: "spec.schedule",
    message: CHARACTERS,
  })),
];

const zones: readonly Row[] = ["Local", "+02:00", "Mars/Olympus", "europe/london", "Etc/../UTC", "London time"].map(
  (timeZone) => ({ what: `timeZone ${timeZone}`, spec: { ...core, timeZone }, field: "spec.timeZone", message: ZONE }),
);

const watched = (what: string, nightwatch: object, field: string, message: string): Row => ({
  what,
  spec: { ...growth, nightwatch },
  field: `spec.nightwatch${field}`,
  message,
});

const rising = "thresholds rise strictly";
const nightwatch: readonly Row[] = [
  watched(
    "moderate below minor",
    { thresholds: { minorPercent: 20, moderatePercent: 10 } },
    ".thresholds.moderatePercent",
    `moderatePercent must be greater than minorPercent: ${rising}`,
  ),
  watched(
    "severe equal to moderate",
    { thresholds: { moderatePercent: 40, severePercent: 40 } },
    ".thresholds.severePercent",
    `severePercent must be greater than moderatePercent: ${rising}`,
  ),
  watched(
    "critical below severe",
    { thresholds: { severePercent: 80, criticalPercent: 70 } },
    ".thresholds.criticalPercent",
    `criticalPercent must be greater than severePercent: ${rising}`,
  ),
  watched(
    "weights that sum to 99",
    { weights: { errorRatePercent: 40, commandSuccessRatePercent: 30, healthScorePercent: 29 } },
    ".weights",
    "weights must sum to 100, so that every level can be reached",
  ),
  watched(
    "a weight left out",
    { weights: { errorRatePercent: 40, commandSuccessRatePercent: 60 } },
    ".weights.healthScorePercent",
    REQUIRED,
  ),
  watched(
    "a window shorter than the interval",
    { windowSeconds: 60, evaluationIntervalSeconds: 61 },
    ".windowSeconds",
    "windowSeconds must be at least evaluationIntervalSeconds",
  ),
  watched("no samples needed", { minSamples: 0 }, ".minSamples", "should be greater than or equal to 1"),
  watched(
    "an interval under 5 s",
    { evaluationIntervalSeconds: 4 },
    ".evaluationIntervalSeconds",
    "should be greater than or equal to 5",
  ),
  watched(
    "an unknown action",
    { actions: { minor: "Kill" } },
    ".actions.minor",
    'Unsupported value: "Kill": supported values: "None", "Warn", "Reload", "Restart", "Pause"',
  ),
  watched(
    "a start of day without minutes",
    { activeHours: { start: "9", end: "17:00" } },
    ".activeHours.start",
    TIME_OF_DAY,
  ),
  watched("an hour past the day", { activeHours: { start: "09:00", end: "24:00" } }, ".activeHours.end", TIME_OF_DAY),
  watched(
    "active hours of no length",
    { activeHours: { start: "09:00", end: "09:00" } },
    ".activeHours.end",
    "end must differ from start; remove activeHours to correct at any hour",
  ),
  watched(
    "active hours on Mars",
    { activeHours: { start: "09:00", end: "17:00", timeZone: "Mars/Olympus" } },
    ".activeHours.timeZone",
    ZONE,
  ),
];

const container: readonly Row[] = [
  {
    what: "tool text without a command",
    spec: { layer: "Growth", tool: "text" },
    field: "spec.command",
    message: "command is required when tool is text: it is the program to run",
  },
  {
    what: "tool text with an empty command",
    spec: { ...growth, command: [] },
    field: "spec.command",
    message: "command is required when tool is text: it is the program to run",
  },
  {
    what: "a variable with value and valueFrom",
    spec: { ...growth, env: [{ name: "A", value: "b", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } }] },
    field: "spec.env[0].valueFrom",
    message: "value and valueFrom exclude each other: remove one of them",
  },
  {
    what: "a variable from nowhere",
    spec: { ...growth, env: [{ name: "A", valueFrom: {} }] },
    field: "spec.env[0].valueFrom",
    message: ONE_SOURCE,
  },
  {
    what: "a variable from two places",
    spec: {
      ...growth,
      env: [{ name: "A", valueFrom: { fieldRef: { fieldPath: "x" }, secretKeyRef: { name: "s", key: "k" } } }],
    },
    field: "spec.env[0].valueFrom",
    message: ONE_SOURCE,
  },
  {
    what: "two variables of one name",
    spec: { ...growth, env: [{ name: "A" }, { name: "A" }] },
    field: "spec.env[1]",
    message: 'Duplicate value: {"name":"A"}',
  },
  {
    what: "variables from nowhere",
    spec: { ...growth, envFrom: [{ prefix: "X" }] },
    field: "spec.envFrom[0]",
    message: "set exactly one of configMapRef and secretRef",
  },
  {
    what: "a negative amount",
    spec: { ...growth, resources: { limits: { cpu: "-1" } } },
    field: "spec.resources.limits.cpu",
    message: "))))?$'",
  },
  {
    what: "a negative amount without quotes",
    spec: { ...growth, resources: { limits: { cpu: -1 } } },
    field: "spec.resources.limits.cpu",
    message: "should be greater than or equal to 0",
  },
  {
    what: "more kinds of resource than there are",
    spec: { ...growth, resources: { limits: Object.fromEntries(Array.from({ length: 17 }, (_, n) => [`r${n}`, 1])) } },
    field: "spec.resources.limits",
    message: "must have at most 16 items",
  },
  {
    what: "a repository at a path",
    spec: { ...growth, workspace: { git: { url: "/srv/repository" } } },
    field: "spec.workspace.git.url",
    message: "url must start with https://, http:// or ssh://, or look like git@host:path",
  },
  {
    what: "a repository's password in its address",
    spec: { ...growth, workspace: { git: { url: "https://me:secret@git.example.com/shop.git" } } },
    field: "spec.workspace.git.url",
    message: "url must hold no user name, password or token: they belong into secretRef",
  },
  {
    what: "a token in a repository's address",
    spec: { ...growth, workspace: { git: { url: "http://token@git.example.com" } } },
    field: "spec.workspace.git.url",
    message: "url must hold no user name, password or token: they belong into secretRef",
  },
  {
    what: "a capability twice",
    spec: { ...growth, capabilities: ["review", "review"] },
    field: "spec.capabilities[1]",
    message: 'Duplicate value: "review"',
  },
];

const agents: readonly Row[] = [
  {
    what: "a name that leaves no room for a run's",
    name: "a".repeat(53),
    spec: growth,
    field: "metadata.name",
    message: "Too long: may not be more than 52 bytes",
  },
  {
    what: "no layer",
    spec: { tool: "text", command: ["true"] },
    field: "spec.layer",
    message: REQUIRED,
  },
  {
    what: "an unknown layer",
    spec: { ...growth, layer: "Chaos" },
    field: "spec.layer",
    message: 'Unsupported value: "Chaos": supported values: "Safety", "Core", "Growth"',
  },
  { what: "no tool", spec: { layer: "Growth", command: ["true"] }, field: "spec.tool", message: REQUIRED },
  {
    what: "Core without a schedule",
    spec: { ...growth, layer: "Core" },
    field: "spec.schedule",
    message: "schedule is required when layer is Core",
  },
  {
    what: "Safety with a schedule",
    spec: { ...core, layer: "Safety" },
    field: "spec.schedule",
    message: "schedule is only for layer Core: remove it",
  },
  {
    what: "Growth with a schedule",
    spec: { ...core, layer: "Growth" },
    field: "spec.schedule",
    message: "schedule is only for layer Core: remove it",
  },
  {
    what: "a cooldown of no time",
    spec: { ...growth, restart: { cooldownSeconds: 0 } },
    field: "spec.restart.cooldownSeconds",
    message: "should be greater than or equal to 1",
  },
  {
    what: "a cooldown of more than a day",
    spec: { ...growth, restart: { cooldownSeconds: 86_401 } },
    field: "spec.restart.cooldownSeconds",
    message: "should be less than or equal to 86400",
  },
  {
    what: "a limit beyond 31 bits",
    spec: { ...growth, runLimits: { activeDeadlineSeconds: 2_147_483_648 } },
    field: "spec.runLimits.activeDeadlineSeconds",
    message: "should be less than or equal to 2147483647",
  },
  {
    what: "fewer retries than none",
    spec: { ...growth, runLimits: { retries: -1 } },
    field: "spec.runLimits.retries",
    message: "spec.runLimits.retries in body should be greater than or equal to 0",
  },
  {
    what: "a model without a name",
    spec: { ...growth, model: "" },
    field: "spec.model",
    message: "should be at least 1 chars long",
  },
  {
    what: "a task of more than 32768 characters",
    spec: { ...growth, task: "x".repeat(32_769) },
    field: "spec.task",
    message: "Too long: may not be more than 32768 bytes",
  },
  {
    what: "a number as task",
    spec: { ...growth, task: 42 },
    field: "spec.task",
    message: 'spec.task in body must be of type string: "integer"',
  },
];

const fleets: readonly Row[] = [
  {
    what: "a fleet's name that fits no label",
    name: "f".repeat(64),
    spec: fleet,
    field: "metadata.name",
    message: "Too long: may not be more than 63 bytes",
  },
  {
    what: "two entries of one name",
    spec: { agents: [entry, entry] },
    field: "spec.agents[1]",
    message: 'Duplicate value: {"name":"reviewer"}',
  },
  {
    what: "an entry's name in capitals",
    spec: { agents: [{ ...entry, name: "Reviewer" }] },
    field: "spec.agents[0].name",
    message: "name must consist of lower-case letters, digits and -, and begin and end with a letter or digit",
  },
  {
    what: "a Core entry without a schedule",
    spec: { agents: [entry, { name: "sync", layer: "Core" }] },
    field: "spec.agents[1].schedule",
    message: "schedule is required when layer is Core",
  },
  {
    what: "a Growth entry with a schedule",
    spec: { agents: [{ ...entry, schedule: "@daily" }] },
    field: "spec.agents[0].schedule",
    message: "schedule is only for layer Core: remove it",
  },
  {
    what: "an unknown time zone in the defaults",
    spec: { defaults: { timeZone: "Mars/Olympus" } },
    field: "spec.defaults.timeZone",
    message: ZONE,
  },
  {
    what: "a threshold above the next one's default",
    spec: { nightwatch: { thresholds: { minorPercent: 20 } } },
    field: "spec.nightwatch.thresholds.moderatePercent",
    message: `moderatePercent must be greater than minorPercent: ${rising}`,
  },
  {
    what: "a window shorter than the default interval",
    spec: { nightwatch: { windowSeconds: 299 } },
    field: "spec.nightwatch.windowSeconds",
    message: "windowSeconds must be at least evaluationIntervalSeconds",
  },
  {
    what: "nothing may run",
    spec: { concurrency: { max: 0 } },
    field: "spec.concurrency.max",
    message: "should be greater than or equal to 1",
  },
  {
    what: "more than all unavailable",
    spec: { rollout: { maxUnavailablePercent: 101 } },
    field: "spec.rollout.maxUnavailablePercent",
    message: "should be less than or equal to 100",
  },
];

const runs: readonly Row[] = [
  {
    what: "a name that is none for its Job",
    name: "r".repeat(64),
    spec: run,
    field: "metadata.name",
    message: "Too long: may not be more than 63 bytes",
  },
  { what: "no agent", spec: { agentRef: {} }, field: "spec.agentRef.name", message: REQUIRED },
  {
    what: "a scheduled run without its time",
    spec: { ...run, trigger: "Schedule" },
    field: "spec.scheduledTime",
    message: "scheduledTime is required when trigger is Schedule",
  },
  {
    what: "a requested run with a scheduled time",
    spec: { ...run, scheduledTime: "2026-03-01T03:00:00Z" },
    field: "spec.scheduledTime",
    message: "scheduledTime is only for trigger Schedule: remove it",
  },
  {
    what: "a time that never was",
    spec: { ...run, trigger: "Schedule", scheduledTime: "2026-02-30T03:00:00Z" },
    field: "spec.scheduledTime",
    message: 'spec.scheduledTime in body must be of type date-time: "2026-02-30T03:00:00Z"',
  },
];

const of =
  (kind: KindName) =>
  (row: Row): BrokenManifest => ({ kind, ...row });

/** Every rule of the API broken once, each by a manifest that is right in all else. */
export const brokenManifests: readonly BrokenManifest[] = [
  ...[...agents, ...schedules, ...zones, ...container, ...nightwatch].map(of("Agent")),
  ...fleets.map(of("AgentFleet")),
  ...runs.map(of("AgentRun")),
];

export const brokenChanges: readonly BrokenChange[] = [
  {
    what: "another layer",
    kind: "Agent",
    before: growth,
    spec: { ...growth, layer: "Safety" },
    field: "spec.layer",
    message: "layer cannot be changed: delete the agent and create it again",
  },
  {
    what: "another layer of an entry that also moved",
    kind: "AgentFleet",
    before: { agents: [{ name: "first", layer: "Growth" }, entry] },
    spec: {
      agents: [
        { ...entry, layer: "Safety" },
        { name: "first", layer: "Growth" },
      ],
    },
    field: "spec.agents[0].layer",
    message: "layer cannot be changed: delete the agent and create it again",
  },
  {
    what: "another task of a run",
    kind: "AgentRun",
    before: run,
    spec: { ...run, task: "something else" },
    field: "spec",
    message: "the spec of a run cannot be changed: create another run",
  },
];

/** Manifests at the edge of a rule that must pass. */
export const soundManifests: readonly Omit<BrokenManifest, "field" | "message">[] = [
  { what: "a name of 52 characters", kind: "Agent", name: "a".repeat(52), spec: growth },
  ...["@midnight", "*/5 0-6,12 1,15 jan-DEC sun", "0\t3  * * 7", "59 23 31 12 0"].map((schedule) => ({
    what: `schedule ${JSON.stringify(schedule)}`,
    kind: "Agent" as const,
    spec: { ...core, schedule },
  })),
  ...["UTC", "Etc/UTC", "Etc/GMT+5", "America/Argentina/Buenos_Aires", "US/Pacific", "EST5EDT"].map((timeZone) => ({
    what: `timeZone ${timeZone}`,
    kind: "Agent" as const,
    spec: { ...core, timeZone },
  })),
  {
    what: "nulls where lists are expected",
    kind: "Agent",
    spec: { ...growth, env: null, envFrom: null, restart: null },
  },
  {
    what: "an override that its fleet's thresholds may or may not bear",
    kind: "Agent",
    spec: { ...growth, nightwatch: { thresholds: { minorPercent: 50 } } },
  },
  { what: "an empty fleet", kind: "AgentFleet", spec: {} },
  { what: "entries that leave tool and command to the defaults", kind: "AgentFleet", spec: fleet },
  {
    what: "a scheduled run",
    kind: "AgentRun",
    spec: { ...run, trigger: "Schedule", scheduledTime: "2026-03-01T03:00:00Z" },
  },
];
