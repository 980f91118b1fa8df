import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFailed } from "vitest";
import { startCluster, type Cluster } from "../cluster/cluster.ts";
import { chart, helm, mustHelm } from "../ship/helm.ts";
import { operatorImage, operatorImageName, writeOperatorImage } from "../ship/operator-image.ts";
import { addedColumn, packagePreviousChart, previousVersion } from "../ship/previous-chart.ts";
import { eventually } from "../integration/support.ts";

const system = "darkfactory-system";
const root = join(import.meta.dirname, "..", "..");
const fleet = join(root, "examples", "fleet.yaml");
/** Two Safety agents that drift: one that a Reload mends, and one that nothing mends. */
const drifting = join(root, "test", "demo", "drift.yaml");
const patience = { timeoutMs: 120_000, everyMs: 500 };

const defaultDeny = {
  apiVersion: "networking.k8s.io/v1",
  kind: "NetworkPolicy",
  metadata: { name: "default-deny", namespace: system },
  spec: { podSelector: {}, policyTypes: ["Ingress", "Egress"] },
};

// Each test goes on where the one before ended: a cluster's life with the chart, on a real node of its own. Nobody needs that
// who tests on another: .github/workflows/e2e.yml installs the chart there.
describe.skipIf(process.env["KUBECONFIG"])("the operator, installed by Helm", () => {
  let cluster: Cluster;
  let folder: string;
  let previous: string;
  let pods: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "helm-"));
    const archive = join(folder, "operator.tar");
    const [started] = await Promise.all([startCluster({ nodes: "real" }), writeOperatorImage(archive)]);
    cluster = started;
    await cluster.importImage(archive);
    const { registry, repository } = operatorImage;
    await cluster.tagImage(operatorImageName, `${registry}/${repository}:${previousVersion}`);
    previous = await packagePreviousChart(folder);
    for (const namespace of [system, "agents"]) {
      await kubectl("create", "namespace", namespace);
      await kubectl("label", "namespace", namespace, "pod-security.kubernetes.io/enforce=restricted");
    }
    await cluster.kubectl(["apply", "-f", "-"], { input: JSON.stringify(defaultDeny) });
  });

  afterAll(async () => {
    await cluster?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  async function kubectl(...args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await cluster.kubectl(args);
    if (code !== 0) throw new Error(`kubectl ${args.join(" ")}: ${stderr}`);
    return stdout.trim();
  }

  const jsonPath = (path: string, ...args: readonly string[]): Promise<string> =>
    kubectl("get", ...args, "--output", `jsonpath=${path}`);
  const safetyPods = (): Promise<string> =>
    jsonPath("{.items[*].metadata.uid}", "pods", "--namespace=agents", "--selector=darkfactory.dev/layer=Safety");
  const leader = (): Promise<string> => jsonPath("{.spec.holderIdentity}", "lease/darkfactory", "--namespace", system);

  /** Where the image is, and what a careful user sets. */
  const values = (more: Readonly<Record<string, string>> = {}): readonly string[] =>
    Object.entries({
      "image.registry": operatorImage.registry,
      "image.repository": operatorImage.repository,
      "image.tag": operatorImage.tag,
      replicaCount: "2",
      "podDisruptionBudget.enabled": "true",
      "networkPolicy.enabled": "true",
      ...more,
    }).flatMap(([name, value]) => [name === "image.tag" ? "--set-string" : "--set", `${name}=${value}`]);

  const install = (from: string, ...more: readonly string[]): Promise<string> =>
    mustHelm(
      ["install", "darkfactory", from, "--namespace", system, "--wait", "--timeout", "2m", ...values(), ...more],
      cluster.kubeconfig,
    );
  const columns = (): Promise<string> =>
    jsonPath("{.spec.versions[0].additionalPrinterColumns[*].name}", "crd/agents.darkfactory.dev");
  const images = (): Promise<string> =>
    jsonPath("{.spec.template.spec.containers[*].image}", "deployment/darkfactory", "--namespace", system);

  /** An entry that was added to the fleet becomes an agent: somebody acts. */
  async function acts(name: string): Promise<void> {
    const entry = { name, layer: "Growth", task: "true" };
    const patch = JSON.stringify([{ op: "add", path: "/spec/agents/-", value: entry }]);
    await kubectl("patch", "agentfleet", "demo", "--namespace=agents", "--type=json", "--patch", patch);
    await eventually(() => kubectl("get", "agent", name, "--namespace=agents"), patience);
  }

  async function showLogs(): Promise<void> {
    const { stdout, stderr } = await cluster.kubectl([
      "logs",
      "deployment/darkfactory",
      "--namespace",
      system,
      "--tail=20",
    ]);
    const pods = await cluster.kubectl(["get", "pods,events", "--all-namespaces"]);
    console.error(stdout, stderr, pods.stdout);
  }

  it("is ready, and tells what to do next", async () => {
    onTestFailed(showLogs);
    const notes = await install(previous, "--set-string", `image.tag=${previousVersion}`);
    expect(notes).toContain(`darkfactory ${previousVersion} is installed`);
    expect(await columns()).not.toContain(addedColumn);
    expect(notes).toContain("kubectl get agents.darkfactory.dev --all-namespaces");
    expect(await jsonPath("{.status.readyReplicas}", "deployment/darkfactory", "--namespace", system)).toBe("2");
  });

  it("makes the fleet of the README ready under the Pod Security Standard restricted", async () => {
    onTestFailed(showLogs);
    await kubectl("apply", "--namespace=agents", "--filename", fleet);
    await kubectl("wait", "--for=condition=Ready", "agentfleet/demo", "--namespace=agents", "--timeout=120s");
    expect(await safetyPods()).toMatch(/^[0-9a-f-]{36}$/);
    // Nothing that a GitOps tool would want to set back. A status that is written between kubectl's two looks is no difference.
    await eventually(
      async () =>
        expect(await cluster.kubectl(["diff", "--namespace=agents", "--filename", fleet])).toMatchObject({ code: 0 }),
      patience,
    );
  });

  it("shows its metrics, and only the leader those of the agents", async () => {
    const names = (await jsonPath("{.items[*].metadata.name}", "pods", "--namespace", system)).split(" ");
    const pages = await eventually(async () => {
      const found = await Promise.all(
        names.map((name) => kubectl("get", "--raw", `/api/v1/namespaces/${system}/pods/${name}:8080/proxy/metrics`)),
      );
      expect(found.filter((page) => page.includes("darkfactory_agent_info{"))).toHaveLength(1);
      return found;
    }, patience);
    for (const page of pages) {
      const bytes = Number(/^process_resident_memory_bytes (\S+)$/m.exec(page)?.[1]);
      console.log(`resident memory of an idle operator: ${Math.round(bytes / 2 ** 20)} MiB`);
    }
  });

  it("corrects an agent that drifts by its level: one is replaced and well, one is paused (C2, C8)", async () => {
    onTestFailed(showLogs);
    await kubectl("apply", "--namespace=agents", "--filename", drifting);
    const shows = (name: string, status: object): Promise<void> =>
      eventually(async () => {
        const agent = JSON.parse(await kubectl("get", "agent", name, "--namespace=agents", "--output=json")) as object;
        expect(agent).toMatchObject({ status });
      }, patience);
    await shows("flaky-monitor", { correction: { level: "Moderate", action: "Reload" } });
    await shows("broken-courier", {
      drift: { level: "Critical" },
      correction: { level: "Critical", action: "Pause" },
      pause: { reason: "DriftCritical" },
    });
    await shows("flaky-monitor", { starts: 2 });
    // Its number is told before the Pod is made.
    await kubectl("wait", "--for=create", "pod/flaky-monitor-2", "--namespace=agents", "--timeout=120s");
    await kubectl("wait", "--for=condition=Ready", "pod/flaky-monitor-2", "--namespace=agents", "--timeout=120s");
    await kubectl("wait", "--for=delete", "pod/broken-courier-1", "--namespace=agents", "--timeout=120s");
    const rows = (await kubectl("get", "agents", "--namespace=agents", "--output=wide", "--no-headers")).split("\n");
    expect(rows.find((row) => row.startsWith("broken-courier"))).toMatch(/ Safety +Critical +\d+ /);
    await eventually(
      async () => expect(await kubectl("get", "events", "--namespace=agents")).toContain("agent/flaky-monitor"),
      patience,
    );
    pods = await safetyPods();
    expect(pods.split(" ")).toHaveLength(2);
  });

  it.each([
    ["for all namespaces", []],
    ["for a namespace of these", ["--set", "watchNamespaces={agents}"]],
  ])("is refused a second time in the same cluster, %s, and is told where the first one is", async (_, more) => {
    const args = ["install", "second", chart, "--namespace=other", "--create-namespace", "--set", "crds.install=false"];
    const { code, stderr } = await helm([...args, ...more], cluster.kubeconfig);
    expect(code).not.toBe(0);
    expect(stderr).toContain(`release darkfactory in namespace ${system}`);
  });

  it("is upgraded from the previous version and rolled back while agents run, which notice nothing (L6, C5)", async () => {
    onTestFailed(showLogs);
    const args = ["upgrade", "darkfactory", chart, "--namespace", system, "--wait", "--timeout", "2m"];
    await mustHelm([...args, ...values({ "logging.format": "text", replicaCount: "1" })], cluster.kubeconfig);
    expect(await columns()).toContain(addedColumn);
    expect(await images()).toBe(operatorImageName);
    await acts("after-upgrade");
    expect(await safetyPods()).toBe(pods);
    await mustHelm(["rollback", "darkfactory", "--namespace", system, "--wait", "--timeout", "2m"], cluster.kubeconfig);
    expect(await columns()).not.toContain(addedColumn);
    expect(await images()).toContain(previousVersion);
    await acts("after-rollback");
    expect(await safetyPods()).toBe(pods);
    expect(await jsonPath("{.status.pause.reason}", "agent/broken-courier", "--namespace=agents")).toBe(
      "DriftCritical",
    );
  });

  it("goes on with the other replica when the leader's Pod is deleted (O1)", async () => {
    onTestFailed(showLogs);
    const before = await leader();
    const pod = before.split("_")[0] ?? "";
    await kubectl("delete", "pod", pod, "--namespace", system, "--wait=false");
    await eventually(async () => {
      const now = await leader();
      expect(now).not.toBe("");
      expect(now).not.toBe(before);
    }, patience);
    await acts("after-failover");
    expect(await safetyPods()).toBe(pods);
  });

  it("leaves agents and CRDs in place when it is uninstalled, and takes them over when it comes back", async () => {
    onTestFailed(showLogs);
    await mustHelm(["uninstall", "darkfactory", "--namespace", system, "--wait"], cluster.kubeconfig);
    await eventually(
      async () => expect(await kubectl("get", "pods", "--namespace", system, "--output=name")).toBe(""),
      patience,
    );
    expect(await kubectl("get", "agents", "--namespace=agents", "--output=name")).toContain("agent.darkfactory.dev");
    expect(await safetyPods()).toBe(pods);
    await install(chart, "--set", "replicaCount=1");
    await acts("after-return");
    await kubectl("wait", "--for=condition=Ready", "agentfleet/demo", "--namespace=agents", "--timeout=120s");
    expect(await safetyPods()).toBe(pods);
    expect(await jsonPath("{.status.starts}", "agent/security-sentinel", "--namespace=agents")).toBe("1");
  });

  it("shares a cluster with another one only where they watch different namespaces", async () => {
    await mustHelm(["uninstall", "darkfactory", "--namespace", system, "--wait"], cluster.kubeconfig);
    await kubectl("create", "namespace", "team-a");
    // As a user asks before he installs: Helm looks, and creates nothing.
    const one = ["--namespace=team-a", "--set", "crds.install=false", "--set", "replicaCount=0"];
    await mustHelm(["install", "one", chart, ...one, "--set", "watchNamespaces={agents}"], cluster.kubeconfig);
    const two = ["install", "two", chart, "--namespace=team-b", "--dry-run=server", "--set", "crds.install=false"];
    const refused = "watches namespace agents already: release one in namespace team-a";
    for (const more of [[], ["--set", "watchNamespaces={default,agents}"]]) {
      const { code, stderr } = await helm([...two, ...more], cluster.kubeconfig);
      expect(code).not.toBe(0);
      expect(stderr).toContain(refused);
    }
    const fine = ["watchNamespaces={default}", "watchNamespaces={agents},refuseOverlap=false"];
    for (const set of fine) await mustHelm([...two, "--set", set], cluster.kubeconfig);
    expect(await safetyPods()).toBe(pods);
  });

  it("owns no field of a user's manifest (O6)", async () => {
    const managers = await jsonPath(
      "{range .metadata.managedFields[*]}{.manager}:{.subresource} {end}",
      "agentfleet/demo",
      "--namespace=agents",
      "--show-managed-fields",
    );
    const operator = managers.split(" ").filter((manager) => manager.startsWith("darkfactory"));
    expect(operator).toEqual(["darkfactory-status:status"]);
  });
});
