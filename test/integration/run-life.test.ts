import { beforeAll, describe, expect, it, vi } from "vitest";
import { agentResource } from "../../src/api/v1alpha1/agent.ts";
import { agentFleetResource } from "../../src/api/v1alpha1/agent-fleet.ts";
import { agentRunResource } from "../../src/api/v1alpha1/agent-run.ts";
import { jobResource, type Pod, podResource } from "../../src/kube/types-core.ts";
import { aFleet, anOperatedNamespace, aSafetyAgent, type Removal, simulated } from "./operator-support.ts";
import { aGrowthAgent, forever, runHands, showsStatus } from "./run-support.ts";
import { eventually, mustKubectl } from "./support.ts";

// A step may take ten seconds on a machine that is busy with other tests.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

const cluster = anOperatedNamespace();
const { namespace, apply, patch, remove, find, list, agent, becomes, events } = cluster;
const { start, run, runsOf, job, podsOfRun, completes, fails, waits, reaches, runningPodOf } = runHands(cluster);

const inHere = (...args: readonly string[]) => mustKubectl(["--namespace", namespace, ...args]);

describe("a run of a Growth agent", () => {
  beforeAll(async () => {
    await apply(agentResource, aGrowthAgent("reviewer"));
  });

  it("becomes one Job of its name, completes, and every column of kubectl says so (R1, R4)", async () => {
    await start("reviewer", "review-42", { task: "Review PR 42" });
    await inHere("wait", "agentrun/review-42", "--for=condition=Complete", "--timeout=60s");
    const { metadata, status } = await run("review-42");
    expect(metadata.ownerReferences).toMatchObject([{ kind: "Agent", name: "reviewer", controller: true }]);
    expect(status).toMatchObject({
      jobName: "review-42",
      exit: { class: "Success", code: 0, reason: "Completed" },
      display: { state: "Complete" },
    });
    expect(status?.podName).toMatch(/^review-42-/);
    const columns = (await inHere("get", "agentruns", "review-42", "--no-headers")).trim().split(/\s+/);
    expect(columns.slice(0, 5)).toEqual(["review-42", "reviewer", "OnDemand", "Complete", "Success"]);
    const [pod] = await podsOfRun("review-42");
    expect(pod?.metadata.labels).toMatchObject({
      "darkfactory.dev/agent": "reviewer",
      "darkfactory.dev/run": "review-42",
    });
    await showsStatus(cluster, "reviewer", {
      active: [],
      lastRunTime: status?.startTime,
      lastSuccessTime: status?.completionTime,
    });
  });

  it("is asked for by an annotation: once per value (R8)", async () => {
    await apply(agentResource, aGrowthAgent("asked"));
    await inHere("annotate", "agent", "asked", "darkfactory.dev/run-requested-at=today");
    await showsStatus(cluster, "asked", { lastHandledRunAt: "today" });
    // The first 8 hex digits of SHA-256 of "today", as sha256sum prints it.
    await completes("asked-e0f4f767");
    await inHere("annotate", "agent", "asked", "darkfactory.dev/run-requested-at=tomorrow", "--overwrite");
    await showsStatus(cluster, "asked", { lastHandledRunAt: "tomorrow" });
    await inHere("annotate", "agent", "asked", "darkfactory.dev/run-requested-at=today", "--overwrite");
    await showsStatus(cluster, "asked", { lastHandledRunAt: "today" });
    expect((await runsOf("asked")).map(({ metadata }) => metadata.name)).toHaveLength(2);
  });

  it("goes on unchanged when the agent's spec changes, and the next run follows the new one (R7)", async () => {
    await apply(agentResource, aGrowthAgent("changing", forever));
    await start("changing", "before");
    const { metadata, spec } = await runningPodOf("before");
    await apply(agentResource, aGrowthAgent("changing", forever, { task: "work harder" }));
    await becomes("Agent", "changing", { status: "True" });
    await start("changing", "after");
    const next = await runningPodOf("after");
    expect(JSON.stringify(next.spec.containers)).toContain("work harder");
    expect(JSON.stringify(spec.containers)).not.toContain("work harder");
    expect((await runningPodOf("before")).metadata.uid).toBe(metadata.uid);
  });
});

describe("a run that fails", () => {
  const endless = { retries: 0, keepSucceeded: 3, keepFailed: 3 };
  beforeAll(async () => {
    await apply(agentResource, aGrowthAgent("wrong", { exit: "3", message: "boom" }));
    await apply(agentResource, aGrowthAgent("greedy", { exit: "137", reason: "OOMKilled" }));
    await apply(agentResource, aGrowthAgent("stubborn", { exit: "1" }, { runLimits: { retries: 1 } }));
    await apply(agentResource, aGrowthAgent("slow", forever, { runLimits: { ...endless, activeDeadlineSeconds: 3 } }));
    await apply(agentResource, aGrowthAgent("imageless", { pull: "fail" }, { runLimits: endless }));
    await apply(agentResource, aGrowthAgent("accountless", {}, { serviceAccountName: "nobody" }));
    await start("accountless", "accountless-run");
    for (const name of ["wrong", "greedy", "stubborn", "slow", "imageless"]) await start(name, `${name}-run`);
  });

  it("has the agent's exit code and one event, and is not tried again (R4)", async () => {
    const { status } = await fails("wrong-run", "AgentError");
    expect(status).toMatchObject({ exit: { class: "AgentError", code: 3 }, display: { state: "Failed" } });
    expect(await podsOfRun("wrong-run")).toHaveLength(1);
    await eventually(async () => {
      const ours = (await events("wrong-run")).filter(({ regarding }) => regarding.kind === "AgentRun");
      expect(ours.map(({ reason }) => reason)).toEqual(["RunFailed"]);
    });
  });

  it("by too much memory is OutOfMemory (R4)", async () => {
    expect((await fails("greedy-run", "OutOfMemory")).status?.exit).toMatchObject({ code: 137, reason: "OOMKilled" });
  });

  it("whose image cannot be had shows that at once, and at its deadline ends as ImageError (R4, R6)", async () => {
    await reaches("imageless-run", { type: "Started", status: "True", reason: "ImagePullFailed" });
    expect((await run("imageless-run")).status?.display).toEqual({ state: "ImagePullFailed" });
    // Not before it was looked at: the deadline comes now.
    await patch(jobResource, "imageless-run", { spec: { activeDeadlineSeconds: 1 } });
    await fails("imageless-run", "ImageError");
  });

  it("by its wall-clock limit is a Timeout, and its Pod is gone (R4)", async () => {
    expect((await fails("slow-run", "Timeout")).status?.exit).toMatchObject({ reason: "DeadlineExceeded" });
    expect((await podsOfRun("slow-run")).filter(({ status }) => status?.phase === "Running")).toEqual([]);
  });

  it("is final only after its retries (R4)", async () => {
    await fails("stubborn-run", "AgentError");
    expect(await podsOfRun("stubborn-run")).toHaveLength(2);
  });
});

describe("a run whose Job gets no Pod", () => {
  it("shows why, not Running, and goes on once it can have one (R6)", async () => {
    await reaches("accountless-run", { type: "Started", status: "True", reason: "ServiceAccountNotFound" });
    expect((await run("accountless-run")).status?.display).toEqual({ state: "ServiceAccountNotFound" });
    await inHere("create", "serviceaccount", "nobody");
    // Kubernetes' own Job controller tries again ever less often, down to once a minute.
    await eventually(async () => expect((await run("accountless-run")).status?.exit?.class).toBe("Success"), {
      timeoutMs: 180_000,
    });
  });
});

describe("the history of an agent", () => {
  it("keeps the last runs that succeeded and that failed, as many as it says (R5)", async () => {
    const runLimits = { keepSucceeded: 2, keepFailed: 1 };
    await apply(agentResource, aGrowthAgent("tidy", {}, { runLimits }));
    for (const n of [1, 2, 3]) {
      await start("tidy", `tidy-${n}`);
      await completes(`tidy-${n}`);
    }
    await apply(agentResource, aGrowthAgent("tidy", { exit: "1" }, { runLimits }));
    await becomes("Agent", "tidy", { status: "True" });
    for (const n of [4, 5]) {
      await start("tidy", `tidy-${n}`);
      await eventually(async () => expect((await run(`tidy-${n}`)).status?.completionTime).toBeDefined());
    }
    await eventually(async () => {
      const names = (await runsOf("tidy")).map(({ metadata }) => metadata.name).sort();
      expect(names).toEqual(["tidy-2", "tidy-3", "tidy-5"]);
      expect(await job("tidy-1")).toBeUndefined();
      expect(await podsOfRun("tidy-1")).toEqual([]);
    });
  });
});

describe("a run under which something is deleted", () => {
  beforeAll(async () => {
    await apply(agentResource, aGrowthAgent("worker", forever));
  });

  it.each<Removal>(["Background", "Foreground"])(
    "is cancelled by its own deletion, %s: Job and Pods go (R5)",
    async (how) => {
      const name = `cancelled-${how.toLowerCase()}`;
      await start("worker", name);
      await runningPodOf(name);
      await remove(agentRunResource, name, how);
      await eventually(async () => {
        expect(await find(agentRunResource, name)).toBeUndefined();
        expect(await job(name)).toBeUndefined();
        expect(await podsOfRun(name)).toEqual([]);
      });
    },
  );

  it("ends as Cancelled when its Job is deleted, and gets no second one", async () => {
    await start("worker", "jobless");
    await runningPodOf("jobless");
    await remove(jobResource, "jobless");
    const { status } = await fails("jobless", "Cancelled");
    expect(status?.exit).toMatchObject({ class: "Cancelled", reason: "JobDeleted" });
    await eventually(async () => expect(await podsOfRun("jobless")).toEqual([]));
    expect(await job("jobless")).toBeUndefined();
  });

  it("goes on with a new Pod when its Pod is deleted, which counts as no failure (R4)", async () => {
    await apply(agentResource, aGrowthAgent("lingering", { ...forever, stop: "1h" }));
    const endsNow = simulated({ stop: "1ms" });
    await start("lingering", "podless");
    const { metadata } = await runningPodOf("podless");
    await remove(podResource, metadata.name);
    // It goes once the operator has seen that it goes: on a busy machine that is no matter of a grace period.
    await eventually(async () => {
      const conditions = (await find<Pod>(podResource, metadata.name))?.status?.conditions ?? [];
      expect(conditions.map(({ type }) => type)).toContain("DisruptionTarget");
    });
    await patch(podResource, metadata.name, endsNow);
    // A Pod that goes is none that runs: this is the next one.
    const next = await runningPodOf("podless");
    expect(next.metadata.uid).not.toBe(metadata.uid);
    expect((await run("podless")).status?.display).toEqual({ state: "Running" });
    expect((await job("podless"))?.status?.failed ?? 0).toBe(0);
    await patch(podResource, next.metadata.name, endsNow);
  });

  it("is found again when somebody removes the label by which its Job is watched", async () => {
    await start("worker", "unlabelled");
    await runningPodOf("unlabelled");
    await patch(jobResource, "unlabelled", { metadata: { labels: { "app.kubernetes.io/managed-by": null } } });
    await eventually(async () => {
      expect((await job("unlabelled"))?.metadata.labels).toMatchObject({
        "app.kubernetes.io/managed-by": "darkfactory",
      });
    });
    expect((await run("unlabelled")).status?.display).toEqual({ state: "Running" });
  });

  it("goes with its agent, whoever created it (F6)", async () => {
    await apply(agentResource, aGrowthAgent("leaving", forever));
    await start("leaving", "left-behind");
    await runningPodOf("left-behind");
    await remove(agentResource, "leaving");
    await eventually(async () => {
      expect(await find(agentRunResource, "left-behind")).toBeUndefined();
      expect(await job("left-behind")).toBeUndefined();
      expect(await podsOfRun("left-behind")).toEqual([]);
    });
  });
});

describe("a run that cannot start", () => {
  it("waits for its agent, and starts when there is one (R2)", async () => {
    await start("late", "early");
    await waits("early", "AgentNotFound");
    expect((await inHere("get", "agentrun", "early", "--no-headers")).split(/\s+/)).toContain("AgentNotFound");
    await apply(agentResource, aGrowthAgent("late"));
    await completes("early");
  });

  it("fails at once when the agent is of layer Safety, and says why", async () => {
    await apply(agentResource, aSafetyAgent("sentinel"));
    await start("sentinel", "needless");
    const { status } = await fails("needless", "ConfigError");
    expect(status?.conditions?.find(({ type }) => type === "Failed")?.message).toBe(
      "Agent sentinel is of layer Safety: its Pod always runs, only Core and Growth agents have runs",
    );
    expect(await job("needless")).toBeUndefined();
  });

  it("waits while its agent is suspended, by whatever way it was asked for, and then starts (R2)", async () => {
    await apply(agentResource, aGrowthAgent("sleeper", {}, { suspend: true }));
    await start("sleeper", "patient");
    await inHere("annotate", "agent", "sleeper", "darkfactory.dev/run-requested-at=now");
    await waits("patient", "AgentSuspended");
    await showsStatus(cluster, "sleeper", { lastHandledRunAt: "now" });
    const [asked] = (await runsOf("sleeper")).filter(({ metadata }) => metadata.name !== "patient");
    await waits(asked?.metadata.name ?? "", "AgentSuspended");
    await patch(agentResource, "sleeper", { spec: { suspend: false } });
    await completes("patient");
    await completes(asked?.metadata.name ?? "");
  });

  it("waits while its fleet is suspended, while those that run go on, and then starts (R2)", async () => {
    const growth = (name: string, run: string) => ({
      name,
      layer: "Growth" as const,
      task: "w",
      podTemplate: { metadata: { annotations: { "sim.darkfactory.dev/run": run } } },
    });
    const agents = [growth("fleet-slow", "1h"), growth("fleet-quick", "300ms")];
    await apply(agentFleetResource, aFleet("resting", { agents }));
    await becomes("AgentFleet", "resting", { status: "True" });
    await start("fleet-slow", "going-on");
    const { metadata } = await runningPodOf("going-on");
    await patch(agentFleetResource, "resting", { spec: { suspend: true } });
    await becomes("Agent", "fleet-quick", { reason: "FleetSuspended" });
    await start("fleet-quick", "held-back");
    await waits("held-back", "FleetSuspended");
    await patch(agentFleetResource, "resting", { spec: { suspend: false } });
    await completes("held-back");
    expect((await runningPodOf("going-on")).metadata.uid).toBe(metadata.uid);
    await remove(agentFleetResource, "resting");
    await eventually(async () => {
      expect(await find(agentRunResource, "going-on")).toBeUndefined();
      expect((await list(jobResource)).map((each) => each.metadata.name)).not.toContain("going-on");
    });
  });

  it("waits while a Job of its name is somebody else's, which stays as it is, and then starts (O5)", async () => {
    await apply(agentResource, aGrowthAgent("polite"));
    await becomes("Agent", "polite", { status: "True" });
    await inHere("create", "job", "taken", "--image=darkfactory.test/busybox:1", "--", "sh");
    const before = await job("taken");
    await start("polite", "taken");
    await waits("taken", "NameConflict");
    expect((await job("taken"))?.metadata.uid).toBe(before?.metadata.uid);
    const types = ((await agent("polite")).status?.conditions ?? []).filter(({ status }) => status === "True");
    expect(types.map(({ type }) => type)).toEqual(["Ready"]);
  });
});
