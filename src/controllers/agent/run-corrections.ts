import type { AgentStatus } from "../../api/v1alpha1/agent.ts";
import type { StoredRun } from "../agent-run/observed.ts";
import { hasEnded, isActive } from "../agent-run/run-state.ts";
import type { Act, EventNote } from "../plan.ts";
import { type Observed, statusBefore } from "./observed.ts";
import { aRunOf, requestedRunName } from "./runs.ts";

interface Corrected {
  readonly acts: readonly Act[];
  readonly changes: { readonly correction?: AgentStatus["correction"] };
  readonly events: readonly EventNote[];
}

const NOTHING: Corrected = { acts: [], changes: {}, events: [] };

/**
 * Carries out a Reload or Restart of a run (C3): the intent stands in status.correction.pending, the run is stopped, and
 * once it has ended one replacement takes its task. Each step can be done again: names and uids are fixed.
 */
export function correctedRun(seen: Observed): Corrected {
  const { correction } = statusBefore(seen.agent);
  if (correction?.pending === undefined) return NOTHING;
  const { pending, ...done } = correction;
  const run = seen.runs.find(({ metadata }) => metadata.uid === pending.uid);
  if (run !== undefined && !hasEnded(run)) {
    return { ...NOTHING, acts: [{ act: "record-status" }, ...stop(seen, run, pending.action)] };
  }
  // It ended by itself before it was stopped, or somebody deleted it: a finished run is never revived.
  if (run?.status?.exit?.class !== "Cancelled" || statusBefore(seen.agent).pause !== undefined) {
    return { ...NOTHING, changes: { correction: done } };
  }
  const { task } = run.spec;
  const name = replacementName(seen, run);
  const replacement = aRunOf(seen.agent, name, { trigger: "Replacement", ...(task === undefined ? {} : { task }) });
  return {
    acts: [{ act: "confirm-agent" }, { act: "create-run", run: replacement }],
    changes: { correction: done },
    events: [
      {
        type: "Normal",
        reason: "RunReplaced",
        action: pending.action,
        note: `run ${name} replaces ${run.metadata.name}`,
      },
    ],
  };
}

/** One run is replaced once: the name of its replacement follows from its uid. */
function replacementName(seen: Observed, run: StoredRun): string {
  return requestedRunName(seen.agent.metadata.name, run.metadata.uid);
}

/** Stops all that runs of an agent that is paused (C5). */
export function stopRuns(seen: Observed): readonly Act[] {
  if (statusBefore(seen.agent).pause === undefined) return [];
  const running = seen.runs.filter((run) => isActive(run)).flatMap((run) => stop(seen, run, "Pause"));
  return running.length === 0 ? [] : [{ act: "record-status" }, ...running];
}

function stop({ jobs }: Observed, { metadata }: StoredRun, because: string): readonly Act[] {
  const uid = jobs.get(metadata.uid);
  if (uid === undefined) return [];
  return [{ act: "stop-run", job: { namespace: metadata.namespace ?? "", name: metadata.name, uid }, because }];
}
