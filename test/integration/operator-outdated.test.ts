import { readFile } from "node:fs/promises";
import { join } from "node:path";
import * as yaml from "js-yaml";
import { afterAll, beforeAll, describe, expect, inject, it, onTestFailed, onTestFinished, vi } from "vitest";
import { agentResource } from "../../src/api/v1alpha1/agent.ts";
import { loadConfig } from "../../src/kube/config.ts";
import { createKubeClient } from "../../src/kube/kube-client.ts";
import { startCluster, type Cluster } from "../cluster/cluster.ts";
import { installCrds } from "../cluster/for-tests.ts";
import { ACTING, aFreeAddress, startOperator } from "../operator-process.ts";
import { aSafetyAgent, hands } from "./operator-support.ts";
import { eventually } from "./support.ts";

// A step may take ten seconds on a machine that is busy with other tests.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

interface Schema {
  readonly properties: Record<string, Schema>;
  enum?: string[];
}
interface Crd {
  readonly spec: { readonly versions: readonly [{ readonly schema: { readonly openAPIV3Schema: Schema } }] };
}

const crds = join(import.meta.dirname, "..", "..", "crds");

describe("an operator whose CRDs are older than it is", () => {
  let cluster: Cluster;

  beforeAll(async () => {
    cluster = await startCluster({ nodes: "none" });
    const access = { kubeconfig: cluster.kubeconfig, kubectl: inject("cluster").kubectl };
    await installCrds(access);
    const crd = yaml.load(await readFile(join(crds, "agents.yaml"), "utf8")) as Crd;
    const { properties } = crd.spec.versions[0].schema.openAPIV3Schema;
    // As if this version had brought the start numbers (L5) and one more tool.
    delete properties["status"]?.properties["starts"];
    const tool = properties["spec"]?.properties["tool"];
    if (tool?.enum !== undefined) tool.enum = tool.enum.filter((name) => name !== "gemini");
    const { code, stderr } = await cluster.kubectl(["replace", "-f", "-"], { input: JSON.stringify(crd) });
    expect(stderr).toBe("");
    expect(code).toBe(0);
    // Published a moment later; until then the operator would see the schema of before.
    await eventually(async () => {
      const { stdout } = await cluster.kubectl(["get", "--raw", "/openapi/v3/apis/darkfactory.dev/v1alpha1"]);
      const { schemas } = (JSON.parse(stdout) as { components: { schemas: Record<string, Schema> } }).components;
      const served = schemas["dev.darkfactory.v1alpha1.Agent"]?.properties;
      expect(served?.["spec"]?.properties["tool"]?.enum).toEqual(["claude", "codex", "opencode", "text"]);
      expect(served?.["status"]?.properties).not.toHaveProperty("starts");
    });
  });

  afterAll(async () => await cluster?.stop());

  it("says so at its start and in its readiness, touches nothing, and goes on once they are upgraded", async () => {
    const address = await aFreeAddress();
    const operator = startOperator({ kubeconfig: cluster.kubeconfig, args: ["--health-address", address] });
    onTestFinished(() => operator.kill());
    onTestFailed(() => console.error(operator.logTail().slice(-30).join("\n")));
    const client = createKubeClient(await loadConfig({ kubeconfig: cluster.kubeconfig }));
    onTestFinished(() => client.close());
    const { apply, agent, becomes } = hands("default", () => client);
    await apply(agentResource, aSafetyAgent("first", { layer: "Growth" }));

    const older = "the CRDs are older than the operator: agents.darkfactory.dev lacks spec.tool=gemini, status.starts;";
    await operator.logged(`waiting at the start: ${older}`);
    const page = await fetch(`http://${address}/readyz`);
    expect(page.status).toBe(503);
    expect(await page.text()).toContain(`[-]crds failed: ${older}`);
    expect((await fetch(`http://${address}/healthz`)).status).toBe(200);
    expect(operator.logTail().join("\n")).not.toContain(ACTING);
    expect((await agent("first")).status).toEqual({ observedGeneration: -1 });

    await installCrds({ kubeconfig: cluster.kubeconfig, kubectl: inject("cluster").kubectl });
    await operator.logged(ACTING);
    await becomes("Agent", "first", { status: "True" });
    await eventually(async () => expect((await fetch(`http://${address}/readyz`)).status).toBe(200));
    expect(await operator.stop()).toBe(0);
  });
});
