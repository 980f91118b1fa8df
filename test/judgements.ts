import type { AgentStatus } from "../src/api/v1alpha1/agent.ts";
import { type DriftLevel, type Nightwatch } from "../src/api/v1alpha1/nightwatch.ts";
import type { CorrectionInput } from "../src/nightwatch/correction.ts";
import type { Counters } from "../src/nightwatch/counters.ts";
import { type Evidence, nextDrift } from "../src/nightwatch/drift.ts";
import type { Judgement } from "../src/nightwatch/judgement.ts";
import { NOON, noonPlus } from "./builders.ts";
import { counts, defaults } from "./drift-counts.ts";

/** What a window holds that is judged at each level by the default settings. */
export const evidenceAt: Readonly<Record<DriftLevel, Counters>> = {
  Normal: counts({ lines: 100 }),
  Minor: counts({ lines: 100, errorLines: 20 }),
  Moderate: counts({ lines: 100, errorLines: 30 }),
  Severe: counts({ lines: 100, errorLines: 60 }),
  Critical: counts({ lines: 100, errorLines: 100 }),
};

/** An evaluation at NOON of an agent of which nothing was seen before. */
export function judgedAt(level: DriftLevel, more: Partial<Evidence> = {}, settings: Nightwatch = defaults): Judgement {
  return nextDrift({}, { counts: evidenceAt[level], at: NOON, health: [], isStale: false, ...more }, settings, NOON);
}

/** A Safety agent "sentinel" that enters a level with its Pod running and nothing corrected before. */
export function entering(level: DriftLevel, more: Partial<CorrectionInput> = {}): CorrectionInput {
  return {
    agent: { namespace: "default", name: "sentinel" },
    settings: defaults,
    before: {},
    judgement: judgedAt(level, {}, more.settings),
    target: { kind: "Pod", name: "sentinel-1" },
    isStormOn: false,
    ...more,
  };
}

/** The status of an agent that was at a level already. */
export const wasAt = (level: DriftLevel): Pick<AgentStatus, "drift"> => ({ drift: { level } });

/** A status whose budget was spent at these times, in seconds from noon. */
export const corrected = (...seconds: readonly number[]): Pick<AgentStatus, "correction"> => ({
  correction: { total: seconds.length, budgetTimes: seconds.map((at) => noonPlus(at)) },
});
