import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { aCondition, NOON } from "../../test/builders.ts";
import { anyCounts, anySettings, defaults } from "../../test/drift-counts.ts";
import type { AgentStatus } from "../api/v1alpha1/agent.ts";
import type { Nightwatch } from "../api/v1alpha1/nightwatch.ts";
import { withoutStorm } from "./after-storm.ts";
import { isWithinActiveHours } from "./active-hours.ts";
import { decideCorrection, type CorrectionDecision } from "./correction.ts";
import { isBudgeted, withRenewedBudget } from "./correction-record.ts";
import { addCounters, countersOf, noCounts, type Counters } from "./counters.ts";
import { bucketsOfRead, freshDrift, nextDrift, withRead } from "./drift.ts";
import type { Judgement } from "./judgement.ts";
import { levelOf } from "./level.ts";
import { newWindow, recordAll, slide, totalOf, type Bucket } from "./window.ts";

const AGENT = { namespace: "default", name: "sentinel" };

/** One thing that happens to an agent, some seconds after the one before. */
type Step = { readonly after: number } & (
  | { readonly what: "evaluate"; readonly counts: Counters; readonly checks: Counters; readonly isStale: boolean }
  | { readonly what: "read"; readonly counts: Counters }
  | { readonly what: "storm" | "resume" | "pause" | "restart" }
);

const health = ({ healthChecks, healthyChecks }: Counters) => ({ ...noCounts, healthChecks, healthyChecks });
const output = (all: Counters) => ({ ...all, healthChecks: 0, healthyChecks: 0 });

/** Lines that are all errors, of a provider that is down. */
const badOutput = fc.integer({ min: 1, max: 30 }).map((lines) => ({ ...noCounts, lines, errorLines: lines }));

const anyStep: fc.Arbitrary<Step> = fc
  .tuple(
    fc.integer({ min: 1, max: 400 }),
    fc.oneof(
      {
        weight: 8,
        arbitrary: fc.record({
          what: fc.constant("evaluate" as const),
          counts: fc.oneof(anyCounts(30).map(output), fc.constant(noCounts), badOutput),
          checks: anyCounts(10).map(health),
          isStale: fc.nat(9).map((n) => n === 0),
        }),
      },
      { weight: 2, arbitrary: fc.record({ what: fc.constant("read" as const), counts: anyCounts(30).map(output) }) },
      {
        weight: 2,
        arbitrary: fc.record({
          what: fc.constantFrom("storm", "storm", "storm", "resume", "resume", "pause", "restart" as const),
        }),
      },
    ),
  )
  .map(([after, step]) => ({ after, ...step }));

const anyHistory = fc.array(anyStep, { minLength: 1, maxLength: 60, size: "max" });

const anyNightwatch: fc.Arbitrary<Nightwatch> = fc
  .record({
    score: fc.oneof(fc.constant(defaults), anySettings),
    windowSeconds: fc.integer({ min: 60, max: 7200 }),
    mode: fc.constantFrom("Enforce", "Enforce", "Enforce", "Enforce", "Enforce", "Observe" as const),
    count: fc.integer({ min: 1, max: 4 }),
    actions: fc.record({
      minor: fc.constantFrom("None", "Warn", "Reload", "Restart", "Pause" as const),
      moderate: fc.constantFrom("None", "Warn", "Reload", "Restart", "Pause" as const),
      severe: fc.constantFrom("Reload", "Restart" as const),
      critical: fc.constantFrom("Restart", "Restart", "Pause" as const),
    }),
    activeHours: fc.constantFrom(undefined, undefined, undefined, {
      start: "12:30",
      end: "13:30",
      timeZone: "Etc/UTC",
    }),
  })
  .map(({ score, windowSeconds, mode, count, actions, activeHours }) => ({
    ...defaults,
    minSamples: score.minSamples,
    thresholds: score.thresholds,
    weights: score.weights,
    windowSeconds,
    mode,
    actions,
    maxCorrections: { count, windowSeconds: 1800 },
    ...(activeHours === undefined ? {} : { activeHours }),
  }));

/** What the agent's window must hold, kept the slow way: every piece of evidence by itself. */
interface Piece {
  readonly bucket: Bucket;
  readonly isOfStorm: boolean;
}

/** What one decision looked like, and under which circumstances it was made. */
interface Decided {
  readonly decision: CorrectionDecision;
  readonly judgement: Judgement;
  readonly before: AgentStatus;
  readonly expected: Counters;
  readonly isStormOn: boolean;
  readonly now: number;
}

/** Lives a history as the controller does: one status, written only when it is news; health checks kept until then. */
function live(history: readonly Step[], settings: Nightwatch): readonly Decided[] {
  let now = NOON;
  let status: AgentStatus = { observedGeneration: 1, drift: freshDrift(undefined, now) };
  let storm: number | undefined;
  let unwritten: Bucket[] = [];
  let readBefore: Bucket[] = [];
  let pieces: Piece[] = [];
  let windowStart = now;
  const decided: Decided[] = [];

  const anew = () => {
    windowStart = now;
    pieces = [];
    unwritten = [];
    readBefore = [];
  };
  const remember = (buckets: readonly Bucket[]) => {
    // What it comes with is of the storm from the agent's onset on, which only its evaluation tells.
    pieces.push(...buckets.map((bucket) => ({ bucket, isOfStorm: status.drift?.affected !== undefined })));
  };
  const held = (): Counters => {
    const span = { now, windowSeconds: settings.windowSeconds };
    const empty = newWindow(Math.floor(windowStart / 1000) * 1000);
    return totalOf(
      slide(
        recordAll(
          empty,
          pieces.map(({ bucket }) => bucket),
          span,
        ),
        span,
      ),
    );
  };

  const evaluateAndDecide = (counts: Counters, checks: readonly Bucket[], isStale: boolean, stormEnds: boolean) => {
    const wasAffected = status.drift?.affected !== undefined;
    const came = [...checks, ...bucketsOfRead({ counts, at: now })];
    const fresh = [...readBefore, ...came];
    remember(came);
    const evidence = { counts, at: now, health: checks, unwrittenHealth: unwritten, readBefore, isStale, storm };
    let judgement = nextDrift(status, evidence, settings, now);
    if (!wasAffected && judgement.drift.affected !== undefined) {
      const onset = new Set(fresh);
      pieces = pieces.map((piece) => (onset.has(piece.bucket) ? { ...piece, isOfStorm: true } : piece));
    }
    if (judgement.drift.affected === undefined) pieces = pieces.map((piece) => ({ ...piece, isOfStorm: false }));
    if (stormEnds) {
      storm = undefined;
      if (judgement.drift.affected !== undefined) pieces = pieces.filter(({ isOfStorm }) => !isOfStorm);
      judgement = withoutStorm(judgement, settings, now);
    }
    readBefore = [];
    unwritten.push(...checks);
    const input = {
      agent: AGENT,
      settings,
      before: status,
      judgement,
      target: { kind: "Pod", name: "sentinel-1" } as const,
      isStormOn: storm !== undefined,
    };
    const decision = decideCorrection(input, now);
    decided.push({ decision, judgement, before: status, expected: held(), isStormOn: storm !== undefined, now });
    if (!decision.isNews) return;
    const { drift, drifted, record, correction } = decision;
    unwritten = [];
    status = {
      ...status,
      drift,
      conditions: [aCondition("Drifted", drifted.status, drifted.reason)],
      ...(record === undefined ? {} : { correction: record }),
      ...(correction?.pause === undefined ? {} : { pause: correction.pause }),
    };
    if (correction !== undefined && isBudgeted(correction.action)) anew();
  };

  for (const step of history) {
    now += step.after * 1000;
    switch (step.what) {
      case "evaluate": {
        const checks = [{ start: new Date(now).toISOString(), ...step.checks }];
        evaluateAndDecide(step.counts, checks, step.isStale, false);
        break;
      }
      case "read": {
        const buckets = bucketsOfRead({ counts: step.counts, at: now });
        remember(buckets);
        status = { ...status, drift: withRead(status.drift, { counts: step.counts, at: now }, settings, now) };
        readBefore.push(...buckets);
        break;
      }
      case "storm":
        if (storm === undefined) storm = now;
        else evaluateAndDecide(noCounts, [], false, true);
        break;
      case "pause":
        status = { ...status, pause: { reason: "Manual" } };
        break;
      case "resume": {
        const { pause: _, ...others } = status;
        status = {
          ...others,
          drift: freshDrift(status.drift, now),
          correction: withRenewedBudget(status.correction, now),
        };
        anew();
        break;
      }
      case "restart":
        status = { ...status, drift: freshDrift(status.drift, now) };
        anew();
        break;
    }
  }
  return decided;
}

const acts = ({ decision }: Decided) => decision.correction !== undefined && decision.correction.action !== "Warn";
const always = (check: (decided: readonly Decided[], settings: Nightwatch) => void) =>
  fc.assert(
    fc.property(anyHistory, anyNightwatch, (history, settings) => {
      check(live(history, settings), settings);
    }),
    { numRuns: 75 },
  );

describe("in any history of evaluations, corrections, pauses, resumes, restarts and storms", () => {
  it("what is judged is what came since the last correction, resume or restart, and nothing from a storm that is over (C2, C6, D7)", () => {
    always((decided) => {
      for (const { judgement, expected } of decided) expect(judgement.drift.counts).toEqual(expected);
    });
  });

  it("nothing is done to an agent that is paused, observed, stale, outside its hours or in a storm (C1, C5, C6, D8, D9)", () => {
    always((decided, settings) => {
      for (const one of decided.filter(acts)) {
        expect(one.before.pause).toBeUndefined();
        expect(settings.mode).toBe("Enforce");
        expect(one.judgement.drifted.status).toBe("True");
        expect(isWithinActiveHours(settings.activeHours, one.now)).toBe(true);
        expect(one.isStormOn).toBe(false);
      }
    });
  });

  it("and where none of this holds, what the level asks for is done (C1, C2)", () => {
    always((decided, settings) => {
      for (const { decision, judgement, before, isStormOn, now } of decided) {
        const { level } = judgement.evaluation;
        const free = before.pause === undefined && settings.mode === "Enforce" && !isStormOn;
        if (level !== "Severe" || !free || judgement.drifted.reason !== "Severe") continue;
        if (!isWithinActiveHours(settings.activeHours, now)) continue;
        expect([settings.actions.severe, "Pause"]).toContain(decision.correction?.action);
      }
    });
  });

  it("no more than the budget is spent within its time, unless a resume renews it (C4)", () => {
    always((decided, settings) => {
      const { count, windowSeconds } = settings.maxCorrections;
      const spent: { at: number; since: string | undefined }[] = [];
      for (const { decision, before, now } of decided) {
        if (decision.correction === undefined || !isBudgeted(decision.correction.action)) continue;
        spent.push({ at: now, since: before.correction?.budgetStart });
        const same = spent.filter(
          ({ at, since }) => since === spent.at(-1)?.since && at > now - windowSeconds * 1000 + 1000,
        );
        expect(same.length).toBeLessThanOrEqual(count);
      }
    });
  });

  it("the counts of a window are the sum of its at most twelve parts (D1)", () => {
    always((decided) => {
      for (const { decision } of decided) {
        const { buckets = [], counts } = decision.drift;
        expect(buckets.length).toBeLessThanOrEqual(12);
        expect(decision.drift.affected?.buckets?.length ?? 0).toBeLessThanOrEqual(12);
        expect(countersOf(counts ?? {})).toEqual(buckets.map(countersOf).reduce(addCounters, noCounts));
      }
    });
  });

  it("level, percentage, condition and samples never contradict each other (D4, D6)", () => {
    always((decided, settings) => {
      for (const { decision } of decided) {
        const { level = "Normal", scorePercent, samples = 0 } = decision.drift;
        if (samples < settings.minSamples) expect([level, scorePercent]).toEqual(["Normal", undefined]);
        else expect(levelOf((scorePercent ?? 0) / 100, settings.thresholds)).toBe(level);
        if (samples === 0) expect(scorePercent ?? 0).toBe(0);
        const { status, reason } = decision.drifted;
        if (status === "True") expect(reason).toBe(level);
        if (status === "False") expect([reason, level]).toEqual(["Normal", "Normal"]);
      }
    });
  });

  it("each change of the level is one event, and each correction one (C8)", () => {
    always((decided) => {
      for (const { decision, before } of decided) {
        const told = decision.events.filter(({ action }) => action === "Evaluate").length;
        const changed = (before.drift?.level ?? "Normal") !== judgementLevel(decision, before);
        expect(decision.events.length - told).toBe(decision.correction === undefined ? 0 : 1);
        if (decision.correction === undefined) expect(told).toBe(changed ? 1 : 0);
      }
    });
  });

  it("no agent moves another's: nothing that is handed in is changed (D7)", () => {
    fc.assert(
      fc.property(anyHistory, anyHistory, anyNightwatch, (mine, others, settings) => {
        const alone = live(mine, settings);
        const copy = structuredClone(alone);
        live(others, settings);
        expect(alone).toEqual(copy);
        expect(live(mine, settings)).toEqual(copy);
      }),
      { numRuns: 20 },
    );
  });
});

const judgementLevel = (decision: CorrectionDecision, before: AgentStatus) =>
  decision.drift.level ?? before.drift?.level ?? "Normal";
