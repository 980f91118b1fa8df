import { describe, expect, it } from "vitest";
import {
  aCondition,
  anAgent,
  aPodOf,
  evicted,
  exited,
  NOON,
  noonPlus,
  pending,
  type PodFate,
  running,
  seenOf,
  stopping,
  unschedulable,
  waitingFor,
} from "../../../test/builders.ts";
import { after, brief } from "../../../test/plans.ts";
import { annotation } from "../../workloads/labels.ts";
import { condition } from "../conditions.ts";
import { afterRefusal, decide } from "./decide.ts";

describe("a Safety agent without a Pod", () => {
  it("writes the start number before it creates the Pod (L5)", () => {
    const plan = decide(seenOf(anAgent()), NOON);
    expect(brief(plan.acts)).toEqual(["record-status", "create-pod sentinel-1"]);
    expect(plan.status.starts).toBe(1);
    expect(condition(plan.status.conditions, "Reconciling")?.status).toBe("True");
  });

  it("creates the same Pod again after a crash between the number and the Pod (L5)", () => {
    const agent = anAgent();
    const crashed = after(agent, decide(seenOf(agent), NOON));
    expect(brief(decide(seenOf(crashed), NOON).acts)).toEqual(["confirm-agent", "create-pod sentinel-1"]);
  });

  it("waits until a Pod of an earlier agent of this name is gone (L1)", () => {
    const old = aPodOf(anAgent({ uid: "old" }), 1, stopping());
    expect(decide(seenOf(anAgent(), [], { leftovers: [old] }), NOON).acts).toEqual([]);
  });

  it("counts on from the Pods that are there when its status was lost (L1)", () => {
    const agent = anAgent();
    const plan = decide(seenOf(agent, [aPodOf(agent, 7)]), NOON);
    expect(plan.acts).toEqual([]);
    expect(plan.status.starts).toBe(7);
  });

  it("whose Pod ran and is gone unseen, as while no operator was up, starts the next number once the server says so (L1, L5)", () => {
    const active = [{ kind: "Pod" as const, name: "sentinel-3" }];
    const ran = anAgent({ status: { starts: 3, active, conditions: [aCondition("Ready", "True", "Running")] } });
    const plan = decide(seenOf(ran), NOON);
    expect(brief(plan.acts)).toEqual(["find-pod sentinel-3", "record-status", "create-pod sentinel-4"]);
    expect(plan.status).toMatchObject({ starts: 4, active: [{ name: "sentinel-4" }] });
    // The plan of one that was being created goes on under its number.
    expect(brief(decide(seenOf(after(ran, plan)), NOON).acts)).toEqual(["confirm-agent", "create-pod sentinel-4"]);
  });
});

describe("a Safety agent whose running Pod no longer fits", () => {
  const before = anAgent({ status: { starts: 1 } });
  const pod = aPodOf(before, 1);
  const changed = anAgent({ generation: 2, spec: { task: "sleep 2" }, status: { starts: 1, observedGeneration: 1 } });

  it("asks the server for the new Pod, settles its number, and only then deletes the old one (L1, L5, L6)", () => {
    const plan = decide(seenOf(changed, [pod]), NOON);
    expect(brief(plan.acts)).toEqual(["check-pod sentinel-2", "record-status", "delete-pod sentinel-1"]);
    expect(plan.status).toMatchObject({ starts: 2, replacingSince: noonPlus(0), observedGeneration: 2 });
  });

  it("creates nothing while the old Pod is still stopping (L1)", () => {
    const decided = after(changed, decide(seenOf(changed, [pod]), NOON));
    const stillThere = decide(seenOf(decided, [aPodOf(before, 1, stopping())]), NOON + 1000);
    expect(stillThere.acts).toEqual([]);
    expect(brief(decide(seenOf(decided), NOON + 2000).acts)).toEqual(["confirm-agent", "create-pod sentinel-2"]);
  });

  it("keeps its old Pod when the server refuses the new one", () => {
    const refused = afterRefusal(
      seenOf(changed, [pod]),
      { reason: "PodRefused", message: "no", needsHuman: true },
      NOON,
    );
    expect(refused.status.starts).toBe(1);
    expect(condition(refused.status.conditions, "Stalled")?.reason).toBe("PodRefused");
    expect(refused.wakeAt).toBeGreaterThan(NOON);
  });

  it("waits for its turn while too many others are being replaced (L6)", () => {
    const plan = decide(seenOf(changed, [pod], { rollout: { open: false, message: "1 of at most 1" } }), NOON);
    expect(plan.acts).toEqual([]);
    expect(condition(plan.status.conditions, "Ready")?.reason).toBe("RolloutWaiting");
    expect(plan.wakeAt).toBeGreaterThan(NOON);
  });

  it("does not wait for the place that it holds itself (L6)", () => {
    const again = { ...changed, status: { observedGeneration: 1, starts: 1, replacingSince: noonPlus(-5) } };
    const plan = decide(seenOf(again, [pod], { rollout: { open: false, message: "1 of at most 1" } }), NOON);
    expect(brief(plan.acts)).toContain("delete-pod sentinel-1");
    expect(plan.status.replacingSince).toBe(noonPlus(-5));
  });

  it.each([
    ["gives its place back when the new Pod runs (L6)", running(), undefined],
    ["gives its place back when the new Pod has finished a pass unseen (L6)", exited(0), undefined],
    ["keeps its place while the new Pod starts (L6)", pending(), noonPlus(-5)],
    ["keeps its place when the new Pod fails, so that a bad change goes no further (L6)", exited(1), noonPlus(-5)],
  ])("%s", (_, fate, since) => {
    const replaced = anAgent({ status: { starts: 2, replacingSince: noonPlus(-5) } });
    const plan = decide(seenOf(replaced, [aPodOf(replaced, 2, fate)]), NOON);
    expect(plan.status.replacingSince).toBe(since);
  });

  it("does not wait for its turn when its Pod is not up anyway (L6)", () => {
    const broken = aPodOf(before, 1, waitingFor("ImagePullBackOff"));
    const plan = decide(seenOf(changed, [broken], { rollout: { open: false, message: "" } }), NOON);
    expect(brief(plan.acts)).toContain("delete-pod sentinel-1");
  });

  it.each([
    ["thresholds", { nightwatch: { thresholds: { minorPercent: 5 } } }],
    ["capabilities", { capabilities: ["triage"] }],
    ["limits of runs", { runLimits: { activeDeadlineSeconds: 5, retries: 1, keepSucceeded: 1, keepFailed: 1 } }],
    ["restart settings", { restart: { cooldownSeconds: 5, maxRestarts: 1, windowSeconds: 60 } }],
  ])("leaves it running when only %s changed (L6)", (_, spec) => {
    const agent = anAgent({ generation: 2, spec, status: { starts: 1, observedGeneration: 1 } });
    expect(decide(seenOf(agent, [pod]), NOON).acts).toEqual([]);
  });

  it("leaves it running when the operator would build it differently (L6)", () => {
    const images = { text: "other:2" };
    const agent = anAgent({ status: { starts: 1 } });
    expect(decide(seenOf(agent, [pod], { images }), NOON).acts).toEqual([]);
  });

  it("replaces it when a human asks for a restart, once per value", () => {
    const asked = anAgent({ annotations: { "darkfactory.dev/restart-requested-at": "t1" }, status: { starts: 1 } });
    const plan = decide(seenOf(asked, [pod]), NOON);
    expect(brief(plan.acts)).toContain("delete-pod sentinel-1");
    expect(plan.status.lastHandledRestartAt).toBe("t1");
    const next = after(asked, plan);
    expect(decide(seenOf(next, [aPodOf(next, 2)]), NOON).acts).toEqual([]);
  });

  it("replaces it when its image was edited by hand", () => {
    const edited = aPodOf(before, 1, running(), (made) => ({
      ...made,
      metadata: { ...made.metadata, generation: 2 },
      spec: { ...made.spec, containers: made.spec.containers.map((each) => ({ ...each, image: "evil:1" })) },
    }));
    expect(brief(decide(seenOf(before, [edited]), NOON).acts)).toContain("delete-pod sentinel-1");
  });

  it("leaves it alone when admission rewrote its image at creation", () => {
    const rewritten = aPodOf(before, 1, running(), (made) => ({
      ...made,
      metadata: { ...made.metadata, generation: 1 },
      spec: { ...made.spec, containers: made.spec.containers.map((each) => ({ ...each, image: "mirror/busybox:1" })) },
    }));
    expect(decide(seenOf(before, [rewritten]), NOON).acts).toEqual([]);
  });

  it("puts labels back that somebody removed", () => {
    const bare = aPodOf(before, 1, running(), (made) => ({ ...made, metadata: { ...made.metadata, labels: {} } }));
    expect(brief(decide(seenOf(before, [bare]), NOON).acts)).toEqual(["restore-pod-metadata sentinel-1"]);
  });
});

describe("a Safety agent whose Pod somebody else deletes", () => {
  it("settles the next number at once and starts it when the old Pod is gone (L1)", () => {
    const agent = anAgent({ status: { starts: 1 } });
    const plan = decide(seenOf(agent, [aPodOf(agent, 1, stopping())]), NOON);
    expect(plan.acts).toEqual([]);
    expect(brief(decide(seenOf(after(agent, plan)), NOON).acts)).toEqual(["confirm-agent", "create-pod sentinel-2"]);
  });

  it("starts it again even when nobody saw the Pod go", () => {
    const agent = anAgent({ status: { starts: 1 } });
    expect(brief(decide(seenOf(agent), NOON).acts)).toEqual(["confirm-agent", "create-pod sentinel-1"]);
  });
});

describe("how a Safety agent stands", () => {
  const agent = anAgent({ status: { starts: 1 } });

  it.each([
    ["running", running(), "True", "Running", undefined],
    ["pending", pending(), "False", "Progressing", "Reconciling"],
    ["an image that cannot be pulled", waitingFor("ErrImagePull", "not found"), "False", "ImagePullFailed", undefined],
    ["an image name that is none", waitingFor("InvalidImageName"), "False", "InvalidImage", "Stalled"],
    [
      "a Secret that is missing",
      waitingFor("CreateContainerConfigError", 'secret "x" not found'),
      "False",
      "InvalidConfig",
      "Stalled",
    ],
    ["no node", unschedulable(), "False", "Unschedulable", undefined],
  ])("%s", (_, fate, ready, reason, also) => {
    const { status } = decide(seenOf(agent, [aPodOf(agent, 1, fate)]), NOON);
    expect(condition(status.conditions, "Ready")).toMatchObject({ status: ready, reason });
    expect(["Reconciling", "Stalled"].filter((type) => condition(status.conditions, type) !== undefined)).toEqual(
      also === undefined ? [] : [also],
    );
  });

  describe("while its Pod is young", () => {
    const agent = anAgent();
    const created = after(agent, decide(seenOf(agent), NOON));
    const young = (fate: PodFate, createdAt = 0) => {
      const pod = aPodOf(agent, 1, fate);
      return seenOf(created, [{ ...pod, metadata: { ...pod.metadata, creationTimestamp: noonPlus(createdAt) } }]);
    };
    const ready = (plan: ReturnType<typeof decide>) => condition(plan.status.conditions, "Ready");

    it("is not told anew for what the Pod passes through, only for what lasts (O4)", () => {
      const plan = decide(young(pending()), NOON + 500);
      expect(plan.status).toEqual(created.status);
      expect(plan.wakeAt).toBe(NOON + 2000);
      expect(ready(decide(young(pending()), NOON + 2000))?.message).toBe("Pod sentinel-1 waits for a node");
    });

    it("is not held back by a server's clock that is ahead", () => {
      expect(ready(decide(young(pending(), 3600), NOON))?.message).toBe("Pod sentinel-1 waits for a node");
    });

    it.each([
      ["Running", running()],
      ["Unschedulable", unschedulable()],
      ["ImagePullFailed", waitingFor("ErrImagePull")],
    ])("is told at once: %s (R6)", (reason, fate) => {
      expect(ready(decide(young(fate), NOON + 500))?.reason).toBe(reason);
    });
  });

  it("says trouble once in an event, with the words of the cluster", () => {
    const pods = [aPodOf(agent, 1, waitingFor("ErrImagePull", "not found"))];
    const plan = decide(seenOf(agent, pods), NOON);
    expect(plan.events).toMatchObject([{ type: "Warning", reason: "ImagePullFailed" }]);
    expect(plan.events[0]?.note).toContain("not found");
    expect(decide(seenOf(after(agent, plan), pods), NOON).events).toEqual([]);
  });
});

describe("an agent that must not run", () => {
  it.each([
    ["its own suspend", anAgent({ spec: { suspend: true }, status: { starts: 1 } }), undefined, "Suspended"],
    ["its fleet's suspend", anAgent({ status: { starts: 1 } }), { name: "night", suspend: true }, "FleetSuspended"],
  ])("stops its Pod for %s and is Ready, suspended", (_, agent, fleet, reason) => {
    const stop = decide(seenOf(agent, [aPodOf(agent, 1)], { fleet }), NOON);
    expect(brief(stop.acts)).toEqual(["record-status", "delete-pod sentinel-1"]);
    expect(stop.status.starts).toBe(2);
    const stopping = after(agent, stop);
    const stopped = decide(seenOf(stopping, [], { fleet }), NOON);
    // Gone, or without the label that the cache selects by: asked once.
    expect(brief(stopped.acts)).toEqual(["find-pod sentinel-1"]);
    expect(condition(stopped.status.conditions, "Ready")).toMatchObject({ status: "True", reason });
    expect(decide(seenOf(after(stopping, stopped), [], { fleet }), NOON).acts).toEqual([]);
  });

  it("does nothing while it is being deleted", () => {
    const plan = decide(seenOf(anAgent({ deletionTimestamp: noonPlus(0) })), NOON);
    expect(plan.acts).toEqual([]);
    expect(plan.events).toEqual([]);
  });
});

describe("a plan's status", () => {
  it("is the same when nothing changed (O4)", () => {
    const agent = anAgent({ status: { starts: 1 } });
    const pods = [aPodOf(agent, 1)];
    const settled = after(agent, decide(seenOf(agent, pods), NOON));
    expect(decide(seenOf(settled, pods), NOON + 3_600_000).status).toEqual(settled.status);
  });

  it("never holds Reconciling and Stalled together, and neither beside Ready", () => {
    const agent = anAgent({ status: { starts: 1 } });
    for (const fate of [
      running(),
      pending(),
      evicted(),
      exited(0),
      exited(1),
      waitingFor("InvalidImageName"),
      stopping(),
    ]) {
      const { conditions } = decide(seenOf(agent, [aPodOf(agent, 1, fate)]), NOON).status;
      const on = ["Ready", "Reconciling", "Stalled"].filter((type) => condition(conditions, type)?.status === "True");
      expect(on.length).toBeLessThanOrEqual(1);
    }
  });

  it("keeps a Pod of an operator that marks it with another hash only while the spec is the same", () => {
    const agent = anAgent({ status: { starts: 1 } });
    const unmarked = aPodOf(agent, 1, running(), (made) => ({
      ...made,
      metadata: { ...made.metadata, annotations: {} },
    }));
    expect(brief(decide(seenOf(agent, [unmarked]), NOON).acts)).toEqual(["restore-pod-metadata sentinel-1"]);
    expect(annotation.podHash).toBe("darkfactory.dev/pod-hash");
  });
});
