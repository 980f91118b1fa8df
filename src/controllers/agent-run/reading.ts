import type { Clock, Instant } from "../../runtime/contract.ts";
import type { Telemetry } from "../../telemetry/telemetry.ts";
import type { Grid } from "../../telemetry/ticks.ts";
import type { Observed, Output, StoredJob } from "./observed.ts";
import { readOutput } from "./output.ts";
import { hasEnded, jobEnd } from "./run-state.ts";

/** When the output of runs is read: at the ticks of their agents' evaluations, and once more when they have ended (S5, D8). */
export interface RunReading {
  /** What a run wrote; undefined where it is not to be read now. */
  readDue(seen: Observed, signal: AbortSignal): Promise<Output | undefined>;
  /** When it is to be read next, or earlier where something else wakes it. */
  wake(seen: Observed, wakeAt: Instant | undefined): { readonly wakeAt?: Instant };
}

export function createRunReading({ readLog, ticks }: Telemetry, clock: Clock): RunReading {
  return {
    async readDue(seen, signal) {
      const { agent, job } = seen;
      const grid = gridOf(seen);
      if (agent === undefined || job === undefined || grid === undefined || hasEnded(seen.run)) return undefined;
      const { uid } = seen.run.metadata;
      const what = isOver(job) ? "evaluation" : ticks.due(uid, grid, clock.now());
      if (what === undefined) return undefined;
      const output = await readOutput(readLog, seen, agent.spec.tool, signal);
      const now = clock.now();
      if (output.isBusy === true && !isOver(job)) {
        ticks.postpone(uid, now);
        return undefined;
      }
      const { bytes, hasMore, unread } = output;
      ticks.done(uid, { what, bytes, hasMore, freshAt: unread === undefined ? now : undefined }, now);
      return output;
    },
    wake(seen, wakeAt) {
      const grid = gridOf(seen);
      const { job, run } = seen;
      if (grid === undefined || job === undefined || isOver(job) || hasEnded(run))
        return wakeAt === undefined ? {} : { wakeAt };
      return { wakeAt: Math.min(wakeAt ?? Infinity, ticks.next(run.metadata.uid, grid, clock.now())) };
    },
  };
}

/** It ends or is being stopped: its last lines are read as long as its Pods are there (S5). */
function isOver(job: StoredJob): boolean {
  return jobEnd(job) !== undefined || job.metadata.deletionTimestamp !== undefined;
}

function gridOf({ agent, nightwatch }: Observed): Grid | undefined {
  if (agent === undefined || nightwatch === undefined) return undefined;
  return { agentUID: agent.metadata.uid, intervalSeconds: nightwatch.evaluationIntervalSeconds };
}
