import { describe, expect, it } from "vitest";
import { agentResource, type AgentSpecInput } from "../../src/api/v1alpha1/agent.ts";
import { podResource } from "../../src/kube/types-core.ts";
import { anOperatedNamespace, aSafetyAgent, simulated } from "./operator-support.ts";
import { watchPods } from "./pod-witness.ts";
import { eventually } from "./support.ts";

const cluster = anOperatedNamespace();
const { namespace, client, apply, patch, ask, find, agent, becomes, runningPod, events } = cluster;

/** Runs for a moment, then ends as told, again and again. */
const ending = (exit: string, more: Partial<AgentSpecInput> = {}, fate: Readonly<Record<string, string>> = {}) => ({
  podTemplate: simulated({ run: "200ms", exit, ...fate }),
  restart: { cooldownSeconds: 1 },
  ...more,
});

/** A cooldown that no test sees the end of: what the agent says of its first end stands for as long as one looks. */
const resting = { restart: { cooldownSeconds: 600 } };

async function restartOf(name: string) {
  return (await agent(name)).status?.restart;
}

describe("a Safety agent whose Pod ended", () => {
  it("with an error says how, while it waits for its cooldown (L2)", async () => {
    await apply(agentResource, aSafetyAgent("fails", ending("3", resting)));
    await becomes("Agent", "fails", { status: "False", reason: "AgentError" });
    expect(await restartOf("fails")).toMatchObject({
      failuresInWindow: 1,
      lastExit: { start: 1, class: "AgentError", code: 3, reason: "Error" },
    });
    expect((await agent("fails")).status?.starts).toBe(1);
    await eventually(async () => {
      const told = (await events("fails")).filter(({ reason }) => reason === "AgentError");
      expect(told[0]).toMatchObject({ type: "Warning", note: expect.stringContaining("exit code 3") });
    });
  });

  it("with an error is followed by the next Pod after its cooldown, and not before (L2)", async () => {
    const witness = await watchPods(cluster);
    await apply(agentResource, aSafetyAgent("follows", ending("3", { restart: { cooldownSeconds: 2 } })));
    await eventually(async () => expect((await witness.testify()).story).toContain("+follows-2"));
    const { last, mostAtOnce } = await witness.testify();
    const ended = last("follows-1")?.status?.containerStatuses?.[0]?.state?.terminated?.finishedAt;
    const waited = Date.parse(last("follows-2")?.metadata.creationTimestamp ?? "") - Date.parse(ended ?? "");
    expect(waited).toBeGreaterThanOrEqual(2000);
    expect(mostAtOnce("follows")).toBe(1);
    await patch(agentResource, "follows", { spec: { suspend: true } });
  });

  it("with exit code 0 finished a pass: Ready all along, no failure, and the next pass follows (L3)", async () => {
    await apply(
      agentResource,
      aSafetyAgent("passes", ending("0", { restart: { cooldownSeconds: 1, maxRestarts: 0 } })),
    );
    await eventually(async () => expect((await agent("passes")).status?.starts).toBeGreaterThanOrEqual(3));
    expect(await restartOf("passes")).toMatchObject({ failuresInWindow: 0, lastExit: { class: "Success", code: 0 } });
    expect((await agent("passes")).status?.lastSuccessTime).toBeDefined();
    expect((await events("passes")).filter(({ type }) => type === "Warning")).toEqual([]);
    await patch(agentResource, "passes", { spec: { suspend: true } });
  });

  it("for want of memory is told apart (L3)", async () => {
    await apply(agentResource, aSafetyAgent("memory", ending("137", resting, { reason: "OOMKilled" })));
    await becomes("Agent", "memory", { status: "False", reason: "OutOfMemory" });
    expect(await restartOf("memory")).toMatchObject({
      failuresInWindow: 1,
      lastExit: { code: 137, reason: "OOMKilled" },
    });
  });

  it("by eviction starts again after the cooldown, and it does not count as a failure (L3)", async () => {
    await apply(agentResource, aSafetyAgent("evicted", { restart: { cooldownSeconds: 1, maxRestarts: 0 } }));
    await runningPod("evicted");
    const status = { phase: "Failed", reason: "Evicted", message: "The node was low on resource: memory." };
    await client().raw("PATCH", `/api/v1/namespaces/${namespace}/pods/evicted-1/status`, { status });
    await eventually(async () => expect(await find(podResource, "evicted-1")).toBeUndefined());
    expect((await runningPod("evicted")).metadata.name).toBe("evicted-2");
    expect(await restartOf("evicted")).toMatchObject({ failuresInWindow: 0, lastExit: { class: "Evicted" } });
  });

  it("by a drain moves without cooldown, and it does not count as a failure (L3)", async () => {
    await apply(agentResource, aSafetyAgent("drained", { restart: { cooldownSeconds: 600, maxRestarts: 0 } }));
    await runningPod("drained");
    const eviction = { apiVersion: "policy/v1", kind: "Eviction", metadata: { name: "drained-1", namespace } };
    await client().raw("POST", `/api/v1/namespaces/${namespace}/pods/drained-1/eviction`, eviction);
    await eventually(async () => expect(await find(podResource, "drained-1")).toBeUndefined());
    expect((await runningPod("drained")).metadata.name).toBe("drained-2");
    expect((await restartOf("drained"))?.failuresInWindow ?? 0).toBe(0);
  });
});

describe("a Safety agent whose restart budget is spent (L3)", () => {
  const spent = { restart: { cooldownSeconds: 1, maxRestarts: 1 } };

  it("stands still and says so; a change of its spec starts it anew", async () => {
    await apply(agentResource, aSafetyAgent("spent", ending("1", spent)));
    await becomes("Agent", "spent", { status: "False", reason: "RestartBudgetExhausted" });
    const { status } = await agent("spent");
    expect(status).toMatchObject({ starts: 2, active: [], restart: { failuresInWindow: 2 } });
    expect(status?.conditions).toContainEqual(
      expect.objectContaining({ type: "Stalled", status: "True", reason: "RestartBudgetExhausted" }),
    );
    await eventually(async () =>
      expect((await events("spent")).map(({ reason }) => reason)).toContain("RestartBudgetExhausted"),
    );

    await patch(agentResource, "spent", { spec: { podTemplate: null } });
    expect((await runningPod("spent")).metadata.name).toBe("spent-3");
    expect(await restartOf("spent")).toMatchObject({ failuresInWindow: 0 });
  });

  it("starts anew when a person asks it to resume", async () => {
    await apply(agentResource, aSafetyAgent("resumed", ending("1", spent)));
    await becomes("Agent", "resumed", { status: "False", reason: "RestartBudgetExhausted" });
    await ask("resumed", "resume-requested-at");
    // It spends its budget anew, and soon: what it starts after the second is by the resume.
    await eventually(async () => expect((await agent("resumed")).status?.starts).toBeGreaterThanOrEqual(3));
    const { metadata, status } = await agent("resumed");
    expect(status?.lastHandledResumeAt).toBe(metadata.annotations?.["darkfactory.dev/resume-requested-at"]);
    await patch(agentResource, "resumed", { spec: { suspend: true } });
  });
});
