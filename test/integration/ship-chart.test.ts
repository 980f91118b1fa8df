import { readFile } from "node:fs/promises";
import { join } from "node:path";
import * as yaml from "js-yaml";
import { describe, expect, it } from "vitest";
import { generatedFiles } from "../ship/generate.ts";
import { chart, helm, mustHelm } from "../ship/helm.ts";
import { aNamespace, kubectl, mustKubectl } from "./support.ts";

const root = join(import.meta.dirname, "..", "..");

/** Everything that can be switched on. */
const FULL = `
replicaCount: 2
commonLabels: { team: platform }
commonAnnotations: { example.com/owner: platform }
imagePullSecrets: [{ name: registry }]
defaultImages: { claude: "x.test/claude:1", git: "x.test/git:1" }
extraArgs: [--kube-api-connections=16]
extraEnv: [{ name: TZ, value: UTC }]
podDisruptionBudget: { enabled: true, maxUnavailable: 50% }
networkPolicy: { enabled: true, metricsFrom: [{ namespaceSelector: {} }] }
tolerations: [{ operator: Exists }]
priorityClassName: system-cluster-critical
metrics:
  serviceMonitor: { enabled: true, labels: { release: prometheus } }
  podMonitor: { enabled: true }
  prometheusRule: { enabled: true, disabled: [DarkfactoryRunsWaiting], runbookBaseURL: "https://example.com/runbooks/" }
  grafanaDashboard: { enabled: true }
extraObjects:
  - apiVersion: v1
    kind: ConfigMap
    metadata: { name: "{{ .Release.Name }}-extra" }
`;

interface Manifest {
  readonly kind: string;
  readonly apiVersion: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly labels?: Record<string, string> };
  readonly [field: string]: unknown;
}

async function render(values: string, namespace = "darkfactory-system"): Promise<readonly Manifest[]> {
  const args = ["template", "darkfactory", chart, "--namespace", namespace];
  const text = await mustHelm([...args, "--set-json", JSON.stringify(yaml.load(values))]);
  return (yaml.loadAll(text) as (Manifest | null)[]).filter((object) => object !== null);
}

const find = (objects: readonly Manifest[], kind: string, name?: string): Manifest => {
  const found = objects.filter((each) => each.kind === kind && (name === undefined || each.metadata.name === name));
  expect(found, `${kind} ${name}`).toHaveLength(1);
  return found[0]!;
};

describe("the chart", () => {
  it("passes helm's strict linter", async () => {
    expect(await helm(["lint", "--strict", chart])).toMatchObject({ code: 0 });
  });

  it("is what the generated manifests, tables and scripts in the repository were made from", async () => {
    for (const [path, text] of await generatedFiles()) {
      expect(await readFile(join(root, path), "utf8"), `${path}: run npm run generate`).toBe(text);
    }
  });

  describe("on a real API server", () => {
    const namespace = aNamespace();

    it.each([
      ["default values", "{}"],
      ["all values", FULL],
    ])("is accepted with %s, every field of every object", async (_, values) => {
      const objects = await render(values, namespace);
      // Prometheus Operator's kinds are not installed here.
      const known = objects.filter(
        ({ kind, apiVersion }) =>
          kind !== "CustomResourceDefinition" && !apiVersion.startsWith("monitoring.coreos.com"),
      );
      expect(known.length).toBeGreaterThan(8);
      const input = JSON.stringify({ apiVersion: "v1", kind: "List", items: known });
      const args = ["apply", "--dry-run=server", "--validate=strict", "--namespace", namespace, "-f", "-"];
      expect(await kubectl(args, { input })).toMatchObject({ code: 0, stderr: "" });
    });

    it("tells a manifest to begin with that is accepted as it stands", async () => {
      const args = ["install", "darkfactory", chart, "--dry-run=client", "--set", "crds.install=false"];
      const [, manifest = ""] = /<<EOF\n(.*)\n *EOF/s.exec(await mustHelm(args)) ?? [];
      const apply = ["apply", "--dry-run=server", "--validate=strict", "--namespace", namespace, "-f", "-"];
      expect(await kubectl(apply, { input: manifest })).toMatchObject({ code: 0, stderr: "" });
    });

    it("has a policy for a namespace of agents in its documentation that is accepted as it stands", async () => {
      const page = await readFile(join(root, "docs", "security.md"), "utf8");
      const [, manifest = ""] = /```yaml\n(.*?)```/s.exec(page) ?? [];
      const here = manifest.replace("namespace: agents", `namespace: ${namespace}`);
      const apply = ["apply", "--dry-run=server", "--validate=strict", "-f", "-"];
      expect(await kubectl(apply, { input: here })).toMatchObject({ code: 0, stderr: "" });
    });

    it("comes whole from deploy/ by kustomize", async () => {
      const rendered = yaml.loadAll(await mustKubectl(["kustomize", join(root, "deploy")])) as Manifest[];
      const names = (objects: readonly Manifest[]) => objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`);
      const expected = ["Namespace darkfactory-system", ...names(await render("{}"))];
      expect(new Set(names(rendered))).toEqual(new Set(expected));
    });

    it("runs as the Pod Security Standard restricted asks", async () => {
      await mustKubectl(["label", "namespace", namespace, "pod-security.kubernetes.io/enforce=restricted"]);
      const { spec } = find(await render("{}", namespace), "Deployment") as never as {
        spec: { template: { spec: object } };
      };
      const pod = { apiVersion: "v1", kind: "Pod", metadata: { name: "operator" }, spec: spec.template.spec };
      const account = { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "darkfactory" } };
      await mustKubectl(["create", "--namespace", namespace, "-f", "-"], { input: JSON.stringify(account) });
      const args = ["create", "--dry-run=server", "--namespace", namespace, "-f", "-"];
      expect(await kubectl(args, { input: JSON.stringify(pod) })).toMatchObject({ code: 0, stderr: "" });
    });
  });

  it("keeps CRDs, and with them every agent, at an uninstall unless told otherwise", async () => {
    const policy = (objects: readonly Manifest[]) =>
      (
        find(objects, "CustomResourceDefinition", "agents.darkfactory.dev").metadata as never as {
          annotations?: Record<string, string>;
        }
      ).annotations?.["helm.sh/resource-policy"];
    expect(policy(await render("{}"))).toBe("keep");
    expect(policy(await render("crds: { keep: false }"))).toBeUndefined();
    const without = await render("crds: { install: false }");
    expect(without.filter(({ kind }) => kind === "CustomResourceDefinition")).toEqual([]);
  });

  it("asks for Roles in the watched namespaces only, with the same rules and no ClusterRole", async () => {
    const everywhere = await render("rbac: { aggregateToDefaultRoles: false }");
    const two = await render("watchNamespaces: [a, b]\nrbac: { aggregateToDefaultRoles: false }");
    expect(two.filter(({ kind }) => kind.startsWith("ClusterRole"))).toEqual([]);
    const roles = two.filter(({ kind, metadata }) => kind === "Role" && metadata.name === "darkfactory");
    expect(roles.map(({ metadata }) => metadata.namespace)).toEqual(["a", "b"]);
    for (const role of roles) expect(role["rules"]).toEqual(find(everywhere, "ClusterRole")["rules"]);
    expect(JSON.stringify(find(two, "Deployment"))).toContain("--namespaces=a,b");
  });

  it("puts the alerts into a PrometheusRule, without those that are disabled, each with its runbook", async () => {
    const { spec } = find(await render(FULL), "PrometheusRule") as never as {
      spec: { groups: { rules: { alert: string; annotations: Record<string, string> }[] }[] };
    };
    const rules = spec.groups.flatMap((group) => group.rules);
    expect(rules).toHaveLength(14);
    for (const { alert, annotations } of rules) {
      expect(annotations["runbook_url"]).toBe(`https://example.com/runbooks/${alert}.md`);
      expect(annotations["summary"]).toBeDefined();
    }
    expect(rules.map(({ alert }) => alert)).not.toContain("DarkfactoryRunsWaiting");
  });

  it("carries the dashboard unchanged", async () => {
    const { data } = find(await render(FULL), "ConfigMap", "darkfactory-dashboard") as never as {
      data: Record<string, string>;
    };
    const file = await readFile(join(chart, "files", "dashboard.json"), "utf8");
    expect(JSON.parse(data["darkfactory.json"] ?? "")).toEqual(JSON.parse(file));
  });

  it.each([
    ["replicaCunt=2", "replicaCunt"],
    ["image.pullpolicy=Always", "pullpolicy"],
    ["replicaCount=two", "/replicaCount"],
    ["logging.level=loud", "/logging/level"],
    ["watchNamespaces={A}", "/watchNamespaces/0"],
    ["image.digest=latest", "/image/digest"],
    ["defaultImages.cursor=x", "cursor"],
    ["networkPolicy.apiServerPorts={0}", "/networkPolicy/apiServerPorts/0"],
    ["replicaCount=2,leaderElection.enabled=false", "replicaCount"],
    ["metrics.service.create=false,metrics.serviceMonitor.enabled=true", "metrics.podMonitor"],
  ])("refuses --set %s and names the field", async (set, named) => {
    const { code, stderr } = await helm(["template", "darkfactory", chart, "--set", set]);
    expect(code).not.toBe(0);
    expect(stderr).toContain(named);
  });
});
