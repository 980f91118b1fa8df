import { beforeAll, describe, expect, it } from "vitest";
import { type AgentManifest, agentResource } from "../../src/api/v1alpha1/agent.ts";
import { agentFleetResource } from "../../src/api/v1alpha1/agent-fleet.ts";
import { expectAnswered, watchAgents } from "./agent-witness.ts";
import { aWatchedAgent, lines, talkersIn } from "./nightwatch-support.ts";
import { aFleet, anOperatedNamespace } from "./operator-support.ts";
import { showsStatus } from "./run-support.ts";
import { eventually } from "./support.ts";

const cluster = anOperatedNamespace();
const { namespace, apply, ask, agent, becomes, events, patch, podsOf, replaceOperator, runningPod } = cluster;
const { write } = talkersIn(namespace);

/** Waits until an agent has answered all that it is asked by annotation. */
const answered = (name: string, ...requests: Parameters<typeof expectAnswered>[1][]): Promise<void> =>
  eventually(async () => {
    const found = await agent(name);
    for (const request of requests) expectAnswered(found, request);
  });

const fleetThat = (task: string) =>
  aFleet("night", { agents: [{ ...aWatchedAgent("held", {}, { task }).spec, name: "held" }] });

/* All agents of this file start at once. */
beforeAll(async () => {
  await write("looping-1", lines(100, 30));
  await write("looping-2", lines(100, 30));
  await apply(agentResource, aWatchedAgent("looping", { maxCorrections: { count: 1, windowSeconds: 3600 } }));
  await apply(agentResource, aWatchedAgent("both"));
  await apply(agentResource, aWatchedAgent("awake"));
  await apply(agentFleetResource, fleetThat("sleep 3600"));
});

describe("an agent that a person pauses (C5)", () => {
  it("stops, says by whom and how to go on, and is the fleet's paused one", async () => {
    await runningPod("held");
    await ask("held", "pause-requested-at");
    await becomes("Agent", "held", { status: "True", reason: "Paused" });
    const { status, metadata } = await agent("held");
    expect(status?.pause).toMatchObject({
      reason: "Manual",
      message: expect.stringContaining("kubectl annotate agent held"),
    });
    expect(status?.lastHandledPauseAt).toBe(metadata.annotations?.["darkfactory.dev/pause-requested-at"]);
    expect(await podsOf("held")).toEqual([]);
    await eventually(async () => expect((await cluster.fleet("night")).status?.agents).toMatchObject({ paused: 1 }));
    await eventually(async () =>
      expect((await events("held")).filter(({ reason }) => reason === "Paused")).toHaveLength(1),
    );
  });

  it.each<[string, () => Promise<unknown>]>([
    ["a restart of the operator", replaceOperator],
    [
      "its fleet being applied again, with another task",
      async () => {
        await apply(agentFleetResource, fleetThat("sleep 7200"));
        await eventually(async () => expect((await agent("held")).spec.task).toBe("sleep 7200"));
      },
    ],
    [
      "another manager that applies a field of its own",
      () => {
        const manifest: AgentManifest = {
          metadata: { name: "held" },
          spec: { layer: "Safety", tool: "text", model: "other" },
        };
        return apply(agentResource, manifest, "somebody");
      },
    ],
    [
      "a suspend that comes and goes",
      async () => {
        for (const suspend of [true, false]) await patch(agentFleetResource, "night", { spec: { suspend } });
      },
    ],
    ["a requested restart", () => ask("held", "restart-requested-at")],
  ])("stays paused through %s", async (_, happens) => {
    await happens();
    await ask("held", "reconcile-requested-at");
    await answered("held", "reconcile");
    await becomes("Agent", "held", { status: "True", reason: "Paused" });
    expect((await agent("held")).status?.pause?.reason).toBe("Manual");
    expect(await podsOf("held")).toEqual([]);
  });

  it("runs again when a person resumes it, with its present spec and an empty window", async () => {
    const witness = await watchAgents(cluster);
    await ask("held", "resume-requested-at");
    // As soon as the new Pod runs its lines come into the window.
    const { status } = await witness.saw("held", (held) => expectAnswered(held, "resume"));
    expect(status?.pause).toBeUndefined();
    expect(status?.drift?.buckets ?? []).toEqual([]);
    const pod = await runningPod("held");
    expect(pod.spec.containers[0]?.args).toEqual(["sleep 7200"]);
    await eventually(async () => expect((await cluster.fleet("night")).status?.agents).toMatchObject({ paused: 0 }));
  });
});

it("a pause and a resume at once come to the later of them, and both are answered (C5)", async () => {
  const before = await runningPod("both");
  const [sooner, later] = [Date.now() - 1000, Date.now()].map((time) => new Date(time).toISOString());
  const asked = (pause: string | undefined, resume: string | undefined) => ({
    metadata: {
      annotations: { "darkfactory.dev/pause-requested-at": pause, "darkfactory.dev/resume-requested-at": resume },
    },
  });
  await patch(agentResource, "both", asked(sooner, later));
  await answered("both", "pause", "resume");
  expect((await runningPod("both")).metadata.uid).toBe(before.metadata.uid);
  await patch(agentResource, "both", asked(`${later} `, `${sooner} `));
  await answered("both", "pause", "resume");
  await showsStatus(cluster, "both", { pause: { reason: "Manual" } });
});

it("a resume of an agent that is not paused is answered, and changes nothing (C5)", async () => {
  const pod = await runningPod("awake");
  const { status } = await agent("awake");
  await ask("awake", "resume-requested-at");
  await answered("awake", "resume");
  expect((await runningPod("awake")).metadata.uid).toBe(pod.metadata.uid);
  expect((await agent("awake")).status?.drift?.windowStart).toBe(status?.drift?.windowStart);
  expect((await events("awake")).filter(({ reason }) => reason === "Resumed")).toEqual([]);
});

it("an agent past its budget of corrections is paused as a CorrectionLoop, and a resume renews the budget (C4, C5)", async () => {
  const { status } = await showsStatus(cluster, "looping", { pause: { reason: "CorrectionLoop" } });
  expect(status?.correction?.history?.map(({ action, run }) => [action, run])).toEqual([
    ["Pause", "looping-2"],
    ["Reload", "looping-1"],
  ]);
  expect(status?.pause?.message).toContain("1 of 1 corrections within 3600 s did not help");
  await write("looping-3", lines(100, 30));
  await ask("looping", "resume-requested-at");
  await showsStatus(cluster, "looping", {
    correction: {
      total: 3,
      history: [{ action: "Reload", run: "looping-3" }, { action: "Pause" }, { action: "Reload" }],
    },
  });
  expect((await agent("looping")).status?.pause).toBeUndefined();
});
