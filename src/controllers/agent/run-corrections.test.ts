import { describe, expect, it } from "vitest";
import { NOON, noonPlus, seenOf } from "../../../test/builders.ts";
import { aRun, growthAgent, hasBegun, over } from "../../../test/run-builders.ts";
import type { AgentRunStatus } from "../../api/v1alpha1/agent-run.ts";
import type { AgentStatus } from "../../api/v1alpha1/agent.ts";
import { decide } from "./decide.ts";
import { requestedRunName } from "./runs.ts";

const pending = { action: "Reload" as const, run: "review-1", uid: "uid-review-1" };
const correction = { level: "Moderate" as const, action: "Reload" as const, total: 1 };
const jobs = new Map([["uid-review-1", "job-uid-review-1"]]);

const correcting = (run: Partial<AgentRunStatus> | undefined, more: Partial<AgentStatus> = {}) => {
  const agent = growthAgent({ status: { correction: { ...correction, pending }, ...more } });
  const runs = run === undefined ? [] : [aRun({ status: run, spec: { task: "Review PR 42" } })];
  return seenOf(agent, [], { runs, jobs });
};

const cancelled: Partial<AgentRunStatus> = { ...over("Cancelled"), exit: { class: "Cancelled", reason: "Corrected" } };
const replacement = requestedRunName("reviewer", "uid-review-1");
const acts = (seen: ReturnType<typeof correcting>) => decide(seen, NOON).acts.map(({ act }) => act);

describe("a run that is corrected (C3)", () => {
  it("is stopped after the intent stands in the status, and its replacement waits for its end", () => {
    const plan = decide(correcting(hasBegun()), NOON);
    expect(plan.acts).toEqual([
      { act: "record-status" },
      {
        act: "stop-run",
        job: { namespace: "default", name: "review-1", uid: "job-uid-review-1" },
        because: "Reload",
      },
    ]);
    expect(plan.status.correction?.pending).toEqual(pending);
  });

  it("has one replacement once it was cancelled, with its task, under a name that follows from its uid", () => {
    const plan = decide(correcting(cancelled), NOON);
    expect(plan.acts).toMatchObject([
      { act: "confirm-agent" },
      {
        act: "create-run",
        run: { metadata: { name: replacement }, spec: { trigger: "Replacement", task: "Review PR 42" } },
      },
    ]);
    expect(plan.status.correction).toEqual(correction);
    expect(plan.events).toMatchObject([{ reason: "RunReplaced", note: `run ${replacement} replaces review-1` }]);
  });

  it.each<[string, Partial<AgentRunStatus> | undefined]>([
    ["ended well before it was stopped", over("Success")],
    ["ended badly before it was stopped", over("AgentError")],
    ["was deleted", undefined],
  ])("that %s is not revived", (_, run) => {
    const plan = decide(correcting(run), NOON);
    expect(plan.acts).toEqual([]);
    expect(plan.status.correction).toEqual(correction);
  });

  it("is not replaced when its agent was paused meanwhile (C5)", () => {
    const pause = { time: noonPlus(-1), reason: "Manual", message: "" };
    expect(acts(correcting(cancelled, { pause }))).toEqual([]);
  });

  it("is kept until its replacement has its task, whatever runLimits say (R5)", () => {
    const seen = correcting(cancelled);
    const keepNone = { ...seen.agent.spec.runLimits, keepFailed: 0 };
    const agent = { ...seen.agent, spec: { ...seen.agent.spec, runLimits: keepNone } };
    expect(acts({ ...seen, agent })).toEqual(["confirm-agent", "create-run"]);
  });
});

describe("a paused agent's runs (C5)", () => {
  const pause = { time: noonPlus(-1), reason: "DriftCritical", message: "paused" };

  it("are stopped, each that runs", () => {
    const runs = [
      aRun({ status: hasBegun() }),
      aRun({ name: "review-2", status: over() }),
      aRun({ name: "review-3", status: hasBegun() }),
    ];
    const both = new Map([...jobs, ["uid-review-3", "job-uid-review-3"]]);
    const plan = decide(seenOf(growthAgent({ status: { pause } }), [], { runs, jobs: both }), NOON);
    expect(plan.acts).toMatchObject([
      { act: "record-status" },
      { act: "stop-run", job: { name: "review-1" }, because: "Pause" },
      { act: "stop-run", job: { name: "review-3" }, because: "Pause" },
    ]);
  });

  it("are left alone once their Jobs are gone: their own reconciles say how they ended", () => {
    const runs = [aRun({ status: hasBegun() })];
    const seen = seenOf(growthAgent({ status: { pause } }), [], { runs });
    expect(decide(seen, NOON).acts.filter(({ act }) => act === "stop-run")).toEqual([]);
  });
});

describe("an ended run beyond its agent's history", () => {
  it("goes only after what it wrote was counted (S5)", () => {
    const runs = ["a", "b"].map((name, at) => aRun({ name, status: over("Success", at) }));
    const agent = growthAgent({
      spec: { runLimits: { activeDeadlineSeconds: 60, retries: 0, keepSucceeded: 1, keepFailed: 1 } },
    });
    expect(decide(seenOf(agent, [], { runs }), NOON).acts).toMatchObject([
      { act: "record-status" },
      { act: "delete-run", run: { name: "a" } },
    ]);
  });
});
