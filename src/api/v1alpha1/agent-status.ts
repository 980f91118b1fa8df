import * as z from "zod";
import { conditions, observedGeneration } from "./condition.ts";
import type { Exact } from "./exact.ts";
import { exitFields } from "./exit.ts";
import { int32, int64, listAtomic, objectName, percent, text, time } from "./fields.ts";
import { correctionAction, driftLevel } from "./nightwatch.ts";

/** Longest value of a human's annotation that is echoed in status. */
export const HANDLED_MAX = 1024;

/** Most runs of an agent whose share of its window is told apart. Ended ones beyond it are those that ended longest ago. */
export const RUNS_MAX = 300;

const counters = {
  lines: int64().optional().describe("Lines of output."),
  errorLines: int64().optional().describe("Lines that report an error."),
  commands: int64().optional().describe("Commands that the agent ran."),
  failedCommands: int64().optional().describe("Commands that failed."),
  healthChecks: int64().optional().describe("Health checks of the Pod."),
  healthyChecks: int64().optional().describe("Health checks that found it healthy."),
};

/** What reading must remember to go on in the middle of a stream: a reader's state is a few hundred bytes, cut summaries included at most some thousand. */
export const READER_MAX = 32_768;

/** Where counting stands in a container's log (S5). It is written together with what was counted up to there. */
export const logCursor = () =>
  z
    .object({
      pod: objectName().optional().describe("Name of the Pod whose log is read."),
      container: text(253)
        .optional()
        .describe("The container with its own start: the Pod's uid and its number of restarts."),
      time: time().optional().describe("Time of the last line that was counted, as the log says it."),
      lines: int64().optional().describe("Lines at that time that were counted."),
      reader: text(READER_MAX, 0)
        .optional()
        .describe("What reading the tool's output must remember to go on from here, as JSON."),
    })
    .optional()
    .describe("Where counting stands in the Pod's log, so that every line is counted exactly once.");

const bucket = (what: string) =>
  z.object({ start: time().describe("When this part begins."), ...counters }).describe(what);

const drift = z.object({
  level: driftLevel().optional().describe("How far the agent is off: Normal, Minor, Moderate, Severe or Critical."),
  scorePercent: percent()
    .optional()
    .describe("The score, rounded down, so that it never contradicts level. Absent while there are too few samples."),
  samples: int64().optional().describe("Lines, commands and health checks in the window."),
  errorRatePercent: percent().optional().describe("Share of lines that report an error."),
  commandSuccessRatePercent: percent().optional().describe("Share of commands that succeeded."),
  healthScorePercent: percent().optional().describe("Share of health checks that found the Pod healthy."),
  counts: z.object(counters).optional().describe("What was counted in the window."),
  windowStart: time().optional().describe("When the window begins. A restart of the agent begins a new one."),
  buckets: listAtomic(bucket("One part of the window."), 12)
    .optional()
    .describe("The window in parts, newest last. counts is their sum."),
  lastEvaluationTime: time().optional().describe("When an evaluation last changed something here."),
  cursor: logCursor(),
  runs: listAtomic(
    z
      .object({
        name: objectName().describe("Name of the AgentRun."),
        uid: text(63).describe("Its uid."),
        lines: int64().optional().describe("Lines of its output that are in the window's counts."),
        errorLines: int64().optional().describe("Of these, lines that report an error."),
        commands: int64().optional().describe("Commands of it that are in the window's counts."),
        failedCommands: int64().optional().describe("Of these, commands that failed."),
      })
      .describe("One run."),
    RUNS_MAX,
  )
    .optional()
    .describe("How much of what each run of the agent did was added to the window, so that nothing is added twice."),
  affected: z
    .object({
      since: time().describe("Onset: since when the fresh evidence of each evaluation drifts."),
      until: time().optional().describe("When fresh evidence first was in order again. Absent while it is not."),
      storm: time().optional().describe("Begin of the storm that this belongs to."),
      buckets: listAtomic(bucket("One part of the window, as far as it was counted since the onset."), 12)
        .optional()
        .describe("What was counted since the onset: it is taken out of the window when a storm ends."),
    })
    .optional()
    .describe("Present while the agent's fresh evidence drifts, and until the storm that it is part of has ended."),
});

const correctionFacts = {
  level: driftLevel().optional().describe("The level that was answered."),
  action: correctionAction().optional().describe("What was done."),
  time: time().optional().describe("When."),
};

const correction = z.object({
  ...correctionFacts,
  total: int64().optional().describe("Corrections so far."),
  budgetStart: time()
    .optional()
    .describe("Corrections before this do not count against the budget: a resume renews it."),
  budgetTimes: listAtomic(time().describe("When one correction happened."), 1000)
    .optional()
    .describe("When the corrections that count against nightwatch.maxCorrections happened, oldest first."),
  pending: z
    .object({
      action: correctionAction().describe("Reload, Restart or Pause."),
      run: objectName().describe("Name of the AgentRun that is stopped."),
      uid: text(63).describe("Its uid."),
    })
    .optional()
    .describe("A correction of a run that is being carried out: recorded before the run is stopped."),
  history: listAtomic(
    z
      .object({
        ...correctionFacts,
        scorePercent: percent().optional().describe("The score at that time."),
        run: objectName().optional().describe("Name of the Pod or run that it was about."),
      })
      .describe("One correction."),
    10,
  )
    .optional()
    .describe("The latest corrections, newest first."),
});

const restartStatus = z.object({
  failuresInWindow: int32(0).optional().describe("Failures that count against spec.restart.maxRestarts now."),
  consecutiveFailures: int32(0).optional().describe("Failures in a row; each doubles the cooldown."),
  failureTimes: listAtomic(time().describe("When one failure happened."), 101)
    .optional()
    .describe("When the failures in the window happened, oldest first."),
  lastFailureTime: time().optional().describe("When the latest failure happened."),
  nextStartTime: time().optional().describe("When the next Pod may start."),
  lastExit: z
    .object({
      ...exitFields,
      time: time().optional().describe("When the container ended."),
      start: int64().optional().describe("Number of the start that ended."),
    })
    .optional()
    .describe("How the last Pod ended."),
});

const handled = (annotation: string) =>
  text(HANDLED_MAX, 0)
    .optional()
    .describe(`Value of the annotation darkfactory.dev/${annotation}-requested-at that was last handled.`);

export const agentStatusSchema = z.object({
  observedGeneration: observedGeneration(),
  conditions: conditions(
    "Ready (this generation is reconciled and the agent can run), Reconciling (work is in hand), Stalled (a human must mend something), Drifted, Paused and RateLimited.",
  ),
  drift: drift.optional().describe("How far what the agent does is off, and what that was computed from."),
  correction: correction.optional().describe("The last correction and those before it."),
  pause: z
    .object({
      time: time().optional().describe("When the agent was paused."),
      reason: text(253).optional().describe("Why: DriftCritical, CorrectionLoop or Manual."),
      message: text(32_768, 0).optional().describe("Why and by whom, and how to resume."),
    })
    .optional()
    .describe(
      "Present while the agent is paused. Ends only when a human asks for it with darkfactory.dev/resume-requested-at.",
    ),
  lastHandledResumeAt: handled("resume"),
  lastHandledPauseAt: handled("pause"),
  lastHandledRunAt: handled("run"),
  lastHandledReconcileAt: handled("reconcile"),
  lastHandledRestartAt: handled("restart"),
  starts: int64()
    .optional()
    .describe("Number of a Safety agent's newest Pod, <name>-<starts>: written before the Pod is created."),
  freshWorkspaceSince: time()
    .optional()
    .describe("A persistent workspace older than this is made anew before the next start: a Restart asked for it."),
  replacingSince: time()
    .optional()
    .describe(
      "Since when a running Pod is being replaced because the spec changed. Gone once the new one runs; meanwhile it counts against the fleet's rollout.",
    ),
  restart: restartStatus
    .optional()
    .describe("How the last start of a Safety agent ended, and when the next one may be."),
  active: listAtomic(
    z
      .object({
        kind: text(63).describe("Pod, or AgentRun."),
        name: objectName().describe("Its name."),
      })
      .describe("One Pod or run."),
    100,
  )
    .optional()
    .describe("What runs for the agent now."),
  lastRunTime: time().optional().describe("When a Pod or run last started."),
  nextRunTime: time().optional().describe("When a Core agent runs next."),
  timetable: z
    .object({
      schedule: text(253).describe("The schedule that is followed."),
      timeZone: text(253).describe("Its time zone."),
      since: time().describe("Since when it is followed. Occurrences before are not caught up."),
    })
    .optional()
    .describe("The schedule that a Core agent follows now. Absent while the agent is suspended."),
  lastScheduleTime: time().optional().describe("The occurrence of the schedule that was last handled."),
  lastSuccessTime: time().optional().describe("When a run last ended with success."),
  skippedRuns: z
    .object({
      total: int64().optional().describe("Occurrences of the schedule that did not run, so far."),
      last: z
        .object({
          time: time().optional().describe("Its time by the schedule."),
          reason: text(253).optional().describe("Why it did not run, as one CamelCase word."),
        })
        .optional()
        .describe("The latest one."),
    })
    .optional()
    .describe("Occurrences of the schedule that were due and did not run."),
});

export type AgentStatus = Exact<z.output<typeof agentStatusSchema>>;
