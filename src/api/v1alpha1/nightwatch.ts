import * as z from "zod";
import type { Exact } from "./exact.ts";
import { int32, percent } from "./fields.ts";
import { withRules, type Rule } from "./rules.ts";
import { timeOfDay, timeZone } from "./times.ts";
import { withoutDefaults } from "./without-defaults.ts";

/** Drift levels, best first (D5). */
export const driftLevels = ["Normal", "Minor", "Moderate", "Severe", "Critical"] as const;
export type DriftLevel = (typeof driftLevels)[number];

/** Corrections, mildest first (behaviour.md 1.3). */
export const correctionActions = ["None", "Warn", "Reload", "Restart", "Pause"] as const;
export type CorrectionAction = (typeof correctionActions)[number];

export const driftLevel = () => z.enum(driftLevels);
export const correctionAction = () => z.enum(correctionActions);

const thresholdNames = ["minorPercent", "moderatePercent", "severePercent", "criticalPercent"] as const;

interface Thresholds extends Partial<Record<(typeof thresholdNames)[number], number | undefined>> {}

/** D5: each threshold above the one before. Where only some are given, those that stand beside each other are compared. */
const risingStrictly: readonly Rule<Thresholds>[] = thresholdNames.slice(1).map((higher, index) => {
  const lower = thresholdNames[index] ?? higher;
  return {
    rule: `!has(self.${lower}) || !has(self.${higher}) || self.${lower} < self.${higher}`,
    message: `${higher} must be greater than ${lower}: thresholds rise strictly`,
    fieldPath: `.${higher}`,
    holds: (self) => isLess(self[lower], self[higher]),
  };
});

function isLess(a: number | undefined, b: number | undefined): boolean {
  return a === undefined || b === undefined || a < b;
}

const threshold = (level: string, fallback: number) =>
  percent(1).default(fallback).describe(`Score in percent from which an agent's level is ${level}.`);

const weight = (of: string) => percent().describe(`Weight of ${of} in the score, in percent.`);

const action = (level: string, fallback: CorrectionAction, what: string) =>
  correctionAction().default(fallback).describe(`What is done at level ${level}. ${what}`);

const fields = {
  mode: z
    .enum(["Enforce", "Observe"])
    .default("Enforce")
    .describe("Enforce carries corrections out. Observe computes and reports everything and acts on nothing."),
  evaluationIntervalSeconds: int32(5)
    .default(300)
    .describe("Seconds between two evaluations of an agent; at least 5. A run is also evaluated when it ends."),
  windowSeconds: int32(5)
    .default(3600)
    .describe("Seconds that a score looks back; at least evaluationIntervalSeconds."),
  minSamples: int32(1)
    .default(10)
    .describe("Lines, commands and health checks that must be in the window before a level is given. Below: Normal."),
  thresholds: withRules(
    z.object({
      minorPercent: threshold("Minor", 10),
      moderatePercent: threshold("Moderate", 20),
      severePercent: threshold("Severe", 40),
      criticalPercent: threshold("Critical", 70),
    }),
    risingStrictly,
  )
    .prefault({})
    .describe("Scores from which each level begins. They rise strictly."),
  weights: withRules(
    z.object({
      errorRatePercent: weight("the share of lines that report an error"),
      commandSuccessRatePercent: weight("the share of commands that failed"),
      healthScorePercent: weight("the share of health checks that failed"),
    }),
    [
      {
        rule: "self.errorRatePercent + self.commandSuccessRatePercent + self.healthScorePercent == 100",
        message: "weights must sum to 100, so that every level can be reached",
        holds: (self) => self.errorRatePercent + self.commandSuccessRatePercent + self.healthScorePercent === 100,
      },
    ],
  )
    .default({ errorRatePercent: 40, commandSuccessRatePercent: 30, healthScorePercent: 30 })
    .describe("How much each rate counts in the score. Given together, they sum to 100. Default: 40, 30, 30."),
  actions: z
    .object({
      minor: action("Minor", "Warn", "None, or Warn: one Warning event on entering the level."),
      moderate: action("Moderate", "Reload", "Reload replaces the Pod from current spec, ConfigMaps and Secrets."),
      severe: action("Severe", "Restart", "Restart replaces the Pod with a fresh workspace and fresh context."),
      critical: action("Critical", "Pause", "Pause stops the agent until a human resumes it."),
    })
    .prefault({})
    .describe("The correction for each level."),
  maxCorrections: z
    .object({
      count: int32(1, 1000)
        .default(3)
        .describe("Corrections that an agent may get within windowSeconds. The next one is a Pause."),
      windowSeconds: int32(60).default(3600).describe("Seconds over which corrections are counted."),
    })
    .prefault({})
    .describe("An agent's budget of corrections. Past it the agent is paused with reason CorrectionLoop."),
  stormGuardPercent: percent()
    .default(30)
    .describe(
      "Share of the running agents in percent; when more than this drift at once, it is one incident and nothing is corrected. 100 switches the guard off.",
    ),
  activeHours: withRules(
    z.object({
      start: timeOfDay().describe("Time of day from which corrections happen, such as 22:00."),
      end: timeOfDay().describe("Time of day at which they end, such as 06:00. Before start: the next day."),
      timeZone: timeZone().default("Etc/UTC").describe("IANA time zone of start and end."),
    }),
    [
      {
        rule: "self.start != self.end",
        message: "end must differ from start; remove activeHours to correct at any hour",
        fieldPath: ".end",
        holds: (self) => self.start !== self.end,
      },
    ],
  )
    .optional()
    .describe("Hours of the day in which corrections happen; scores are computed at all hours. Omitted: always."),
};

/** How agents are watched, scored and corrected, with every default filled in. */
export const nightwatchSchema = withRules(z.object(fields), [
  {
    rule: "!has(self.windowSeconds) || !has(self.evaluationIntervalSeconds) || self.windowSeconds >= self.evaluationIntervalSeconds",
    message: "windowSeconds must be at least evaluationIntervalSeconds",
    fieldPath: ".windowSeconds",
    holds: (self) => self.windowSeconds === undefined || !(self.windowSeconds < self.evaluationIntervalSeconds),
  },
]);

/** The same fields, none of them filled in: what an agent sets differently from its fleet. */
export const nightwatchOverridesSchema = withoutDefaults(nightwatchSchema, "silent");

export type Nightwatch = Exact<z.output<typeof nightwatchSchema>>;
export type NightwatchOverrides = Exact<z.input<typeof nightwatchSchema>>;

/** What holds where neither fleet nor agent say otherwise (api.md, AgentFleet). */
export const nightwatchDefaults: Nightwatch = nightwatchSchema.parse({}) as Nightwatch;
