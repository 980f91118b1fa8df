import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { counts } from "../../../test/drift-counts.ts";
import { aRun, hasBegun, over } from "../../../test/run-builders.ts";
import type { AgentRunStatus } from "../../api/v1alpha1/agent-run.ts";
import { RUNS_MAX } from "../../api/v1alpha1/agent-status.ts";
import { addCounters, noCounts } from "../../nightwatch/counters.ts";
import type { StoredRun } from "../agent-run/observed.ts";
import { newShares, type RunShare } from "./run-shares.ts";

const wrote = (lines: number, errorLines = 0): Partial<AgentRunStatus> => ({ signals: { lines, errorLines } });
const share = (name: string, lines: number, errorLines = 0): RunShare => ({
  name,
  uid: `uid-${name}`,
  lines,
  errorLines,
  commands: 0,
  failedCommands: 0,
});
const holding = (...runs: readonly RunShare[]) => ({ drift: { runs: [...runs] } });

describe("what an agent's runs add to its window (S5)", () => {
  it("is what each has done beyond its share", () => {
    const runs = [
      aRun({ name: "a", status: { ...hasBegun(), ...wrote(30, 3) } }),
      aRun({ name: "b", status: { ...hasBegun(), ...wrote(5) } }),
      aRun({ name: "quiet", status: hasBegun() }),
    ];
    expect(newShares(runs, holding(share("a", 20, 1)))).toEqual({
      counts: counts({ lines: 15, errorLines: 2 }),
      shares: [share("a", 30, 3), share("b", 5)],
      hasEnd: false,
    });
  });

  it("ends with an evaluation once, when the last of an ended run is added (D8)", () => {
    const ended = aRun({ name: "a", status: { ...over(), ...wrote(30) } });
    const first = newShares([ended], holding(share("a", 20)));
    expect(first.hasEnd).toBe(true);
    expect(newShares([ended], holding(...first.shares))).toMatchObject({ counts: noCounts, hasEnd: false });
  });

  it("forgets the share of a run that is gone", () => {
    expect(newShares([], holding(share("a", 20))).shares).toEqual([]);
  });

  it("leaves out what a run writes after it was answered, for good: its correction began an empty window (D7, C2)", () => {
    const pending = { correction: { pending: { action: "Reload" as const, run: "a", uid: "uid-a" } } };
    const going = aRun({ name: "a", status: { ...hasBegun(), ...wrote(90, 90) } });
    const answered = { counts: noCounts, shares: [share("a", 20)], hasEnd: false };
    expect(newShares([going], { ...holding(share("a", 20)), ...pending })).toEqual(answered);
    for (const reason of ["Corrected", "AgentPaused"]) {
      const exit = { class: "Cancelled" as const, reason };
      const stopped = aRun({ name: "a", status: { ...over("Cancelled"), ...wrote(90, 90), exit } });
      expect(newShares([stopped], holding(share("a", 20)))).toEqual(answered);
    }
  });

  it("is the same in whatever order a cache gives the runs (O4)", () => {
    const runs = ["c", "a", "b"].map((name) => aRun({ name, status: { ...over(), ...wrote(1) } }));
    expect(newShares(runs, {})).toEqual(newShares(runs.toReversed(), {}));
  });

  it("of more ended runs than a status holds is added once, and the shares of those that ended last stay", () => {
    const runs = Array.from({ length: RUNS_MAX + 20 }, (_, n) =>
      aRun({ name: `r${n}`, status: { ...over("Success", n), ...wrote(1) } }),
    );
    const { counts: first, shares } = newShares(runs, {});
    expect(first.lines).toBe(RUNS_MAX + 20);
    expect(shares).toHaveLength(RUNS_MAX);
    expect(shares.map(({ name }) => name)).not.toContain("r19");
    expect(newShares(runs, holding(...shares)).counts).toEqual(noCounts);
  });
});

describe("in any history of runs that write, end and are cleaned up", () => {
  const step = fc.record({
    run: fc.nat(4),
    lines: fc.nat(20),
    errorLines: fc.nat(3),
    ends: fc.nat(5).map((n) => n === 0),
    evaluates: fc.boolean(),
    dies: fc.nat(4).map((n) => n === 0),
  });

  it("each line is added once, whoever crashes before the status is written (S5)", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        let runs: readonly StoredRun[] = Array.from({ length: 5 }, (_, n) =>
          aRun({ name: `r${n}`, status: { ...hasBegun(), ...wrote(0) } }),
        );
        let status: Parameters<typeof newShares>[1] = {};
        let window = noCounts;
        const evaluate = (): void => {
          const { counts: added, shares } = newShares(runs, status);
          window = addCounters(window, added);
          status = holding(...shares);
        };
        for (const [at, { run, lines, errorLines, ends, evaluates, dies }] of steps.entries()) {
          runs = runs.map((each, n) => {
            const { signals, exit } = each.status ?? {};
            if (n !== run || exit !== undefined) return each;
            const more = wrote((signals?.lines ?? 0) + lines + errorLines, (signals?.errorLines ?? 0) + errorLines);
            return {
              ...each,
              status: { observedGeneration: 1, ...(ends ? over("Success", at) : hasBegun()), ...more },
            };
          });
          // Dying before the write is to have done nothing.
          if (evaluates && !dies) evaluate();
        }
        evaluate();
        const written = runs.map(({ status: { signals } = {} }) =>
          counts({ lines: signals?.lines ?? 0, errorLines: signals?.errorLines ?? 0 }),
        );
        expect(window).toEqual(written.reduce(addCounters, noCounts));
      }),
    );
  });
});
