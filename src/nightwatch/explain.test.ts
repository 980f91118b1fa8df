import { describe, expect, it } from "vitest";
import { counts, defaults } from "../../test/drift-counts.ts";
import type { Counters } from "./counters.ts";
import { evaluate } from "./evaluation.ts";
import { explainDrift } from "./explain.ts";

describe("an evaluation in words", () => {
  it.each<[Partial<Counters>, string]>([
    [
      { lines: 100, errorLines: 30, healthChecks: 12, healthyChecks: 12 },
      "21 %: 30 of 100 lines were errors; 12 of 12 health checks passed",
    ],
    [{ lines: 12, commands: 3, failedCommands: 2 }, "19 %: 0 of 12 lines were errors; 2 of 3 commands failed"],
    [
      { lines: 1, errorLines: 1, commands: 1, healthChecks: 10, healthyChecks: 9 },
      "43 %: 1 of 1 line was an error; 0 of 1 command failed; 9 of 10 health checks passed",
    ],
    [{ lines: 3, errorLines: 1 }, "too few samples to judge, 3 of the 10 that are needed: 1 of 3 lines was an error"],
    [{}, "too few samples to judge, 0 of the 10 that are needed"],
  ])("of %j is: %s", (some, text) => {
    const seen = counts(some);
    expect(explainDrift(seen, evaluate(seen, defaults), defaults)).toBe(text);
  });
});
