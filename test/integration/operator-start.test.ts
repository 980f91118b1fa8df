import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, inject, it, onTestFailed, onTestFinished, vi } from "vitest";
import { agentResource } from "../../src/api/v1alpha1/agent.ts";
import { loadConfig } from "../../src/kube/config.ts";
import { createKubeClient } from "../../src/kube/kube-client.ts";
import { startCluster } from "../cluster/cluster.ts";
import { installCrds } from "../cluster/for-tests.ts";
import { ACTING, aFreeAddress, type OperatorProcess, startOperator } from "../operator-process.ts";
import { aSafetyAgent, hands, handsIn } from "./operator-support.ts";
import { aNamespace, eventually, mustKubectl } from "./support.ts";

// A step may take ten seconds on a machine that is busy with other tests.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

const namespace = aNamespace();
const cluster = handsIn(namespace);

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "operator-start-"));
});

afterEach(async () => {
  await rm(directory, { recursive: true });
});

/** An operator until the end of the test. */
function start(kubeconfig: string, ...args: readonly string[]): OperatorProcess {
  const operator = startOperator({ kubeconfig, args });
  onTestFinished(() => operator.kill());
  onTestFailed(() => console.error(operator.logTail().slice(-30).join("\n")));
  return operator;
}

/** The tests' cluster for a user that `user` describes. */
async function kubeconfigFor(user: object): Promise<string> {
  const { clusters } = JSON.parse(await mustKubectl(["config", "view", "--raw", "-o", "json"])) as {
    readonly clusters: readonly { readonly name: string }[];
  };
  const context = { cluster: clusters[0]?.name, user: "tester", namespace };
  const config = {
    apiVersion: "v1",
    kind: "Config",
    clusters,
    users: [{ name: "tester", user }],
    contexts: [{ name: "tester", context }],
    "current-context": "tester",
  };
  const file = join(directory, "kubeconfig");
  await writeFile(file, JSON.stringify(config));
  return file;
}

describe("an operator that cannot know its cluster", () => {
  const file = (text: string) => async () => {
    const path = join(directory, "given");
    await writeFile(path, text);
    return path;
  };
  it.each([
    ["a kubeconfig that is not there", () => "/nowhere/kubeconfig", [], /\/nowhere\/kubeconfig/],
    ["a kubeconfig that is no YAML", file("clusters: ]["), [], /given/],
    ["a context that it does not have", () => inject("cluster").kubeconfig, ["--context", "mars"], /mars/],
    ["a CA file that is not there", () => kubeconfigWithoutCa(), [], /certificate-authority.*nowhere/],
    ["a flag that it does not know", () => inject("cluster").kubeconfig, ["--colour", "red"], /--colour/],
  ])("given %s ends with exit code 2 and one line that names it", async (_, kubeconfig, args, expected) => {
    const operator = start(await kubeconfig(), ...args);
    expect(await operator.ended).toBe(2);
    expect(operator.logTail()).toEqual([expect.stringMatching(expected)]);
    expect(operator.logTail()[0]).toMatch(/^darkfactory: /);
  });

  async function kubeconfigWithoutCa(): Promise<string> {
    const config = {
      clusters: [{ name: "c", cluster: { server: "https://127.0.0.1:1", "certificate-authority": "/nowhere/ca.crt" } }],
      contexts: [{ name: "c", context: { cluster: "c" } }],
      "current-context": "c",
    };
    return await file(JSON.stringify(config))();
  }
});

/** All that the operator may do in a namespace, and no more. */
const least = [
  { apiGroups: [""], resources: ["pods"], verbs: ["get", "list", "watch", "create", "patch", "delete"] },
  {
    apiGroups: ["darkfactory.dev"],
    resources: ["agents"],
    verbs: ["get", "list", "watch", "create", "patch", "delete"],
  },
  { apiGroups: ["darkfactory.dev"], resources: ["agentfleets"], verbs: ["list", "watch"] },
  {
    apiGroups: ["darkfactory.dev"],
    resources: ["agentruns"],
    verbs: ["get", "list", "watch", "create", "patch", "delete"],
  },
  {
    apiGroups: ["darkfactory.dev"],
    resources: ["agents/status", "agentfleets/status", "agentruns/status"],
    verbs: ["patch"],
  },
  { apiGroups: ["batch"], resources: ["jobs"], verbs: ["get", "list", "watch", "create", "patch", "delete"] },
  { apiGroups: ["coordination.k8s.io"], resources: ["leases"], verbs: ["get", "create", "update", "patch"] },
  { apiGroups: ["events.k8s.io"], resources: ["events"], verbs: ["create", "patch"] },
];

describe("an operator without the permissions that it needs", () => {
  const rbac = `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}`;
  const allow = async (rules: readonly object[]): Promise<void> => {
    await cluster.client().raw("PATCH", `${rbac}/roles/operator`, { rules });
  };

  it("says what it may not do, is not ready, and goes on once it may", async () => {
    const client = cluster.client();
    await client.raw("POST", `/api/v1/namespaces/${namespace}/serviceaccounts`, { metadata: { name: "operator" } });
    await client.raw("POST", `${rbac}/roles`, { metadata: { name: "operator" }, rules: [] });
    await client.raw("POST", `${rbac}/rolebindings`, {
      metadata: { name: "operator" },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "operator" },
      subjects: [{ kind: "ServiceAccount", name: "operator", namespace }],
    });
    const tokenFile = join(directory, "token");
    await writeFile(tokenFile, "not a token");
    const address = await aFreeAddress();
    const operator = start(await kubeconfigFor({ tokenFile }), "--namespaces", namespace, "--health-address", address);
    const readiness = async (): Promise<string> => await (await fetch(`http://${address}/readyz`)).text();

    await operator.logged("the API server does not accept our credentials");
    expect(await readiness()).toContain("does not accept our credentials");

    await writeFile(tokenFile, await mustKubectl(["--namespace", namespace, "create", "token", "operator"]));
    const mayNot = new RegExp(`no permission to (list|watch) pods in namespace ${namespace}`);
    await operator.logged(mayNot);
    expect(await readiness()).toMatch(mayNot);

    // Reading is enough to be ready; without the Lease it still does not act, and says why.
    await allow(least.filter(({ resources }) => !resources.includes("leases")));
    await operator.logged("no permission to get leases.coordination.k8s.io");
    expect(operator.logTail().join("\n")).not.toContain(ACTING);

    await allow(least.map((rule) => (rule.resources.includes("pods") ? { ...rule, verbs: ["list", "watch"] } : rule)));
    await operator.logged(ACTING);
    await cluster.apply(agentResource, aSafetyAgent("allowed"));
    await cluster.becomes("Agent", "allowed", { status: "False", reason: "PodForbidden" });
    expect((await cluster.agent("allowed")).status?.conditions?.[0]?.message).toMatch(/cannot create resource "pods"/);

    await allow(least);
    // What is allowed now the API server knows a moment later: it is asked until it does.
    await eventually(
      async () => {
        await cluster.ask("allowed", "reconcile-requested-at");
        const { status } = await cluster.agent("allowed");
        expect(status?.conditions?.find(({ type }) => type === "Ready")).toMatchObject({ status: "True" });
      },
      { timeoutMs: 120_000, everyMs: 1_000 },
    );
    await cluster.patch(agentResource, "allowed", { spec: { task: "sleep 7200" } });
    await eventually(async () => expect((await cluster.agent("allowed")).status?.starts).toBe(2));
    await cluster.runningPod("allowed");
    expect(await operator.stop()).toBe(0);
    expect(operator.logTail().filter((line) => line.includes('"level":"error"'))).toEqual([]);
  });
});

describe("an operator at an empty cluster", () => {
  it("waits for the API server, then for the CRDs, says each, and goes on (O3)", async () => {
    const bare = await startCluster({ nodes: "none" });
    onTestFinished(() => bare.stop());
    await bare.kill("kube-apiserver");
    const address = await aFreeAddress();
    const operator = start(bare.kubeconfig, "--health-address", address);
    const page = async (path: string) => {
      const answer = await fetch(`http://${address}${path}`);
      return { status: answer.status, text: await answer.text() };
    };
    await operator.logged("waiting at the start: the API server cannot be reached");
    expect(await page("/readyz")).toMatchObject({ status: 503, text: expect.stringContaining("cannot be reached") });
    expect((await page("/healthz")).status).toBe(200);

    await bare.restart("kube-apiserver");
    const missing = "agents.darkfactory.dev is not known to the API server; the CRDs are not installed";
    await operator.logged(`waiting at the start: ${missing}`);
    expect(await page("/readyz")).toMatchObject({ status: 503, text: expect.stringContaining(missing) });

    await installCrds({ kubeconfig: bare.kubeconfig, kubectl: inject("cluster").kubectl });
    await operator.logged(ACTING);
    await eventually(async () => expect((await page("/readyz")).status).toBe(200));
    const client = createKubeClient(await loadConfig({ kubeconfig: bare.kubeconfig }));
    onTestFinished(() => client.close());
    const { apply, becomes } = hands("default", () => client);
    await apply(agentResource, aSafetyAgent("first", { layer: "Growth" }));
    await becomes("Agent", "first", { status: "True" });
    expect(await operator.stop()).toBe(0);
  });
});
