import { type Decision, type Observed, statusBefore } from "./observed.ts";
import { correctedRun, stopRuns } from "./run-corrections.ts";
import { cleanUp, factsOfRuns, requestedRun } from "./runs.ts";

/** A suspended Core or Growth agent: what runs ends by itself, nothing new starts, and its schedule does not go on (K4). */
export function restSuspended(seen: Observed, reason: string, message: string): Decision {
  const resting = decideOnDemand(seen);
  return {
    ...resting,
    standing: { ready: "True", reason, message },
    changes: { ...resting.changes, nextRunTime: undefined, timetable: undefined },
  };
}

/** A Growth agent: it runs when a run asks for it. */
export function decideOnDemand(seen: Observed): Decision {
  const requested = requestedRun(seen);
  const corrected = correctedRun(seen);
  return {
    acts: [
      ...corrected.acts,
      ...stopRuns(seen),
      ...requested.acts,
      ...cleanUp(seen, statusBefore(seen.agent).lastScheduleTime),
    ],
    standing: { ready: "True", reason: "Idle", message: "waits for runs" },
    changes: { ...factsOfRuns(seen), ...requested.changes, ...corrected.changes },
    events: corrected.events,
  };
}

/** A paused Growth agent: its runs wait, and what ran was stopped (C5). Ready, for drift never is what a rollout waits for. */
export function restPaused(seen: Observed, message: string): Decision {
  return { ...decideOnDemand(seen), standing: { ready: "True", reason: "Paused", message } };
}
