import { describe, expect, it } from "vitest";
import { effectiveNightwatch } from "./effective-nightwatch.ts";
import { nightwatchDefaults } from "./nightwatch.ts";

describe("what nightwatch does with one agent", () => {
  it("is api.md's defaults where nobody says otherwise", () => {
    expect(effectiveNightwatch(undefined, undefined)).toEqual({
      ok: true,
      value: {
        mode: "Enforce",
        evaluationIntervalSeconds: 300,
        windowSeconds: 3600,
        minSamples: 10,
        thresholds: { minorPercent: 10, moderatePercent: 20, severePercent: 40, criticalPercent: 70 },
        weights: { errorRatePercent: 40, commandSuccessRatePercent: 30, healthScorePercent: 30 },
        actions: { minor: "Warn", moderate: "Reload", severe: "Restart", critical: "Pause" },
        maxCorrections: { count: 3, windowSeconds: 3600 },
        stormGuardPercent: 30,
      },
    });
  });

  it("is the agent's own over its fleet's, field by field, down to a single threshold", () => {
    const fleet = { mode: "Observe", thresholds: { severePercent: 50 }, minSamples: 5 } as const;
    const agent = { thresholds: { minorPercent: 5 }, minSamples: 1 };
    expect(effectiveNightwatch(fleet, agent)).toEqual({
      ok: true,
      value: {
        ...nightwatchDefaults,
        mode: "Observe",
        minSamples: 1,
        thresholds: { minorPercent: 5, moderatePercent: 20, severePercent: 50, criticalPercent: 70 },
      },
    });
  });

  it("takes the time zone of active hours for UTC unless one is given", () => {
    const activeHours = { start: "22:00", end: "06:00" };
    expect(effectiveNightwatch({ activeHours }, undefined)).toMatchObject({
      ok: true,
      value: { activeHours: { ...activeHours, timeZone: "Etc/UTC" } },
    });
  });

  it("is a problem where an agent and its fleet are right alone and wrong together", () => {
    expect(effectiveNightwatch({ windowSeconds: 600 }, { evaluationIntervalSeconds: 900 })).toEqual({
      ok: false,
      problems: [
        {
          field: "spec.nightwatch.windowSeconds",
          message: "windowSeconds must be at least evaluationIntervalSeconds",
        },
      ],
    });
    expect(
      effectiveNightwatch({ thresholds: { moderatePercent: 30 } }, { thresholds: { minorPercent: 30 } }),
    ).toMatchObject({
      ok: false,
      problems: [{ field: "spec.nightwatch.thresholds.moderatePercent" }],
    });
  });
});
