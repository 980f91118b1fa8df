import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { anyCounts, anySettings, counts, defaults } from "../../test/drift-counts.ts";
import type { Counters } from "./counters.ts";
import { evaluate, ratePercentsOf } from "./evaluation.ts";

describe("an evaluation", () => {
  it("judges from minSamples on (D4)", () => {
    expect(evaluate(counts({ lines: 9, errorLines: 9 }), defaults)).toMatchObject({
      level: "Normal",
      score: 0.7,
      samples: 9,
      hasEnoughSamples: false,
    });
    expect(evaluate(counts({ lines: 10, errorLines: 10 }), defaults)).toMatchObject({
      level: "Critical",
      scorePercent: 70,
      samples: 10,
    });
  });

  it("leaves the percentage out below minSamples, instead of a 0 that nobody measured (D4)", () => {
    expect(evaluate(counts({ lines: 9 }), defaults)).not.toHaveProperty("scorePercent");
  });

  it("counts lines, commands and health checks as samples (D4)", () => {
    expect(evaluate(counts({ lines: 4, commands: 3, healthChecks: 3, healthyChecks: 3 }), defaults)).toMatchObject({
      samples: 10,
      scorePercent: 0,
    });
  });

  it("judges a single sample where minSamples is 1", () => {
    const evaluation = evaluate(counts({ lines: 1, errorLines: 1 }), { ...defaults, minSamples: 1 });
    expect(evaluation).toMatchObject({ level: "Critical", scorePercent: 70 });
  });

  it("is exactly 0 without samples, whatever the settings (D4)", () => {
    fc.assert(
      fc.property(anySettings, (settings) => {
        expect(evaluate(counts({}), settings).score).toBe(0);
      }),
    );
  });

  it("has a score from 0 to 1", () => {
    fc.assert(
      fc.property(anyCounts(), anySettings, (seen, settings) => {
        const { score } = evaluate(seen, settings);
        expect(score).toBeGreaterThanOrEqual(0);
        // Weights that sum to 100 are doubles that may sum to a hair more than 1.
        expect(score).toBeLessThanOrEqual(1 + Number.EPSILON);
      }),
    );
  });

  const worse: [string, (seen: Counters) => Counters][] = [
    ["a line turns into an error", (c) => ({ ...c, errorLines: Math.min(c.errorLines + 1, c.lines) })],
    ["an error line is added", (c) => ({ ...c, lines: c.lines + 1, errorLines: c.errorLines + 1 })],
    ["a command fails that did not", (c) => ({ ...c, failedCommands: Math.min(c.failedCommands + 1, c.commands) })],
    ["a failed command is added", (c) => ({ ...c, commands: c.commands + 1, failedCommands: c.failedCommands + 1 })],
    ["a health check fails that passed", (c) => ({ ...c, healthyChecks: Math.max(c.healthyChecks - 1, 0) })],
    ["a failed health check is added", (c) => ({ ...c, healthChecks: c.healthChecks + 1 })],
  ];
  it.each(worse)("never scores lower when %s", (_, change) => {
    fc.assert(
      fc.property(anyCounts(), anySettings, (seen, settings) => {
        expect(evaluate(change(seen), settings).score).toBeGreaterThanOrEqual(evaluate(seen, settings).score);
      }),
      { numRuns: 500 },
    );
  });

  const better: [string, (seen: Counters) => Counters][] = [
    ["an ordinary line is added", (c) => ({ ...c, lines: c.lines + 1 })],
    ["a command that succeeded is added", (c) => ({ ...c, commands: c.commands + 1 })],
    [
      "a passed health check is added",
      (c) => ({ ...c, healthChecks: c.healthChecks + 1, healthyChecks: c.healthyChecks + 1 }),
    ],
  ];
  it.each(better)("never scores higher when %s", (_, change) => {
    fc.assert(
      fc.property(anyCounts(), anySettings, (seen, settings) => {
        expect(evaluate(change(seen), settings).score).toBeLessThanOrEqual(evaluate(seen, settings).score);
      }),
      { numRuns: 500 },
    );
  });
});

describe("the rates in percent", () => {
  it("are exact where doubles are not: 29 of 100 is 29", () => {
    const seen = counts({
      lines: 100,
      errorLines: 29,
      commands: 100,
      failedCommands: 71,
      healthChecks: 100,
      healthyChecks: 57,
    });
    expect(ratePercentsOf(seen)).toEqual({
      errorRatePercent: 29,
      commandSuccessRatePercent: 29,
      healthScorePercent: 57,
    });
  });

  it("let lines stand in for commands, and nothing for nothing (D2)", () => {
    expect(ratePercentsOf(counts({ lines: 100, errorLines: 30 }))).toMatchObject({ commandSuccessRatePercent: 70 });
    expect(ratePercentsOf(counts({}))).toEqual({
      errorRatePercent: 0,
      commandSuccessRatePercent: 100,
      healthScorePercent: 100,
    });
  });
});
