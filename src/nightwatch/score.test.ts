import { describe, expect, it } from "vitest";
import { counts, defaults } from "../../test/drift-counts.ts";
import type { Counters } from "./counters.ts";
import { ratesOf, scoreOf, termsOf } from "./score.ts";

const score = (some: Partial<Counters>) => scoreOf(termsOf(ratesOf(counts(some)), defaults.weights));

describe("the rates (D2)", () => {
  it.each([
    ["without anything nothing is wrong", {}, { errorRate: 0, commandSuccessRate: 1, healthScore: 1 }],
    [
      "without commands lines stand in for them",
      { lines: 10, errorLines: 4 },
      { errorRate: 0.4, commandSuccessRate: 0.6, healthScore: 1 },
    ],
    [
      "commands that were seen speak for themselves",
      { lines: 10, errorLines: 4, commands: 4, failedCommands: 1 },
      { errorRate: 0.4, commandSuccessRate: 0.75, healthScore: 1 },
    ],
    [
      "commands count without any line",
      { commands: 2, failedCommands: 2 },
      { errorRate: 0, commandSuccessRate: 0, healthScore: 1 },
    ],
    [
      "health is the share of checks that passed",
      { healthChecks: 4, healthyChecks: 1 },
      { errorRate: 0, commandSuccessRate: 1, healthScore: 0.25 },
    ],
  ])("%s", (_, some, rates) => {
    expect(ratesOf(counts(some))).toEqual(rates);
  });
});

describe("the score (D3)", () => {
  it.each([
    [{ lines: 100, errorLines: 20, healthChecks: 10, healthyChecks: 8 }, 0.2],
    [{ lines: 7, errorLines: 1 }, 0.09999999999999998],
    [{ lines: 100, errorLines: 30, healthChecks: 12, healthyChecks: 12 }, 0.21000000000000002],
    [{ lines: 12, commands: 3, failedCommands: 2 }, 0.19999999999999998],
    [{ lines: 1, errorLines: 1 }, 0.7],
    [{ lines: 1, errorLines: 1, commands: 1, failedCommands: 1, healthChecks: 1 }, 1],
    [{}, 0],
  ])("of %j is exactly %d (D4, D5)", (some, expected) => {
    expect(score(some)).toBe(expected);
  });

  it("weighs with the same doubles as the decimals 0.4, 0.3 and 0.3", () => {
    const rates = { errorRate: 1, commandSuccessRate: 0, healthScore: 0 };
    expect(termsOf(rates, defaults.weights)).toEqual({ errorRate: 0.4, commandSuccessRate: 0.3, healthScore: 0.3 });
  });
});
