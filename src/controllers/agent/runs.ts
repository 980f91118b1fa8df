import { createHash } from "node:crypto";
import type { AgentRun } from "../../api/v1alpha1/agent-run.ts";
import type { AgentStatus } from "../../api/v1alpha1/agent.ts";
import { controlledBy } from "../../workloads/labels.ts";
import { ownLabels } from "../../workloads/pod.ts";
import type { StoredRun } from "../agent-run/observed.ts";
import { hasEnded, isActive } from "../agent-run/run-state.ts";
import type { Act } from "../plan.ts";
import { beyondHistory, hasSucceeded } from "./history.ts";
import { openRequest, type Observed, statusBefore, type StoredAgent } from "./observed.ts";

/** How many active runs the status names: as many as its schema admits. */
const ACTIVE_SHOWN = 100;

/** A run of this agent, owned by it (F6). */
export function aRunOf(agent: StoredAgent, name: string, spec: Omit<AgentRun["spec"], "agentRef">): AgentRun {
  const { namespace } = agent.metadata;
  return {
    apiVersion: "darkfactory.dev/v1alpha1",
    kind: "AgentRun",
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      labels: ownLabels(agent),
      ownerReferences: [controlledBy("Agent", agent.metadata)],
    },
    spec: { agentRef: { name: agent.metadata.name }, ...spec },
  };
}

/** The name of the run that a value of run-requested-at asks for: the same value never runs twice (R8). */
export function requestedRunName(agent: string, value: string): string {
  return `${agent}-${createHash("sha256").update(value).digest("hex").slice(0, 8)}`;
}

/** Answers run-requested-at (R8): the run first, its echo after, so that a crash in between asks for the same run again. */
export function requestedRun(seen: Observed): {
  readonly acts: readonly Act[];
  readonly changes: Partial<AgentStatus>;
} {
  const value = openRequest(seen.agent, "run");
  if (value === undefined) return { acts: [], changes: {} };
  const run = aRunOf(seen.agent, requestedRunName(seen.agent.metadata.name, value), { trigger: "OnDemand" });
  // Its run may have ended and gone since: only the echo tells, which a cache that is behind does not show.
  return { acts: [{ act: "confirm-agent" }, { act: "create-run", run }], changes: { lastHandledRunAt: value } };
}

/** What an agent's status says of its runs. */
export function factsOfRuns({ agent, runs }: Observed): Partial<AgentStatus> {
  const before = statusBefore(agent);
  const started = latest(
    runs.map((run) => run.status?.startTime),
    before.lastRunTime,
  );
  const succeeded = latest(
    runs.filter(hasSucceeded).map((run) => run.status?.completionTime),
    before.lastSuccessTime,
  );
  return {
    active: runs
      .filter(isActive)
      .map((run) => ({ kind: "AgentRun" as const, name: run.metadata.name }))
      // A cache has no order of its own, and a list that flips would be written again and again (O4).
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .slice(0, ACTIVE_SHOWN),
    ...(started === undefined ? {} : { lastRunTime: started }),
    ...(succeeded === undefined ? {} : { lastSuccessTime: succeeded }),
  };
}

/** Runs that have not ended, waiting ones among them, but not those on their way out. */
export function unfinished(runs: readonly StoredRun[]): readonly StoredRun[] {
  return runs.filter((run) => !hasEnded(run) && run.metadata.deletionTimestamp === undefined);
}

/** Removes ended runs beyond the agent's limits (R5). */
export function cleanUp({ agent, runs }: Observed, lastScheduleTime: string | undefined): readonly Act[] {
  const { correction } = statusBefore(agent);
  // The one that is being replaced is still needed: its replacement takes its task.
  const rest = runs.filter(({ metadata }) => metadata.uid !== correction?.pending?.uid);
  const deletions = beyondHistory(rest, agent.spec.runLimits, lastScheduleTime).map((run): Act => ({
    act: "delete-run",
    run: { namespace: run.metadata.namespace ?? "", name: run.metadata.name, uid: run.metadata.uid },
    propagation: "Background",
  }));
  // What it wrote is counted first: with the run the last that is known of it goes (S5).
  return deletions.length === 0 ? [] : [{ act: "record-status" }, ...deletions];
}

/** The latest of RFC 3339 times in UTC, which sort as text. */
function latest(times: readonly (string | undefined)[], before: string | undefined): string | undefined {
  return [before, ...times]
    .filter((time) => time !== undefined)
    .reduce((a, b) => (a === undefined || b > a ? b : a), undefined as string | undefined);
}
