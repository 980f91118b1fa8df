import type { AgentStatus } from "../src/api/v1alpha1/agent.ts";
import type { decide } from "../src/controllers/agent/decide.ts";
import type { Evidence, StoredAgent } from "../src/controllers/agent/observed.ts";
import type { Act } from "../src/controllers/plan.ts";
import type { Counters } from "../src/nightwatch/counters.ts";
import { noonPlus } from "./builders.ts";
import { counts } from "./drift-counts.ts";

/** A plan's acts in short: what is done to what. */
export function brief(acts: readonly Act[]): readonly string[] {
  return acts.map((act) =>
    "pod" in act ? `${act.act} ${"metadata" in act.pod ? act.pod.metadata.name : act.pod.name}` : act.act,
  );
}

/** The agent as it stands once a plan's status is written. */
export function after(agent: StoredAgent, plan: ReturnType<typeof decide>): StoredAgent {
  return { ...agent, status: plan.status };
}

/** A failed end of an agent's n-th Pod, ten minutes before noon. */
export function endOf(start: number) {
  return { start, class: "AgentError" as const, reason: "Error", time: noonPlus(-600) };
}

/** What the status of an agent says that failed so many times, all of them so many seconds after noon. */
export function failedTimes(times: number, at = -600): NonNullable<AgentStatus["restart"]> {
  return {
    failuresInWindow: times,
    consecutiveFailures: times,
    failureTimes: Array.from({ length: times }, () => noonPlus(at)),
    lastFailureTime: noonPlus(at),
    lastExit: { start: 3 - (times < 3 ? 1 : 0), class: "AgentError" as const, reason: "Error", time: noonPlus(at) },
  };
}

/** An evaluation of Pod sentinel-1 that brings so much; nothing else is known, and the storm guard has looked. */
export function evidenceOf(read: Partial<Counters>, more: Partial<Evidence> = {}): Evidence {
  return {
    judges: true,
    reading: {
      counts: counts(read),
      buckets: [{ start: noonPlus(0), ...counts(read) }],
      cursor: { pod: "sentinel-1", container: "uid-sentinel-1/0", lines: read.lines ?? 0 },
    },
    bytes: 0,
    hasMore: false,
    health: [],
    unwrittenHealth: [],
    readBefore: [],
    isStale: false,
    storm: { isClear: true },
    ...more,
  };
}
