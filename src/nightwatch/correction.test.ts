import { describe, expect, it } from "vitest";
import { NOON, noonPlus } from "../../test/builders.ts";
import { counts, defaults } from "../../test/drift-counts.ts";
import { corrected, entering, evidenceAt, judgedAt, wasAt } from "../../test/judgements.ts";
import type { CorrectionAction, DriftLevel } from "../api/v1alpha1/nightwatch.ts";
import { type CorrectionInput, decideCorrection, type HeldBack } from "./correction.ts";
import type { Correction, Target } from "./correction-target.ts";

const decide = (input: CorrectionInput) => decideCorrection(input, NOON);
const actionOf = (input: CorrectionInput) => decide(input).correction?.action;

describe("entering a level", () => {
  it.each<[DriftLevel, CorrectionAction | undefined]>([
    ["Normal", undefined],
    ["Minor", "Warn"],
    ["Moderate", "Reload"],
    ["Severe", "Restart"],
    ["Critical", "Pause"],
  ])("%s leads to %s (behaviour.md 1.3)", (level, action) => {
    expect(actionOf(entering(level))).toBe(action);
  });

  it("does what the map of actions says, whatever it says (C1)", () => {
    const actions = { minor: "Restart", moderate: "Pause", severe: "None", critical: "Warn" } as const;
    const settings = { ...defaults, actions };
    expect(actionOf(entering("Minor", { settings }))).toBe("Restart");
    expect(actionOf(entering("Moderate", { settings }))).toBe("Pause");
    expect(actionOf(entering("Severe", { settings }))).toBeUndefined();
    expect(actionOf(entering("Critical", { settings }))).toBe("Warn");
  });
});

describe("a Warn", () => {
  it.each<[DriftLevel | undefined, CorrectionAction | undefined, string]>([
    [undefined, "Warn", "it is the first level that it has"],
    ["Normal", "Warn", "it was in order"],
    ["Minor", undefined, "it was Minor before"],
    ["Moderate", undefined, "it got better"],
    ["Critical", undefined, "it got better"],
  ])("of an agent that was %s is %s, because %s", (level, action) => {
    expect(actionOf(entering("Minor", { before: level === undefined ? {} : wasAt(level) }))).toBe(action);
  });

  it("spends no budget, leaves the window and is told by one event (C4, C8)", () => {
    const input = entering("Minor");
    const { record, drift, events } = decide(input);
    expect(drift).toBe(input.judgement.drift);
    expect(record).not.toHaveProperty("budgetTimes");
    expect(events).toEqual([
      { type: "Warning", reason: "DriftMinor", action: "Warn", note: "Minor, 14 %: 20 of 100 lines were errors" },
    ]);
  });
});

describe("a Reload or Restart", () => {
  it("needs no change of the level: whatever the window holds is unanswered (C2)", () => {
    expect(actionOf(entering("Moderate", { before: wasAt("Moderate") }))).toBe("Reload");
    expect(actionOf(entering("Severe", { before: wasAt("Critical") }))).toBe("Restart");
  });

  it("empties the window in the same write, so that its evidence never acts again (C2, D7)", () => {
    const { drift, drifted, message } = decide(entering("Moderate"));
    expect(drift).toEqual({ level: "Normal", samples: 0, windowStart: noonPlus(0), lastEvaluationTime: noonPlus(0) });
    expect(drifted).toEqual({ status: "Unknown", reason: "InsufficientSamples" });
    expect(message).toBe(
      `the window begins anew with the Reload at ${noonPlus(0)}, which answered Moderate, 21 %: 30 of 100 lines were errors`,
    );
  });

  it("is recorded in the status and told by one event beside the level's own (C8)", () => {
    const { record, events } = decide(entering("Severe", { before: corrected(-600) }));
    expect(record).toEqual({
      level: "Severe",
      action: "Restart",
      time: noonPlus(0),
      total: 2,
      budgetTimes: [noonPlus(-600), noonPlus(0)],
      history: [{ level: "Severe", action: "Restart", time: noonPlus(0), scorePercent: 42, run: "sentinel-1" }],
    });
    expect(events.map(({ action, note }) => [action, note])).toEqual([
      ["Evaluate", "Severe after Normal, 42 %: 60 of 100 lines were errors"],
      [
        "Restart",
        "Severe, 42 %: 60 of 100 lines were errors; Pod sentinel-1 is replaced with a fresh workspace and fresh context; correction 2 of 3 within 3600 s",
      ],
    ]);
  });
});

describe("the budget (C4)", () => {
  it.each<[readonly number[], CorrectionAction, string]>([
    [[-1200, -600], "Reload", "two of three are spent"],
    [[-1800, -1200, -600], "Pause", "all three are"],
    [[-3600, -1200, -600], "Reload", "the oldest is an hour ago"],
    [[-3599, -1200, -600], "Pause", "the oldest is almost an hour ago"],
  ])("with corrections at %j s the next is a %s: %s", (times, action) => {
    expect(actionOf(entering("Moderate", { before: corrected(...times) }))).toBe(action);
  });

  it("past it pauses with reason CorrectionLoop, and names it", () => {
    const { correction, record, events } = decide(entering("Moderate", { before: corrected(-3, -2, -1) }));
    expect(correction?.pause).toMatchObject({ reason: "CorrectionLoop" });
    expect(correction?.pause?.message).toContain(
      "; 3 of 3 corrections within 3600 s did not help; to resume it: kubectl",
    );
    expect(events.at(-1)).toMatchObject({ type: "Warning", reason: "CorrectionLoop", action: "Pause" });
    expect(record).toMatchObject({ action: "Pause", total: 4, budgetTimes: [{}, {}, {}] });
  });

  it("counts none from before the last resume (C5)", () => {
    const { correction = {} } = corrected(-3, -2, -1);
    const before = { correction: { ...correction, budgetStart: noonPlus(-2) } };
    expect(actionOf(entering("Moderate", { before }))).toBe("Reload");
  });
});

describe("a Pause (C5)", () => {
  it("says when, why, by whom and how to resume, and leaves the last figures (D11)", () => {
    const input = entering("Critical");
    const { correction, drift, drifted, events } = decide(input);
    expect(correction?.pause).toEqual({
      time: noonPlus(0),
      reason: "DriftCritical",
      message:
        `paused at ${noonPlus(0)} by Nightwatch: Critical, 70 %: 100 of 100 lines were errors; to resume it: ` +
        'kubectl annotate agent sentinel --namespace default --overwrite darkfactory.dev/resume-requested-at="$(date -u +%FT%TZ)"',
    });
    expect(drift).toBe(input.judgement.drift);
    expect(drifted).toEqual({ status: "True", reason: "Critical" });
    expect(events.at(-1)?.note).toBe(correction?.pause?.message);
  });

  it("is not repeated while the agent is paused, nor is anything else done", () => {
    const pause = { reason: "Manual" };
    for (const level of ["Minor", "Moderate", "Severe", "Critical"] as const) {
      expect(decide(entering(level, { before: { pause } }))).toMatchObject({ heldBack: "Paused", record: undefined });
    }
  });
});

describe("what is held back", () => {
  const held: [string, HeldBack, Partial<CorrectionInput>][] = [
    ["only observed (C1)", "Observe", { settings: { ...defaults, mode: "Observe" } }],
    ["stale (D9)", "StaleEvidence", { judgement: judgedAt("Moderate", { isStale: true }) }],
    [
      "outside its active hours (D8)",
      "OutsideActiveHours",
      { settings: { ...defaults, activeHours: { start: "22:00", end: "06:00", timeZone: "Etc/UTC" } } },
    ],
    ["in a storm (C6)", "StormGuard", { isStormOn: true }],
  ];

  it.each(held)("of an agent that is %s records nothing, and its level is told", (_, heldBack, more) => {
    const input = entering("Moderate", { before: corrected(-60), ...more });
    const decision = decide(input);
    expect(decision).not.toHaveProperty("correction");
    expect(decision).toMatchObject({ heldBack, record: input.before.correction, drift: input.judgement.drift });
    expect(decision.events.map(({ type, reason, action }) => [type, reason, action])).toEqual([
      ["Warning", "DriftModerate", "Evaluate"],
    ]);
  });

  it.each(held)(
    "of an agent that was %s comes as soon as it is not, without another change of level",
    (_, __, more) => {
      const { drift } = decide(entering("Moderate", more));
      expect(actionOf(entering("Moderate", { before: { drift } }))).toBe("Reload");
    },
  );

  it("is news once it comes, though nothing else moved (D12)", () => {
    const judgement = { ...judgedAt("Moderate"), isNews: false };
    expect(decide(entering("Moderate", { before: wasAt("Moderate"), judgement })).isNews).toBe(true);
    expect(decide(entering("Moderate", { before: wasAt("Moderate"), judgement, isStormOn: true })).isNews).toBe(false);
  });

  it("in a storm is no Warn (C6)", () => {
    expect(actionOf(entering("Minor", { isStormOn: true }))).toBe("Warn");
  });

  it("never is what has too few samples to judge (D4)", () => {
    const judgement = judgedAt("Normal", { counts: counts({ lines: 9, errorLines: 9 }) });
    expect(decide(entering("Normal", { judgement }))).not.toHaveProperty("heldBack");
  });
});

describe("a correction of a run (C3)", () => {
  const run = (own: DriftLevel): Target => ({ kind: "AgentRun", name: "review-1", counts: evidenceAt[own] });
  const whatHappens = ({ correction }: { correction?: Correction }) =>
    correction === undefined ? "nothing" : [correction.action, correction.instead].filter(Boolean).join(" for ");

  it.each<[DriftLevel, string, string, Target | undefined]>([
    ["Moderate", "nothing runs any more", "Warn for Reload", undefined],
    ["Severe", "nothing runs any more", "Warn for Restart", undefined],
    ["Critical", "nothing runs any more", "Pause", undefined],
    ["Severe", "its run is as far off", "Restart", run("Severe")],
    ["Severe", "its run is less far off", "Reload", run("Moderate")],
    ["Moderate", "its run is farther off", "Reload", run("Critical")],
    ["Severe", "the runs before were, not this one", "Warn for Restart", run("Normal")],
    ["Severe", "the runs before were, this one a little", "Warn for Restart", run("Minor")],
    ["Critical", "the runs before were, not this one", "Pause", run("Normal")],
  ])("of an agent that is %s, where %s, is %s", (level, _, expected, target) => {
    expect(whatHappens(decide(entering(level, { target })))).toBe(expected);
  });

  it("that became a Warn comes once, and spends no budget", () => {
    expect(actionOf(entering("Severe", { target: undefined, before: wasAt("Severe") }))).toBeUndefined();
    const { record, drift, events } = decide(entering("Severe", { target: undefined, before: corrected(-3, -2, -1) }));
    expect(record).toMatchObject({ action: "Warn", budgetTimes: [{}, {}, {}] });
    expect(drift.samples).toBe(100);
    expect(events.map(({ note }) => note)).toEqual([
      "Severe, 42 %: 60 of 100 lines were errors; nothing of it runs any more, so this is a warning and no Restart",
    ]);
  });

  it("names the run in its record and its event", () => {
    const { record, events } = decide(entering("Moderate", { target: run("Moderate") }));
    expect(record?.history?.[0]).toMatchObject({ run: "review-1" });
    expect(events.at(-1)?.note).toContain("; run review-1 is cancelled, and one takes its place from current spec");
  });
});
