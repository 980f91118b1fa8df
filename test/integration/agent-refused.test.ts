import { describe, expect, it } from "vitest";
import { agentResource } from "../../src/api/v1alpha1/agent.ts";
import { podResource } from "../../src/kube/types-core.ts";
import type { KubeObject, ResourceType } from "../../src/kube/types.ts";
import { anOperatedNamespace, aSafetyAgent, simulated } from "./operator-support.ts";
import { watchPods } from "./pod-witness.ts";
import { eventually } from "./support.ts";

const cluster = anOperatedNamespace();
const { namespace, client, apply, patch, ask, remove, list, agent, podsOf, becomes, runningPod, events } = cluster;

interface ResourceQuota extends KubeObject {
  readonly spec: { readonly hard: Readonly<Record<string, string>> };
}

const quotaResource: ResourceType<ResourceQuota> = {
  group: "",
  version: "v1",
  kind: "ResourceQuota",
  plural: "resourcequotas",
  namespaced: true,
};

/** Waits until Ready says this reason, an event told of it, and gives the condition's message. */
async function complains(name: string, reason: string): Promise<string> {
  await becomes("Agent", name, { status: "False", reason });
  await eventually(async () => {
    const told = (await events(name)).filter((event) => event.reason === reason);
    expect(told.map(({ type }) => type)).toEqual(["Warning"]);
  });
  return (await condition(name, "Ready"))?.message ?? "";
}

async function condition(name: string, type: string) {
  return (await agent(name)).status?.conditions?.find((each) => each.type === type);
}

/** Resolves when the API server takes a plain Pod in this namespace, or refuses it with these words. */
async function untilPods(verdict: "allowed" | { readonly refused: string }, spec: object = {}): Promise<void> {
  const pod = { metadata: { namespace, name: "probe" }, spec: { containers: [{ name: "c", image: "i" }], ...spec } };
  await eventually(async () => {
    const taken = await client()
      .create(podResource, pod, { dryRun: true })
      .then(
        () => "allowed",
        (error: Error) => error.message,
      );
    if (verdict === "allowed") expect(taken).toBe(verdict);
    else expect(taken).toContain(verdict.refused);
  });
}

describe("a Safety agent whose Pod the API server refuses", () => {
  it("because of a quota says so, without a Pod, and starts when the quota is gone", async () => {
    await apply(quotaResource, { metadata: { name: "none" }, spec: { hard: { pods: "0" } } });
    // Until the quota was first counted the API server refuses with other words.
    await untilPods({ refused: "exceeded quota: none" });
    await apply(agentResource, aSafetyAgent("quota"));
    expect(await complains("quota", "QuotaExceeded")).toContain("exceeded quota: none");
    expect(await condition("quota", "Stalled")).toBeUndefined();
    expect((await agent("quota")).status?.starts).toBe(1);

    await remove(quotaResource, "none");
    await untilPods("allowed");
    // It looks again by itself after a minute; a person need not wait.
    await ask("quota", "reconcile-requested-at");
    expect((await runningPod("quota")).metadata.name).toBe("quota-1");
  });

  it("because a new podTemplate makes no sense is stalled with the field, and the old Pod runs on (L1)", async () => {
    await apply(agentResource, aSafetyAgent("nonsense"));
    const before = await runningPod("nonsense");
    const witness = await watchPods(cluster);
    await patch(agentResource, "nonsense", { spec: { podTemplate: { spec: { hostname: "No Host" } } } });
    expect(await complains("nonsense", "PodRefused")).toContain("spec.hostname");
    expect(await condition("nonsense", "Stalled")).toMatchObject({ status: "True", reason: "PodRefused" });
    expect((await podsOf("nonsense")).map(({ metadata }) => metadata.uid)).toEqual([before.metadata.uid]);
    expect((await agent("nonsense")).status).toMatchObject({
      starts: 1,
      active: [{ kind: "Pod", name: "nonsense-1" }],
    });
    expect((await witness.testify()).story).toEqual([]);

    await patch(agentResource, "nonsense", { spec: { podTemplate: null } });
    expect((await runningPod("nonsense")).metadata.uid).toBe(before.metadata.uid);
  });

  it("because a podTemplate has fields of the wrong type is stalled as well", async () => {
    await apply(agentResource, aSafetyAgent("mistyped", { podTemplate: { spec: { nodeSelector: "not-a-map" } } }));
    expect(await complains("mistyped", "PodRefused")).toContain("nodeSelector");
    expect(await podsOf("mistyped")).toEqual([]);
  });

  it("because its service account does not exist names it, and starts once it exists", async () => {
    await apply(agentResource, aSafetyAgent("account", { serviceAccountName: "nobody-yet" }));
    expect(await complains("account", "ServiceAccountNotFound")).toContain("nobody-yet");
    await client().raw("POST", `/api/v1/namespaces/${namespace}/serviceaccounts`, { metadata: { name: "nobody-yet" } });
    await untilPods("allowed", { serviceAccountName: "nobody-yet" });
    await ask("account", "reconcile-requested-at");
    await runningPod("account");
  });
});

describe("a Safety agent whose Pod does not start", () => {
  it("because no node fits says what the scheduler said", async () => {
    await apply(
      agentResource,
      aSafetyAgent("nowhere", { podTemplate: { spec: { nodeSelector: { moon: "far-side" } } } }),
    );
    // Three, and those that other tests of this cluster have added.
    expect(await complains("nowhere", "Unschedulable")).toMatch(/0\/\d+ nodes are available/);
    expect(await condition("nowhere", "Stalled")).toBeUndefined();

    await patch(agentResource, "nowhere", { spec: { podTemplate: null } });
    expect((await runningPod("nowhere")).metadata.name).toBe("nowhere-2");
  });

  it("because its image cannot be pulled says so once, and recovers when it can", async () => {
    await apply(agentResource, aSafetyAgent("pull", { podTemplate: simulated({ pull: "fail" }) }));
    expect(await complains("pull", "ImagePullFailed")).toContain("darkfactory.test/busybox:1");
    await eventually(async () => expect((await condition("pull", "Ready"))?.message).toContain("ImagePullBackOff"));
    expect((await events("pull")).filter(({ reason }) => reason === "ImagePullFailed")).toHaveLength(1);

    await patch(podResource, "pull-1", { metadata: { annotations: { "sim.darkfactory.dev/pull": null } } });
    expect((await runningPod("pull")).metadata.name).toBe("pull-1");
    await eventually(async () => expect((await events("pull")).map(({ reason }) => reason)).toContain("Running"));
  });
});

describe("a namespace that enforces the Pod Security Standard restricted", () => {
  it("takes our Pods as they are, and refuses a podTemplate that wants more, which shows", async () => {
    const labels = { "pod-security.kubernetes.io/enforce": "restricted" };
    await client().raw("PATCH", `/api/v1/namespaces/${namespace}`, { metadata: { labels } });
    await untilPods({ refused: "violates PodSecurity" });
    await apply(agentResource, aSafetyAgent("restricted"));
    await runningPod("restricted");

    const greedy = {
      spec: { containers: [{ name: "agent", securityContext: { capabilities: { add: ["NET_ADMIN"] } } }] },
    };
    await apply(agentResource, aSafetyAgent("greedy", { podTemplate: greedy }));
    expect(await complains("greedy", "PodForbidden")).toMatch(/violates PodSecurity "restricted:latest".*NET_ADMIN/);
    expect((await list(podResource)).some(({ metadata }) => metadata.name.startsWith("greedy"))).toBe(false);
  });
});
