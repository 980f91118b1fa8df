import { describe, expect, it } from "vitest";
import { agentResource } from "../../src/api/v1alpha1/agent.ts";
import { condition } from "../../src/controllers/conditions.ts";
import { podResource } from "../../src/kube/types-core.ts";
import { expectAnswered, watchAgents } from "./agent-witness.ts";
import { anOperatedNamespace } from "./operator-support.ts";
import { aWatchedAgent, lines, talkersIn } from "./nightwatch-support.ts";
import { watchPods } from "./pod-witness.ts";
import { eventually } from "./support.ts";

const cluster = anOperatedNamespace();
const { namespace, apply, ask, agent, becomes, events, find, podsOf, runningPod } = cluster;
const { write } = talkersIn(namespace);

const conditionOf = async (name: string, type: string) =>
  (await agent(name)).status?.conditions?.find((each) => each.type === type);

describe("a Safety agent that drifts", () => {
  it("is reloaded at level Moderate, once, and its figures say from what (D2–D5, C2, C7, C8)", async () => {
    const witness = await watchPods(cluster);
    const agents = await watchAgents(cluster);
    await write("moderate-1", lines(100, 30));
    await apply(agentResource, aWatchedAgent("moderate"));
    // What it was corrected for stands until its next Pod is looked at.
    const { status: corrected } = await agents.saw("moderate", ({ status }) =>
      expect(status?.correction?.action).toBe("Reload"),
    );
    expect(corrected).toMatchObject({
      drift: { level: "Moderate", scorePercent: 21 },
      correction: { level: "Moderate", total: 1, history: [{ action: "Reload", run: "moderate-1", scorePercent: 21 }] },
    });
    expect(condition(corrected?.conditions, "Drifted")).toMatchObject({
      status: "True",
      reason: "Moderate",
      message: expect.stringMatching(/^21 %: 30 of 100 lines were errors/),
    });
    const pod = await runningPod("moderate");
    expect(pod.metadata.name).toBe("moderate-2");
    // The next evaluation finds the new Pod in order, and nothing is done twice.
    await eventually(async () => expect((await agent("moderate")).status?.drift?.cursor?.pod).toBe("moderate-2"));
    await eventually(async () => expect((await agent("moderate")).status?.drift?.level).toBe("Normal"));
    expect((await agent("moderate")).status?.correction?.total).toBe(1);
    const { mostAtOnce, story } = await witness.testify();
    expect([mostAtOnce("moderate"), story]).toEqual([1, ["+moderate-1", "-moderate-1", "+moderate-2"]]);
    await eventually(async () => {
      const told = (await events("moderate")).filter(({ action }) => action === "Reload");
      expect(told).toMatchObject([{ reason: "DriftModerate", note: expect.stringContaining("moderate-1") }]);
    });
  });

  it("is paused at level Critical, and stays so until a human resumes it with an empty window (C5)", async () => {
    await write("critical-1", lines(50, 50));
    await apply(agentResource, aWatchedAgent("critical"));
    await eventually(async () => expect((await agent("critical")).status?.pause).toBeDefined());
    await eventually(async () => expect(await podsOf("critical")).toEqual([]));
    await becomes("Agent", "critical", { status: "True", reason: "Paused" });
    expect((await agent("critical")).status).toMatchObject({
      pause: { reason: "DriftCritical", message: expect.stringContaining("kubectl annotate agent critical") },
      correction: { action: "Pause", level: "Critical" },
      active: [],
    });
    expect(await conditionOf("critical", "Paused")).toMatchObject({ status: "True", reason: "DriftCritical" });
    expect(await conditionOf("critical", "Ready")).toMatchObject({ status: "True", reason: "Paused" });
    await ask("critical", "restart-requested-at");
    await ask("critical", "reconcile-requested-at");
    await eventually(async () => expectAnswered(await agent("critical"), "reconcile"));
    expect(await find(podResource, "critical-2")).toBeUndefined();

    const agents = await watchAgents(cluster);
    await ask("critical", "resume-requested-at");
    // As soon as the new Pod runs its lines come into the window.
    const { status } = await agents.saw("critical", (found) => expectAnswered(found, "resume"));
    expect(status?.pause).toBeUndefined();
    expect(status?.drift?.buckets ?? []).toEqual([]);
    expect((await runningPod("critical")).metadata.name).toBe("critical-2");
    expect(await conditionOf("critical", "Paused")).toMatchObject({ status: "False" });
  });

  it("is left alone in mode Observe, which shows the same figures (C1)", async () => {
    const before = lines(100, 60);
    await write("observed-1", before);
    await apply(agentResource, aWatchedAgent("observed", { mode: "Observe" }));
    await eventually(async () => expect((await agent("observed")).status?.drift?.level).toBe("Severe"));
    const first = (await agent("observed")).status?.drift?.lastEvaluationTime;
    await write("observed-1", [...before, ...lines(100, 60)]);
    await eventually(async () => expect((await agent("observed")).status?.drift?.counts?.lines).toBe(200));
    const { status } = await agent("observed");
    expect(status?.drift?.lastEvaluationTime).not.toBe(first);
    expect(status?.correction).toMatchObject({ action: "None", total: 0 });
    expect((await podsOf("observed")).map(({ metadata }) => metadata.name)).toEqual(["observed-1"]);
  });
});
