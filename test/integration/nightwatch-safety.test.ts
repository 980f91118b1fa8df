import { afterAll, beforeAll, expect, it } from "vitest";
import { agentResource } from "../../src/api/v1alpha1/agent.ts";
import { agentFleetResource } from "../../src/api/v1alpha1/agent-fleet.ts";
import { capture } from "../agent-cli-logs.ts";
import { type AgentWitness, watchAgents } from "./agent-witness.ts";
import { aWatchedAgent, lines, saying, talkersIn } from "./nightwatch-support.ts";
import { aFleet, anOperatedNamespace, simulated } from "./operator-support.ts";
import { watchPods } from "./pod-witness.ts";
import { eventually } from "./support.ts";

const cluster = anOperatedNamespace();
const { namespace, apply, agent, becomes } = cluster;
const { write } = talkersIn(namespace);

const turnedAway = saying(["Error: 429 Too Many Requests. Please try again in 2h"]);

/** Ends by itself after a moment, and starts again after 5 s. */
const shortPass = (exit: string) => ({
  podTemplate: simulated({ run: "300ms", exit }),
  restart: { cooldownSeconds: 5, maxRestarts: 2 },
});

const cleanUps: (() => Promise<void>)[] = [];
afterAll(async () => {
  for (const cleanUp of cleanUps) await cleanUp();
});

let witness: AgentWitness;

/* All agents of this file start at once, and are seen from their start on: what a pass left lasts until the next one. */
beforeAll(async () => {
  witness = await watchAgents(cluster, (cleanUp) => cleanUps.push(cleanUp));
  for (const n of [1, 2, 3, 4, 5]) {
    await write(`empty-${n}`, saying(capture("claude-ok.stdout.jsonl").slice(0, 6)));
    await write(`short-${n}`, lines(7, 1));
  }
  await write("limited-1", turnedAway);
  await apply(agentResource, aWatchedAgent("empty", {}, { tool: "claude", ...shortPass("0") }));
  await apply(agentResource, aWatchedAgent("short", { mode: "Observe" }, shortPass("0")));
  await apply(agentResource, aWatchedAgent("limited"));
});

it("a pass of a structured tool that ends with exit code 0 and no verdict is no failure, and no success (L3, S4)", async () => {
  const { status } = await witness.saw("empty", (found) => expect(found.status?.restart?.lastExit?.start).toBe(3));
  expect(status?.restart).toMatchObject({
    failuresInWindow: 0,
    consecutiveFailures: 0,
    lastExit: { class: "EmptySuccess", code: 0, reason: "NoResult" },
  });
  expect(status?.lastSuccessTime).toBeUndefined();
});

it("the last lines of a short pass are counted before its Pod goes, each once (S5)", async () => {
  const pods = await watchPods(cluster);
  for (const pass of [1, 2]) {
    const { status } = await witness.saw("short", (found) => expect(found.status?.restart?.lastExit?.start).toBe(pass));
    // A pass is a window of its own (D7).
    expect(status?.drift).toMatchObject({ counts: { lines: 7, errorLines: 1 }, cursor: { pod: `short-${pass}` } });
  }
  expect((await pods.testify()).mostAtOnce("short")).toBe(1);
});

it("an agent whose provider's limit is spent says so, and until when, and does not drift (S3)", async () => {
  const limited = async () => {
    const { conditions = [], drift } = (await agent("limited")).status ?? {};
    return { condition: conditions.find(({ type }) => type === "RateLimited"), drift };
  };
  const { condition, drift } = await eventually(async () => {
    const found = await limited();
    expect(found.condition).toMatchObject({ status: "True", reason: "LimitSpent" });
    return found;
  });
  expect(condition?.message).toMatch(/announced that this ends at \d{4}-\d\d-\d\dT/);
  expect(drift).toMatchObject({ level: "Normal", counts: { lines: 1, errorLines: 0 } });
  // It stands until the agent gets over it, in the words in which it was announced.
  await write("limited-1", [...turnedAway, ...lines(5)]);
  await eventually(async () => expect((await limited()).drift?.counts?.lines).toBeGreaterThanOrEqual(5));
  expect((await limited()).condition?.message).toBe(condition?.message);
  await write("limited-1", lines(30));
  await eventually(async () => expect((await limited()).condition).toMatchObject({ status: "False" }));
});

it("an agent whose thresholds clash with its fleet's is stalled and names the field; the others run on (F5)", async () => {
  const entry = (name: string, nightwatch: object) => ({ ...aWatchedAgent(name, nightwatch).spec, name });
  const agents = [entry("clashing", { thresholds: { minorPercent: 30 } }), entry("sound", {})];
  await apply(agentFleetResource, aFleet("clash", { nightwatch: { thresholds: { moderatePercent: 25 } }, agents }));
  await becomes("Agent", "sound", { status: "True", reason: "Running" });
  await becomes("Agent", "clashing", { status: "False", reason: "InvalidSpec" });
  const { status } = await agent("clashing");
  const stalled = status?.conditions?.find(({ type }) => type === "Stalled");
  expect(stalled).toMatchObject({
    status: "True",
    message: expect.stringContaining("spec.nightwatch.thresholds.moderatePercent"),
  });
});
