import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { NOON, noonPlus, seenOf } from "../../../test/builders.ts";
import { aRun, growthAgent, hasBegun, over, waitsFor } from "../../../test/run-builders.ts";
import { decide } from "./decide.ts";
import { requestedRunName } from "./runs.ts";

const asking = (value: string, parts: Parameters<typeof growthAgent>[0] = {}) =>
  growthAgent({ annotations: { "darkfactory.dev/run-requested-at": value }, ...parts });

describe("run-requested-at (R8)", () => {
  it("makes the run <agent>-<8 hex digits of the value's SHA-256>, and echoes the value after it", () => {
    const digest = createHash("sha256").update("2026-03-01").digest("hex");
    const plan = decide(seenOf(asking("2026-03-01")), NOON);
    expect(plan.acts.at(-1)).toMatchObject({
      act: "create-run",
      run: { metadata: { name: `reviewer-${digest.slice(0, 8)}` }, spec: { trigger: "OnDemand" } },
    });
    expect(plan.status.lastHandledRunAt).toBe("2026-03-01");
  });

  it("asks for nothing again while its value stays the same, and for another run with another value", () => {
    expect(decide(seenOf(asking("a", { status: { lastHandledRunAt: "a" } })), NOON).acts).toEqual([]);
    const again = decide(seenOf(asking("b", { status: { lastHandledRunAt: "a" } })), NOON);
    expect(again.acts.map(({ act }) => act)).toEqual(["confirm-agent", "create-run"]);
    expect(requestedRunName("reviewer", "a")).not.toBe(requestedRunName("reviewer", "b"));
  });

  it("is answered while the agent is suspended: the run waits, it is not dropped (R2)", () => {
    const plan = decide(seenOf(asking("a", { spec: { suspend: true } })), NOON);
    expect(plan.acts.at(-1)).toMatchObject({ act: "create-run" });
  });
});

describe("what an agent's status says of its runs", () => {
  const runs = [
    aRun({ name: "b", status: { ...hasBegun(), startTime: noonPlus(-10) } }),
    aRun({ name: "a", status: { ...hasBegun(), startTime: noonPlus(-20) } }),
    aRun({ name: "waiting", status: waitsFor("Queued") }),
    aRun({ name: "well", status: { ...over("Success", -30), startTime: noonPlus(-40) } }),
    aRun({ name: "badly", status: { ...over("AgentError", -5), startTime: noonPlus(-50) } }),
  ];

  it("is which run now, when one last started and when one last succeeded", () => {
    const { status } = decide(seenOf(growthAgent(), [], { runs }), NOON);
    expect(status).toMatchObject({
      active: [
        { kind: "AgentRun", name: "a" },
        { kind: "AgentRun", name: "b" },
      ],
      lastRunTime: noonPlus(-10),
      lastSuccessTime: noonPlus(-30),
    });
  });

  it("is the same in whatever order a cache gives them (O4)", () => {
    const one = decide(seenOf(growthAgent(), [], { runs }), NOON);
    const other = decide(seenOf(growthAgent(), [], { runs: [...runs].reverse() }), NOON);
    expect(other.status).toEqual(one.status);
  });

  it("stays when the runs are gone", () => {
    const status = { lastRunTime: noonPlus(-10), lastSuccessTime: noonPlus(-30) };
    expect(decide(seenOf(growthAgent({ status })), NOON).status).toMatchObject({ ...status, active: [] });
  });
});
