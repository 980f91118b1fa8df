import { describe, expect, it } from "vitest";
import { noonPlus } from "../../../test/builders.ts";
import { aRun, hasBegun, over, waitsFor } from "../../../test/run-builders.ts";
import type { StoredRun } from "../agent-run/observed.ts";
import { beyondHistory } from "./history.ts";

const limits = { keepSucceeded: 2, keepFailed: 1 };
const names = (runs: readonly StoredRun[]) => runs.map(({ metadata }) => metadata.name);
const succeeded = (name: string, at: number) => aRun({ name, status: over("Success", at) });
const failed = (name: string, at: number) => aRun({ name, status: over("AgentError", at) });

describe("runs beyond an agent's history (R5)", () => {
  it("are the oldest of those that succeeded and of those that failed, each by its own limit", () => {
    const runs = [succeeded("s3", 30), failed("f2", 20), succeeded("s1", 10), succeeded("s2", 20), failed("f1", 10)];
    expect(names(beyondHistory(runs, limits, undefined))).toEqual(["s1", "f1"]);
  });

  it("are all, where none is to be kept", () => {
    const runs = [succeeded("s1", 1), failed("f1", 1)];
    expect(names(beyondHistory(runs, { keepSucceeded: 0, keepFailed: 0 }, undefined))).toEqual(["s1", "f1"]);
  });

  it("are never those that run or wait, nor those that go already", () => {
    const going = aRun({ name: "going", status: over(), deletionTimestamp: noonPlus(0) });
    const runs = [aRun({ name: "new" }), aRun({ status: hasBegun() }), aRun({ status: waitsFor("Queued") }), going];
    expect(beyondHistory(runs, { keepSucceeded: 0, keepFailed: 0 }, undefined)).toEqual([]);
  });

  it("that ended in the same second go by name, so that two looks agree", () => {
    const runs = [succeeded("b", 1), succeeded("c", 1), succeeded("a", 1)];
    expect(names(beyondHistory(runs, limits, undefined))).toEqual(["a"]);
    expect(names(beyondHistory([...runs].reverse(), limits, undefined))).toEqual(["a"]);
  });

  it("stay until their occurrence stands in the agent's status: it would be run once more after a crash (K3)", () => {
    const spec = { trigger: "Schedule", scheduledTime: noonPlus(0) } as const;
    const runs = [aRun({ spec, status: over() })];
    const none = { keepSucceeded: 0, keepFailed: 0 };
    expect(beyondHistory(runs, none, undefined)).toEqual([]);
    expect(beyondHistory(runs, none, noonPlus(-60))).toEqual([]);
    expect(beyondHistory(runs, none, noonPlus(0))).toHaveLength(1);
  });
});
