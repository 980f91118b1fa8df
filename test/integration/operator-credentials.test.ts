import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it, onTestFailed, onTestFinished, vi } from "vitest";
import { agentResource } from "../../src/api/v1alpha1/agent.ts";
import { permissions } from "../../src/permissions.ts";
import { aFreeAddress, ACTING, type OperatorProcess, startOperator } from "../operator-process.ts";
import { aSafetyAgent, handsIn } from "./operator-support.ts";
import { aNamespace, apply, eventually, kubectl, mustKubectl } from "./support.ts";

// A step may take ten seconds on a machine that is busy with other tests.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

const namespace = aNamespace();
const cluster = handsIn(namespace);
const account = { namespace, name: "operator" };

let directory: string;
let tokenFile: string;
let kubeconfig: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "operator-credentials-"));
  tokenFile = join(directory, "token");
  kubeconfig = join(directory, "kubeconfig");
  const rules = [
    ...permissions.map(({ group, resource, verb }) => ({ apiGroups: [group], resources: [resource], verbs: [verb] })),
    { apiGroups: ["coordination.k8s.io"], resources: ["leases"], verbs: ["get", "create", "update"] },
  ];
  await apply(
    { apiVersion: "v1", kind: "ServiceAccount", metadata: account },
    { apiVersion: "rbac.authorization.k8s.io/v1", kind: "Role", metadata: account, rules },
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "RoleBinding",
      metadata: account,
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "operator" },
      subjects: [{ kind: "ServiceAccount", ...account }],
    },
  );
  const { clusters } = JSON.parse(await mustKubectl(["config", "view", "--raw", "-o", "json"])) as {
    readonly clusters: readonly { readonly name: string }[];
  };
  const config = {
    apiVersion: "v1",
    kind: "Config",
    clusters,
    users: [{ name: "operator", user: { tokenFile } }],
    contexts: [{ name: "operator", context: { cluster: clusters[0]?.name, user: "operator", namespace } }],
    "current-context": "operator",
  };
  await writeFile(kubeconfig, JSON.stringify(config));
});

afterAll(async () => await rm(directory, { recursive: true }));

function start(...args: readonly string[]): OperatorProcess {
  const operator = startOperator({ kubeconfig, args: ["--namespaces", namespace, ...args] });
  onTestFinished(() => operator.kill());
  onTestFailed(() => console.error(operator.logTail().slice(-30).join("\n")));
  return operator;
}

/** At once, as a kubelet does it: nobody reads half of it, or none. */
async function rotate(token: string): Promise<void> {
  await writeFile(`${tokenFile}.new`, token);
  await rename(`${tokenFile}.new`, tokenFile);
}

/** A token that is good for as long as the Secret of that name stands: its deletion is what an expiry is, but at once. */
async function tokenBoundTo(secret: string): Promise<string> {
  await mustKubectl(["--namespace", namespace, "create", "secret", "generic", secret]);
  const bound = ["--bound-object-kind=Secret", `--bound-object-name=${secret}`];
  return await mustKubectl(["--namespace", namespace, "create", "token", "operator", ...bound]);
}

it("an operator goes on when the token in its file is rotated and the old one is no good any more (O3)", async () => {
  const first = await tokenBoundTo("first");
  await rotate(first);
  const operator = start();
  await operator.logged(ACTING);
  await cluster.apply(agentResource, aSafetyAgent("before"));
  const { metadata } = await cluster.runningPod("before");

  await rotate(await tokenBoundTo("second"));
  await mustKubectl(["--namespace", namespace, "delete", "secret", "first"]);
  // The API server remembers for some seconds that a token was good.
  await eventually(async () => {
    const { stderr } = await kubectl([
      "--kubeconfig=/dev/null",
      `--server=${await server()}`,
      "--insecure-skip-tls-verify",
      `--token=${first.trim()}`,
      "auth",
      "whoami",
    ]);
    expect(stderr).toContain("Unauthorized");
  });
  await cluster.apply(agentResource, aSafetyAgent("after"));
  await cluster.runningPod("after");
  expect((await cluster.runningPod("before")).metadata.uid).toBe(metadata.uid);
  expect(await operator.stop()).toBe(0);
  expect(operator.logTail().filter((line) => line.includes('"level":"error"'))).toEqual([]);
});

it("an operator that lacks one verb names it and the resource, in its log and its readiness, until it has it", async () => {
  const patch = async (verbs: readonly string[]): Promise<void> => {
    const role = `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}/roles/operator`;
    const { rules } = (await cluster.client().raw("GET", role)) as {
      readonly rules: readonly { readonly resources: readonly string[] }[];
    };
    const changed = rules.map((rule) => (rule.resources.includes("agents/status") ? { ...rule, verbs } : rule));
    await cluster.client().raw("PATCH", role, { rules: changed });
  };
  // A rule must have some verb.
  await patch(["get"]);
  await rotate(await tokenBoundTo("third"));
  const address = await aFreeAddress();
  const operator = start("--health-address", address);
  const lacking = `no permission to patch agents/status.darkfactory.dev in namespace ${namespace}`;
  await operator.logged(lacking);
  await operator.logged(ACTING);
  const page = await fetch(`http://${address}/readyz`);
  expect(page.status).toBe(503);
  expect(await page.text()).toContain(`[-]permissions failed: ${lacking}`);

  await patch(["patch"]);
  await eventually(async () => expect((await fetch(`http://${address}/readyz`)).status).toBe(200));
  expect(await operator.stop()).toBe(0);
});

async function server(): Promise<string> {
  return (await mustKubectl(["config", "view", "--minify", "--output=jsonpath={.clusters[0].cluster.server}"])).trim();
}
