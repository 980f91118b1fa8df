import { beforeAll, describe, expect, it } from "vitest";
import { agentResource } from "../../src/api/v1alpha1/agent.ts";
import type { AgentRun } from "../../src/api/v1alpha1/agent-run.ts";
import type { Stored } from "../../src/kube/types.ts";
import { requestedRunName } from "../../src/controllers/agent/runs.ts";
import type { ToolName } from "../../src/tools/profiles.ts";
import { capture } from "../agent-cli-logs.ts";
import type { LogLine } from "../cluster/simulated-nodes.ts";
import { aWatchedGrowthAgent, HELD, letStart, lines, saying, talkersIn } from "./nightwatch-support.ts";
import { anOperatedNamespace } from "./operator-support.ts";
import { forever, runHands, showsStatus } from "./run-support.ts";
import { eventually } from "./support.ts";

const cluster = anOperatedNamespace();
const { namespace, apply, ask, agent, events, replaceOperator } = cluster;
const { start, run, runsOf, job, podsOfRun, completes, fails, waits, runningPodOf } = runHands(cluster);
const { write } = talkersIn(namespace);

/** Starts a run whose Pod has written these lines by the time that it begins to run. */
async function startWith(agentName: string, name: string, written: readonly LogLine[], task?: string): Promise<void> {
  await start(agentName, name, task === undefined ? {} : { task });
  await letRun(name, written);
}

/** Lets a held run's Pod start, once its log is laid ready: it has a random name. */
async function letRun(name: string, written?: readonly LogLine[]): Promise<void> {
  const pod = await eventually(async () => {
    const [first] = await podsOfRun(name);
    expect(first).toBeDefined();
    return first?.metadata.name ?? "";
  });
  if (written !== undefined) await write(pod, written);
  await letStart(cluster, pod);
}

const DAY_SECONDS = 24 * 3600;

const exit = ({ status }: Stored<AgentRun>) => status?.exit;

const cliAgents: readonly (readonly [ToolName, string, object])[] = [
  [
    "claude",
    "claude-r429.stdout.jsonl",
    {
      signals: { lines: 14, errorLines: 0, commands: 3, failedCommands: 2, apiErrors: 0, rateLimits: 2 },
      usage: { inputTokens: 4800, outputTokens: 320, cacheReadTokens: 1200, costMicroUSD: 21_060 },
      result: { summary: "MOCK-FINAL: all steps done.", sessionID: "47bac4c4-a1fe-44ac-b612-0d5ff0932f65" },
    },
  ],
  [
    "codex",
    "codex-r429.stdout.jsonl",
    {
      signals: { lines: 13, errorLines: 0, commands: 3, failedCommands: 2, apiErrors: 0, rateLimits: 2 },
      usage: { inputTokens: 6000, outputTokens: 320, cacheReadTokens: 1200 },
      result: { summary: "MOCK-FINAL: all steps done.", sessionID: "01a2044e-be6f-73c1-aeea-0dd2d27f4b86" },
    },
  ],
  [
    "opencode",
    "oc-ok.stdout.jsonl",
    {
      signals: { lines: 12, errorLines: 0, commands: 3, failedCommands: 2, apiErrors: 0, rateLimits: 0 },
      usage: { inputTokens: 4800, outputTokens: 320, cacheReadTokens: 1200, costMicroUSD: 19_560 },
      result: { summary: "MOCK-FINAL: all steps done.", sessionID: "ses_dfba65199ffeA13GTSrAw4WjxT" },
    },
  ],
  [
    "gemini",
    "gem-ok.stdout.jsonl",
    {
      // Gemini tells no command's exit code: what cannot be known is not there.
      signals: { lines: 10, errorLines: 0, apiErrors: 0, rateLimits: 0 },
      usage: { inputTokens: 6000, outputTokens: 320, cacheReadTokens: 1200 },
      result: { summary: "MOCK-FINAL: all steps done.", sessionID: "9cb15cf1-51e3-4a9c-a29f-12ca177a5579" },
    },
  ],
];

/* All agents of this file start at once; each test looks at its own. */
beforeAll(async () => {
  for (const [tool] of cliAgents) {
    await apply(agentResource, aWatchedGrowthAgent(tool, { ...HELD, exit: "0" }, { tool }));
  }
  await apply(agentResource, aWatchedGrowthAgent("cut-off", { ...HELD, exit: "0" }, { tool: "claude" }));
  await apply(agentResource, aWatchedGrowthAgent("limited", { ...HELD, exit: "1" }));
  await apply(agentResource, aWatchedGrowthAgent("drifting", { ...HELD, ...forever }));
  // Looked at at its run's end and, as good as surely, never before.
  const nightwatch = { evaluationIntervalSeconds: DAY_SECONDS, windowSeconds: DAY_SECONDS, stormGuardPercent: 100 };
  await apply(agentResource, aWatchedGrowthAgent("finished", { ...HELD, exit: "1" }, { nightwatch }));
  await apply(agentResource, aWatchedGrowthAgent("critical", { ...HELD, ...forever }));
  const paused = { ...aWatchedGrowthAgent("nightly", forever).spec, layer: "Core" as const, schedule: "* * * * *" };
  const annotations = { "darkfactory.dev/pause-requested-at": "before it ever ran" };
  await apply(agentResource, { metadata: { name: "nightly", annotations }, spec: paused });

  await Promise.all([
    ...cliAgents.map(([tool, file]) => startWith(tool, `run-of-${tool}`, saying(capture(file)))),
    startWith("cut-off", "half", saying(capture("claude-ok.stdout.jsonl").slice(0, 6))),
    startWith("limited", "turned-away", saying(["starting", "Error: 429 Too Many Requests: rate limit reached"])),
    startWith("drifting", "drifts", lines(100, 30), "Review PR 42"),
    startWith("finished", "too-late", lines(100, 30)),
    startWith("critical", "fails", lines(50, 50)),
  ]);
});

describe("what a run's tool printed is in its status, to the line and the token (S1, S5)", () => {
  it.each(cliAgents)("of %s", async (tool, _, told) => {
    const { status } = await completes(`run-of-${tool}`);
    expect(status).toMatchObject(told);
    expect(status?.signals).toEqual((told as { signals: object }).signals);
    await showsStatus(cluster, tool, { drift: { counts: { lines: status?.signals?.lines } } });
  });
});

describe("how a run ended, by its tool's own word (S3, S4)", () => {
  it("exit code 0 with a cut stream is EmptySuccess, and no success", async () => {
    const found = await fails("half", "EmptySuccess");
    expect(exit(found)).toMatchObject({ class: "EmptySuccess", code: 0, reason: "NoResult" });
    expect(found.status?.signals?.lines).toBe(6);
    await showsStatus(cluster, "cut-off", { active: [] });
    expect((await agent("cut-off")).status?.lastSuccessTime).toBeUndefined();
  });

  it("exit code 1 over a rate limit is RateLimited, which is the agent's state too, and no drift", async () => {
    const found = await fails("turned-away", "RateLimited");
    expect(found.status?.signals).toMatchObject({ lines: 2, errorLines: 0, rateLimits: 1 });
    await eventually(async () => {
      const { conditions = [], drift } = (await agent("limited")).status ?? {};
      expect(conditions.find(({ type }) => type === "RateLimited")).toMatchObject({ status: "True" });
      expect(drift).toMatchObject({ level: "Normal", counts: { lines: 2, errorLines: 0 } });
    });
  });
});

describe("a run that drifts while it runs (C3)", () => {
  it("is stopped, and one replacement takes its task", async () => {
    const stopped = await fails("drifts", "Cancelled");
    expect(exit(stopped)).toMatchObject({ class: "Cancelled", reason: "Corrected" });
    const replacement = requestedRunName("drifting", stopped.metadata.uid);
    await letRun(replacement);
    await runningPodOf(replacement);
    expect((await run(replacement)).spec).toMatchObject({ trigger: "Replacement", task: "Review PR 42" });
    const settled = await showsStatus(cluster, "drifting", {
      correction: { action: "Reload", level: "Moderate", total: 1, history: [{ run: "drifts", scorePercent: 21 }] },
      active: [{ kind: "AgentRun", name: replacement }],
    });
    expect(settled.status?.correction?.pending).toBeUndefined();
    // The window began anew, and what the stopped run wrote is not in it.
    await eventually(async () => expect((await agent("drifting")).status?.drift?.level).toBe("Normal"));
    expect((await agent("drifting")).status?.drift?.counts?.errorLines ?? 0).toBe(0);
    expect((await runsOf("drifting")).map(({ metadata }) => metadata.name).toSorted()).toEqual([replacement, "drifts"]);
    expect(await job("drifts")).toBeUndefined();
    await eventually(async () =>
      expect((await events("drifting")).filter(({ reason }) => reason === "RunReplaced")).toHaveLength(1),
    );
  });

  it("and has ended by itself is not revived: its agent is warned (C3)", async () => {
    await fails("too-late", "AgentError");
    await showsStatus(cluster, "finished", {
      drift: { level: "Moderate", counts: { lines: 100, errorLines: 30 } },
      correction: { action: "Warn", level: "Moderate", total: 1 },
      active: [],
    });
    expect((await runsOf("finished")).map(({ metadata }) => metadata.name)).toEqual(["too-late"]);
    await eventually(async () => {
      const told = (await events("finished")).filter(({ action }) => action === "Warn");
      expect(told).toMatchObject([{ note: expect.stringContaining("no Reload") }]);
    });
  });

  it("at level Critical is stopped with its agent, whose next runs wait until a human resumes it (C5)", async () => {
    expect(exit(await fails("fails", "Cancelled"))).toMatchObject({ reason: "AgentPaused" });
    await showsStatus(cluster, "critical", { pause: { reason: "DriftCritical" }, active: [] });
    await start("critical", "later");
    await waits("later", "AgentPaused");
    expect(await job("later")).toBeUndefined();
    await ask("critical", "resume-requested-at");
    await letRun("later");
    await runningPodOf("later");
    expect((await agent("critical")).status?.pause).toBeUndefined();
  });
});

it("an agent of many short runs is judged over all of them, each line once, across a restart of the operator (D11, S5)", async () => {
  await apply(agentResource, aWatchedGrowthAgent("busy", { ...HELD, run: "200ms" }));
  const names = ["busy-1", "busy-2", "busy-3", "busy-4"];
  const work = (name: string) => startWith("busy", name, lines(25, 4));
  await Promise.all(names.slice(0, 2).map(work));
  await Promise.all(names.slice(0, 2).map(completes));
  await replaceOperator();
  await Promise.all(names.slice(2).map(work));
  await Promise.all(names.slice(2).map(completes));
  const { status } = await showsStatus(cluster, "busy", { drift: { counts: { lines: 100, errorLines: 16 } } });
  // 0.7 · 16 / 100: more than Minor by all of them, and each alone the same.
  expect(status?.drift).toMatchObject({ level: "Minor", scorePercent: 11 });
  expect(status?.drift?.runs?.map(({ name, lines }) => [name, lines])).toEqual(names.map((name) => [name, 25]));
});

it("the occurrences of a paused Core agent are recorded as skipped (C3, C5)", async () => {
  await eventually(
    async () => {
      const { status } = await agent("nightly");
      expect(status?.skippedRuns?.last?.reason).toBe("AgentPaused");
    },
    { timeoutMs: 90_000 },
  );
  expect(await runsOf("nightly")).toEqual([]);
});
