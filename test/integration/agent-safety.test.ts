import { describe, expect, it } from "vitest";
import { agentResource } from "../../src/api/v1alpha1/agent.ts";
import { podResource } from "../../src/kube/types-core.ts";
import { anOperatedNamespace, aSafetyAgent, type Removal, simulated } from "./operator-support.ts";
import { watchPods } from "./pod-witness.ts";
import { eventually } from "./support.ts";

const cluster = anOperatedNamespace();
const { namespace, client, apply, patch, ask, remove, find, list, agent, podsOf, becomes, runningPod } = cluster;

/** Pods take a moment to go, so that an operator that does not wait would be seen to overlap. */
const slowToStop = { podTemplate: simulated({ stop: "300ms" }) };

/** Settled in the operator's eyes: it has seen the present generation and answered. */
const settled = (name: string) => becomes("Agent", name, { status: "True", reason: "Running" });

describe("a Safety agent", () => {
  it("has exactly one Pod, numbered, its own, labelled, and as restricted as Pods can be (L1, L5)", async () => {
    await apply(agentResource, aSafetyAgent("one"));
    const { metadata, spec } = await runningPod("one");
    const { uid } = (await agent("one")).metadata;
    expect(metadata).toMatchObject({
      name: "one-1",
      labels: {
        "darkfactory.dev/agent": "one",
        "darkfactory.dev/layer": "Safety",
        "app.kubernetes.io/managed-by": "darkfactory",
      },
      ownerReferences: [{ kind: "Agent", name: "one", uid, controller: true, blockOwnerDeletion: true }],
    });
    expect(spec).toMatchObject({
      restartPolicy: "Never",
      automountServiceAccountToken: false,
      securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
      containers: [
        {
          name: "agent",
          command: ["sh", "-c"],
          args: ["sleep 3600"],
          workingDir: "/workspace",
          securityContext: {
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ["ALL"] },
          },
        },
      ],
    });
    expect((await agent("one")).status).toMatchObject({
      starts: 1,
      active: [{ kind: "Pod", name: "one-1" }],
      conditions: expect.arrayContaining([
        expect.objectContaining({ type: "Ready", status: "True", reason: "Running" }),
      ]) as unknown,
    });
  });

  it("gets the next Pod when somebody deletes its Pod, and never two at once (L1)", async () => {
    await apply(agentResource, aSafetyAgent("deleted", slowToStop));
    await runningPod("deleted");
    const witness = await watchPods(cluster);
    await remove(podResource, "deleted-1");
    await eventually(async () => expect(await find(podResource, "deleted-1")).toBeUndefined());
    expect((await runningPod("deleted")).metadata.name).toBe("deleted-2");
    await remove(podResource, "deleted-2");
    await eventually(async () => expect(await find(podResource, "deleted-2")).toBeUndefined());
    expect((await runningPod("deleted")).metadata.name).toBe("deleted-3");
    expect((await witness.testify()).story).toEqual(["-deleted-1", "+deleted-2", "-deleted-2", "+deleted-3"]);
  });

  it.each([
    ["darkfactory.dev/agent", "relabel"],
    ["app.kubernetes.io/managed-by", "unmanage"],
  ])("gets the label %s back on its Pod when somebody removes it, and keeps the Pod (L1)", async (label, name) => {
    await apply(agentResource, aSafetyAgent(name));
    const before = await runningPod(name);
    const witness = await watchPods(cluster);
    await patch(podResource, `${name}-1`, { metadata: { labels: { [label]: null, theirs: "stays" } } });
    await eventually(async () => {
      const { metadata } = await client().get(podResource, { namespace, name: `${name}-1` });
      expect(metadata.labels).toEqual({ ...before.metadata.labels, theirs: "stays" });
    });
    await settled(name);
    expect((await runningPod(name)).metadata.uid).toBe(before.metadata.uid);
    expect((await witness.testify()).story).toEqual([]);
  });

  it("gets a new Pod when somebody changes the image of its Pod (L1)", async () => {
    await apply(agentResource, aSafetyAgent("image", slowToStop));
    await runningPod("image");
    const witness = await watchPods(cluster);
    await patch(podResource, "image-1", {
      metadata: { labels: { "darkfactory.dev/agent": "image" } },
      spec: { containers: [{ ...(await runningPod("image")).spec.containers[0], image: "darkfactory.test/other:1" }] },
    });
    await eventually(async () => expect(await find(podResource, "image-1")).toBeUndefined());
    const pod = await runningPod("image");
    expect([pod.metadata.name, pod.spec.containers[0]?.image]).toEqual(["image-2", "darkfactory.test/busybox:1"]);
    expect((await witness.testify()).story).toEqual(["-image-1", "+image-2"]);
  });
});

describe("a change of a Safety agent's spec", () => {
  it("replaces its Pod: the old one is gone before the new one comes (L1, L5)", async () => {
    await apply(agentResource, aSafetyAgent("changed", slowToStop));
    await runningPod("changed");
    const witness = await watchPods(cluster);
    await patch(agentResource, "changed", { spec: { task: "sleep 7200" } });
    await eventually(async () => expect(await find(podResource, "changed-1")).toBeUndefined());
    const pod = await runningPod("changed");
    expect(pod.metadata.name).toBe("changed-2");
    expect(pod.spec.containers[0]?.args).toEqual(["sleep 7200"]);
    expect((await witness.testify()).story).toEqual(["-changed-1", "+changed-2"]);
    expect((await witness.testify()).mostAtOnce("changed")).toBe(1);
  });

  it("that comes again and again ends with one Pod of the last spec, and never two at once (L1)", async () => {
    await apply(agentResource, aSafetyAgent("hasty", { podTemplate: simulated({ stop: "100ms", start: "50ms" }) }));
    const witness = await watchPods(cluster);
    for (const n of Array(12).keys()) {
      await patch(agentResource, "hasty", { spec: { task: `sleep ${4000 + n}` } });
      await eventually(async () => expect((await agent("hasty")).status?.observedGeneration).toBeGreaterThan(n));
    }
    await eventually(async () => {
      const pod = await runningPod("hasty");
      expect(pod.spec.containers[0]?.args).toEqual(["sleep 4011"]);
    });
    expect((await witness.testify()).mostAtOnce("hasty")).toBe(1);
  });

  it("that does not shape the Pod leaves it running (L6)", async () => {
    await apply(agentResource, aSafetyAgent("same"));
    const before = await runningPod("same");
    const witness = await watchPods(cluster);
    const changes = {
      capabilities: ["security"],
      restart: { cooldownSeconds: 5, maxRestarts: 3 },
      nightwatch: { thresholds: { minorPercent: 5, moderatePercent: 25, severePercent: 50, criticalPercent: 90 } },
    };
    await patch(agentResource, "same", { spec: changes });
    await settled("same");
    expect((await runningPod("same")).metadata.resourceVersion).toBe(before.metadata.resourceVersion);
    expect((await witness.testify()).story).toEqual([]);
  });
});

describe("a restart that is asked for by annotation", () => {
  it("replaces the Pod once, and says that it was handled", async () => {
    await apply(agentResource, aSafetyAgent("asked", slowToStop));
    await runningPod("asked");
    const witness = await watchPods(cluster);
    await ask("asked", "restart-requested-at");
    await eventually(async () => expect(await find(podResource, "asked-1")).toBeUndefined());
    expect((await runningPod("asked")).metadata.name).toBe("asked-2");
    const { metadata, status } = await agent("asked");
    expect(status?.lastHandledRestartAt).toBe(metadata.annotations?.["darkfactory.dev/restart-requested-at"]);
    expect((await witness.testify()).story).toEqual(["-asked-1", "+asked-2"]);
  });
});

describe("a suspended Safety agent", () => {
  it("has no Pod, is Ready, and starts with the next number afterwards (L1, L5)", async () => {
    await apply(agentResource, aSafetyAgent("paused", slowToStop));
    await runningPod("paused");
    const witness = await watchPods(cluster);
    await patch(agentResource, "paused", { spec: { suspend: true } });
    await becomes("Agent", "paused", { status: "True", reason: "Suspended" });
    expect(await podsOf("paused")).toEqual([]);
    expect((await agent("paused")).status?.active).toEqual([]);

    await patch(agentResource, "paused", { spec: { suspend: false } });
    expect((await runningPod("paused")).metadata.name).toBe("paused-2");
    expect((await witness.testify()).story).toEqual(["-paused-1", "+paused-2"]);
  });

  it("from the first moment never has one", async () => {
    const witness = await watchPods(cluster);
    await apply(agentResource, aSafetyAgent("born-paused", { suspend: true }));
    await becomes("Agent", "born-paused", { status: "True", reason: "Suspended" });
    expect((await witness.testify()).story).toEqual([]);
  });
});

describe("deleting a Safety agent", () => {
  it.each<Removal>(["Background", "Foreground"])("in the %s takes its Pod along", async (how) => {
    const name = `gone-${how.toLowerCase()}`;
    await apply(agentResource, aSafetyAgent(name, slowToStop));
    await runningPod(name);
    const witness = await watchPods(cluster);
    await remove(agentResource, name, how);
    await eventually(async () => {
      expect(await find(agentResource, name)).toBeUndefined();
      expect(await find(podResource, `${name}-1`)).toBeUndefined();
    });
    expect((await witness.testify()).story).toEqual([`-${name}-1`]);
  });

  it("starts nothing while the agent is still there on its way out", async () => {
    await apply(agentResource, aSafetyAgent("leaving"));
    await runningPod("leaving");
    await patch(agentResource, "leaving", { metadata: { finalizers: ["example.com/hold"] } });
    await remove(agentResource, "leaving");
    const witness = await watchPods(cluster);
    await remove(podResource, "leaving-1");
    await eventually(async () => expect(await find(podResource, "leaving-1")).toBeUndefined());
    // A second agent that comes and runs meanwhile shows that the operator was there and chose not to act.
    await apply(agentResource, aSafetyAgent("arriving"));
    await runningPod("arriving");
    expect((await witness.testify()).story.toSorted()).toEqual(["+arriving-1", "-leaving-1"]);
    await patch(agentResource, "leaving", { metadata: { finalizers: null } });
  });

  it("and making it again waits until the Pod of the former one is gone (L1)", async () => {
    await apply(agentResource, aSafetyAgent("reborn"));
    const before = await runningPod("reborn");
    await patch(podResource, "reborn-1", { metadata: { finalizers: ["example.com/hold"] } });
    const witness = await watchPods(cluster);
    await remove(agentResource, "reborn");
    await eventually(async () => expect(await find(agentResource, "reborn")).toBeUndefined());
    await apply(agentResource, aSafetyAgent("reborn"));
    await becomes("Agent", "reborn", { status: "False", reason: "Progressing" });
    expect((await agent("reborn")).status?.conditions?.[0]?.message).toContain("waits until Pod reborn-1 is gone");
    expect((await witness.testify()).story).toEqual([]);

    await patch(podResource, "reborn-1", { metadata: { finalizers: null } });
    const after = await runningPod("reborn");
    expect(after.metadata.uid).not.toBe(before.metadata.uid);
    expect((await witness.testify()).story).toEqual(["-reborn-1", "+reborn-1"]);
    expect((await witness.testify()).mostAtOnce("reborn")).toBe(1);
  });
});

describe("a Pod of somebody else", () => {
  it("under the name that a Safety agent would use is left alone, and the agent says so (O5)", async () => {
    const theirs = { metadata: { name: "name-1" }, spec: { containers: [{ name: "c", image: "theirs" }] } };
    await apply(podResource, theirs);
    const { uid } = (await list(podResource)).find(({ metadata }) => metadata.name === "name-1")!.metadata;
    await apply(agentResource, aSafetyAgent("name"));
    await becomes("Agent", "name", { status: "False", reason: "NameConflict" });
    expect((await find(podResource, "name-1"))?.metadata).toMatchObject({ uid });
    expect((await find(podResource, "name-1"))?.metadata.labels).toBeUndefined();

    await remove(podResource, "name-1");
    await eventually(async () => expect(await find(podResource, "name-1")).toBeUndefined());
    await ask("name", "reconcile-requested-at");
    await runningPod("name");
  });

  it("with an agent's labels but without its owner is neither counted nor deleted (O5)", async () => {
    await apply(agentResource, aSafetyAgent("own"));
    const { labels } = (await runningPod("own")).metadata;
    const stranger = {
      metadata: { name: "own-9", labels: labels! },
      spec: { containers: [{ name: "c", image: "theirs" }] },
    };
    await apply(podResource, stranger);
    await patch(agentResource, "own", { spec: { task: "sleep 7200" } });
    await eventually(async () => expect(await find(podResource, "own-1")).toBeUndefined());
    expect((await runningPod("own")).metadata.name).toBe("own-2");
    expect((await find(podResource, "own-9"))?.metadata.deletionTimestamp).toBeUndefined();
  });
});
