import { describe, expect, it } from "vitest";
import { anAgent, aPodOf, noonPlus } from "../../../test/builders.ts";
import { budgetExhausted, coolingDown, progressing, standingOf } from "./standing.ts";
import { restartDefaults } from "./restart.ts";

const pod = aPodOf(anAgent(), 4);

describe("how an agent stands", () => {
  it("is Ready through the start that follows a finished pass, and Reconciling through any other", () => {
    expect(progressing("m", true)).toEqual({ ready: "True", reason: "Progressing", message: "m" });
    expect(progressing("m")).toEqual({ ready: "False", reason: "Progressing", message: "m", also: "Reconciling" });
  });

  it.each([
    [{ state: "Running" } as const, { ready: "True", reason: "Running", message: "Pod sentinel-4 is running" }],
    [
      { state: "NotReady", message: "not ready: agent" } as const,
      { ready: "False", reason: "NotReady", message: "Pod sentinel-4 is not ready: agent" },
    ],
    [
      { state: "Blocked", reason: "Unschedulable", message: "no node", needsHuman: false } as const,
      { ready: "False", reason: "Unschedulable", message: "Pod sentinel-4: no node" },
    ],
    [
      { state: "Blocked", reason: "InvalidImage", message: "no image", needsHuman: true } as const,
      { ready: "False", reason: "InvalidImage", message: "Pod sentinel-4: no image", also: "Stalled" },
    ],
    [
      { state: "Starting", message: "waits for a node" } as const,
      { ready: "False", reason: "Progressing", message: "Pod sentinel-4 waits for a node", also: "Reconciling" },
    ],
  ])("with a Pod: %j", (state, standing) => {
    expect(standingOf(state, pod, false)).toEqual(standing);
  });

  it("tells after a failure what ended how, what is left of the budget, and when it goes on (L2, L3)", () => {
    const restart = {
      failuresInWindow: 2,
      nextStartTime: noonPlus(120),
      lastExit: { start: 4, class: "OutOfMemory" as const, code: 137, reason: "OOMKilled" },
    };
    expect(coolingDown(restart, restartDefaults)).toEqual({
      ready: "False",
      reason: "OutOfMemory",
      message:
        "start 4 ended with exit code 137 (OOMKilled); 2 of 10 restarts in 43200 s used; the next start is at 2026-03-01T12:02:00Z",
    });
  });

  it("is Ready after a finished pass", () => {
    const restart = { nextStartTime: noonPlus(60), lastExit: { start: 4, class: "Success" as const, code: 0 } };
    expect(coolingDown(restart, restartDefaults)).toEqual({
      ready: "True",
      reason: "PassFinished",
      message: "finished a pass; the next start is at 2026-03-01T12:01:00Z",
    });
  });

  it("says what a person can do when the budget is spent (L3)", () => {
    const { message, ...rest } = budgetExhausted({ failuresInWindow: 11 }, restartDefaults);
    expect(rest).toEqual({ ready: "False", reason: "RestartBudgetExhausted", also: "Stalled" });
    expect(message).toMatch(
      /^11 failures within 43200 s; .*allows 10 restarts: change the spec, .*resume-requested-at$/,
    );
  });
});
