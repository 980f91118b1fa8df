import { describe, expect, it } from "vitest";
import { agentResource, type AgentManifest } from "../../src/api/v1alpha1/agent.ts";
import { agentRunResource, type AgentRun, type AgentRunManifest } from "../../src/api/v1alpha1/agent-run.ts";
import { claimResource, jobResource } from "../../src/kube/types-core.ts";
import { controllerOf } from "../../src/workloads/labels.ts";
import { freshWorkspaceSince } from "../../src/workloads/workspace.ts";
import { anOperatedNamespace } from "./operator-support.ts";
import { runHands } from "./run-support.ts";
import { apply, eventually, mustKubectl } from "./support.ts";

describe("the claim of a persistent workspace", () => {
  const operated = anOperatedNamespace();
  const { namespace, find } = operated;
  const { podsOfRun } = runHands(operated);

  const agent = (name: string): Promise<unknown> =>
    operated.apply<AgentManifest>(agentResource, {
      metadata: { name },
      spec: {
        layer: "Growth",
        tool: "text",
        image: "darkfactory.test/busybox:1",
        command: ["sh", "-c"],
        task: "true",
        workspace: { persistent: { size: "1Gi" } },
      },
    });
  const request = (name: string, agent: string): Promise<unknown> =>
    operated.apply<AgentRunManifest>(agentRunResource, { metadata: { name }, spec: { agentRef: { name: agent } } });
  const startedOf = async (name: string) =>
    (await find<AgentRun>(agentRunResource, name))?.status?.conditions?.find(({ type }) => type === "Started");

  it("is the agent's own, made with its first run", async () => {
    await agent("keeper");
    expect(await find(claimResource, "keeper-workspace")).toBeUndefined();
    await request("keep-1", "keeper");
    await eventually(async () => expect(await find(jobResource, "keep-1")).toBeDefined());
    const claim = await find(claimResource, "keeper-workspace");
    expect(claim && controllerOf(claim)).toMatchObject({ kind: "Agent", name: "keeper" });
  });

  it("is not mounted where it is somebody else's: the run waits and says so (O5)", async () => {
    await apply({
      apiVersion: "v1",
      kind: "PersistentVolumeClaim",
      metadata: { name: "stranger-workspace", namespace },
      spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
    });
    await agent("stranger");
    await request("strange-1", "stranger");
    await eventually(async () =>
      expect(await startedOf("strange-1")).toMatchObject({ status: "False", reason: "NameConflict" }),
    );
    expect((await startedOf("strange-1"))?.message).toContain("stranger-workspace");
    expect(await find(jobResource, "strange-1")).toBeUndefined();
  });

  it("is waited for while an earlier one of its name is being deleted", async () => {
    await agent("reborn");
    const { uid } = (await operated.agent("reborn")).metadata;
    await apply({
      apiVersion: "v1",
      kind: "PersistentVolumeClaim",
      metadata: {
        name: "reborn-workspace",
        namespace,
        finalizers: ["example.com/held"],
        ownerReferences: [
          { apiVersion: "darkfactory.dev/v1alpha1", kind: "Agent", name: "reborn", uid, controller: true },
        ],
      },
      spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
    });
    await operated.remove(claimResource, "reborn-workspace");
    await request("reborn-1", "reborn");
    await operated.operator().logged("reborn-1");
    expect(await find(jobResource, "reborn-1")).toBeUndefined();
    await operated.patch(claimResource, "reborn-workspace", { metadata: { finalizers: null } });
    await eventually(async () => expect(await find(jobResource, "reborn-1")).toBeDefined());
    expect((await find(claimResource, "reborn-workspace"))?.metadata).not.toHaveProperty("deletionTimestamp");
  });

  it("is made anew once where a Restart asked for that, though it was in the very second of its making", async () => {
    await agent("refreshed");
    const claimOf = async () => (await find(claimResource, "refreshed-workspace"))?.metadata;
    const ran = async (name: string) => {
      await request(name, "refreshed");
      await eventually(async () => expect(await podsOfRun(name)).toHaveLength(1));
      const claim = await claimOf();
      // A claim goes only once no Pod has it.
      await operated.remove(jobResource, name);
      await eventually(async () => expect(await podsOfRun(name)).toEqual([]));
      return claim;
    };
    const first = await ran("refresh-1");
    // What an operator writes that carries a Restart out within a second of the claim's making.
    const status = { freshWorkspaceSince: freshWorkspaceSince(await operated.agent("refreshed"), 0) };
    const patch = ["--type=merge", "-p", JSON.stringify({ status })];
    await mustKubectl(["patch", "agent", "refreshed", "-n", namespace, "--subresource=status", ...patch]);
    const second = await ran("refresh-2");
    expect(second?.uid).not.toBe(first?.uid);
    expect((await ran("refresh-3"))?.uid).toBe(second?.uid);
  });
});
