import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as yaml from "js-yaml";
import { afterAll, beforeAll, expect, it, onTestFailed, vi } from "vitest";
import { agentResource } from "../../src/api/v1alpha1/agent.ts";
import { agentFleetResource } from "../../src/api/v1alpha1/agent-fleet.ts";
import { loadConfig } from "../../src/kube/config.ts";
import type { KubeClient } from "../../src/kube/client.ts";
import { createKubeClient } from "../../src/kube/kube-client.ts";
import { claimResource, jobResource, podResource } from "../../src/kube/types-core.ts";
import type { KubeObject, ResourceType } from "../../src/kube/types.ts";
import { startCluster, type Cluster } from "../cluster/cluster.ts";
import { ACTING, type OperatorProcess, startOperator } from "../operator-process.ts";
import { auditing, permissionsOf, readAudit, textOf } from "../ship/audit.ts";
import { userOf, writeKubeconfigOf } from "../ship/service-account.ts";
import { aWatchedAgent, aWatchedGrowthAgent, lines } from "./nightwatch-support.ts";
import { aFleet, type Hands, hands, simulated } from "./operator-support.ts";
import { aGrowthAgent, forever, type RunHands, runHands } from "./run-support.ts";
import { eventually } from "./support.ts";

// A cluster of its own is started, and a whole life is led, one thing after another.
vi.setConfig({ testTimeout: 600_000, hookTimeout: 300_000 });

const deploy = join(import.meta.dirname, "..", "..", "deploy", "darkfactory.yaml");
const account = { namespace: "darkfactory-system", name: "darkfactory" };

/** Permissions that a life without accidents does not use, and why they are granted all the same. */
const FOR_ACCIDENTS = new Set([
  // An apply that creates is asked for as patch, and authorized as create besides.
  "create agents.darkfactory.dev",
  // OwnerReferencesPermissionEnforcement asks for them, which is no request of its own.
  "update agentfleets/finalizers.darkfactory.dev",
  "update agents/finalizers.darkfactory.dev",
  "update agentruns/finalizers.darkfactory.dev",
  // An API server that cannot stream its first list, and a watch that has expired.
  "list agentfleets.darkfactory.dev",
  "list agents.darkfactory.dev",
  "list agentruns.darkfactory.dev",
  "list jobs.batch",
  // The answer to a create was lost, and the name is taken now: is it ours?
  "get agentruns.darkfactory.dev",
  "get events.events.k8s.io",
  // What is told again within minutes joins the event that told it first.
  "patch events.events.k8s.io",
]);

/** What every account may do (role system:basic-user): ask what it may do. */
const OPEN_TO_ALL = ["create selfsubjectaccessreviews.authorization.k8s.io"];

let cluster: Cluster;
let operator: OperatorProcess;
let folder: string;
let here: Hands & RunHands;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "rbac-"));
  cluster = await startCluster({ nodes: { simulated: 1 }, flags: await auditing(userOf(account), folder) });
  const apply = async (manifests: readonly object[]) => {
    const input = JSON.stringify({ apiVersion: "v1", kind: "List", items: manifests });
    const { code, stderr } = await cluster.kubectl(["apply", "--server-side", "-f", "-"], { input });
    expect(stderr).toBe("");
    expect(code).toBe(0);
  };
  const manifests = yaml.loadAll(await readFile(deploy, "utf8")) as { readonly kind: string }[];
  await apply(manifests.filter(({ kind }) => kind !== "Deployment"));
  const kubeconfig = join(folder, "kubeconfig");
  await eventually(() => writeKubeconfigOf(account, cluster, kubeconfig));
  const client = createKubeClient(await loadConfig({ kubeconfig: cluster.kubeconfig }));
  const own = hands("default", () => client);
  here = { ...own, ...runHands(own) };
  await eventually(() => isInForce(client));
  const lease = ["--leader-election-namespace", account.namespace, "--leader-election-id", "darkfactory"];
  operator = startOperator({ kubeconfig, args: lease });
  await operator.logged(ACTING);
});

afterAll(async () => {
  await operator?.stop();
  await here?.client().close();
  await cluster?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Throws until the API server knows what was applied: the roles, and the kinds that owner references are checked by. */
async function isInForce(client: KubeClient): Promise<void> {
  const served = (await client.raw("GET", "/apis/darkfactory.dev/v1alpha1")) as {
    readonly resources: readonly { readonly kind: string }[];
  };
  const names = served.resources.map(({ kind }) => kind);
  expect(names).toEqual(expect.arrayContaining(["Agent", "AgentFleet", "AgentRun"]));
  // One of its ClusterRole, one of its Role.
  for (const resourceAttributes of [
    { verb: "list", group: "darkfactory.dev", resource: "agents" },
    { verb: "create", group: "coordination.k8s.io", resource: "leases", namespace: account.namespace },
  ]) {
    const { status } = (await client.raw("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", {
      spec: { user: userOf(account), resourceAttributes },
    })) as { readonly status: { readonly allowed: boolean } };
    expect(status.allowed).toBe(true);
  }
}

it("the role of the chart lets the operator do all that a fleet's life needs, and nothing that it never does", async () => {
  onTestFailed(() => console.error(operator.logTail().slice(-30).join("\n")));
  await aLife(here);
  // Events are written a moment after what they tell of.
  await eventually(async () => {
    const { used, refused } = await readAudit(folder);
    expect(refused).toEqual([]);
    const granted = (yaml.loadAll(await readFile(deploy, "utf8")) as { kind: string; metadata: { name: string } }[])
      .filter(({ kind, metadata }) => /^(Cluster)?Role$/.test(kind) && !/-(view|edit)$/.test(metadata.name))
      .flatMap((role) => permissionsOf(role as never).map(textOf));
    expect(granted.filter((permission) => permission.includes("*"))).toEqual([]);
    const asked = new Set(used.map(textOf));
    expect(granted.filter((permission) => !asked.has(permission) && !FOR_ACCIDENTS.has(permission))).toEqual([]);
    const known = [...granted, ...OPEN_TO_ALL];
    expect([...asked].filter((permission) => !known.includes(permission))).toEqual([]);
  });
});

const volume: ResourceType<KubeObject & { readonly spec: object }> = {
  group: "",
  version: "v1",
  kind: "PersistentVolume",
  plural: "persistentvolumes",
  namespaced: false,
};

/** Sixty of a hundred lines that a Pod has written are errors: level Severe. */
async function writeErrors(pod: string): Promise<void> {
  await cluster.writePodLog({ namespace: "default", name: pod }, lines(100, 60));
}

/** Everything that happens to agents of all layers, and some of what goes wrong. */
async function aLife(here: Hands & RunHands): Promise<void> {
  const { apply, ask, list, patch, remove, start, find } = here;
  const work = { podTemplate: simulated({ run: "300ms" }) };

  // Names that are taken by others: a Pod and a claim of a Safety agent, a Job of a run.
  await apply(podResource, {
    metadata: { name: "blocked-1" },
    spec: { containers: [{ name: "x", image: "x/y:1" }] },
  });
  await apply(claimResource, {
    metadata: { name: "keeper-workspace" },
    spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
  });
  await apply(
    agentFleetResource,
    aFleet("demo", {
      agents: [
        { name: "guard", layer: "Safety", podTemplate: simulated({ run: "1h" }) },
        { name: "blocked", layer: "Safety" },
        { name: "keeper", layer: "Growth", workspace: { persistent: { size: "1Gi" } }, ...work },
        { name: "nightly", layer: "Core", schedule: "0 3 1 1 *", runLimits: { keepSucceeded: 0 }, ...work },
        { name: "spare", layer: "Growth", ...work },
      ],
    }) as never,
  );
  await here.becomes("Agent", "blocked", { status: "False", reason: "NameConflict" });
  await here.runningPod("guard");

  // Replaced on request; its labels taken away and put back.
  await ask("guard", "restart-requested-at");
  const [pod] = await eventually(async () => {
    const pods = await here.podsOf("guard");
    expect(pods.map(({ metadata }) => metadata.name)).not.toContain("guard-1");
    expect(pods).toHaveLength(1);
    return pods;
  });
  await patch(podResource, pod!.metadata.name, { metadata: { labels: { "darkfactory.dev/layer": null } } });
  await eventually(async () =>
    expect((await find(podResource, pod!.metadata.name))?.metadata.labels).toHaveProperty(["darkfactory.dev/layer"]),
  );

  // Runs: one that is done and forgotten, one whose claim is another's, one whose Job is.
  await ask("nightly", "run-requested-at");
  await eventually(async () => {
    const agent = await here.agent("nightly");
    expect(agent.status?.lastSuccessTime).toBeDefined();
    expect(await here.runsOf("nightly")).toEqual([]);
  });
  await start("keeper", "kept");
  await eventually(async () => expect((await here.run("kept")).status?.conditions?.[0]?.status).toBe("False"));
  // Its Pods do not go until they are let: the operator is to see one that is asked to.
  await apply(agentResource, aGrowthAgent("lasting", { ...forever, stop: "1h" }) as never);
  await apply(jobResource, {
    metadata: { name: "taken" },
    spec: {
      suspend: true,
      template: { spec: { restartPolicy: "Never", containers: [{ name: "x", image: "x/y:1" }] } },
    },
  } as never);
  await start("lasting", "taken");
  await here.waits("taken", "NameConflict");

  // A Job's labels are put back, and a Pod that somebody deletes is told to the Job as a disruption.
  await start("lasting", "mended");
  const running = await here.runningPodOf("mended");
  await patch(jobResource, "mended", { metadata: { labels: { "app.kubernetes.io/managed-by": null } } });
  await eventually(async () =>
    expect((await here.job("mended"))?.metadata.labels).toHaveProperty(["app.kubernetes.io/managed-by"]),
  );
  await remove(podResource, running.metadata.name);
  await eventually(async () =>
    expect((await find(podResource, running.metadata.name))?.status?.conditions).toContainEqual(
      expect.objectContaining({ type: "DisruptionTarget", status: "True" }),
    ),
  );
  await patch(podResource, running.metadata.name, simulated({ stop: "1ms" }));
  await eventually(async () => {
    const names = (await here.podsOfRun("mended")).map(({ metadata }) => metadata.name);
    expect(names).not.toContain(running.metadata.name);
    expect(names).toHaveLength(1);
  });

  // Two agents drift severely: one is given a fresh workspace, the other's run is replaced.
  await apply(volume, {
    metadata: { name: "reserved" },
    spec: {
      capacity: { storage: "1Gi" },
      accessModes: ["ReadWriteOnce"],
      hostPath: { path: "/tmp" },
      // The claim that keeper may not use waits for a volume too, and would take this one now and then.
      claimRef: { namespace: "default", name: "drifter-workspace" },
    },
  });
  const workspace = { persistent: { size: "1Gi" } };
  await apply(agentResource, aWatchedAgent("drifter", {}, { workspace }));
  const firstClaim = await eventually(async () => (await find(claimResource, "drifter-workspace"))!.metadata.uid);
  // Not before: by its errors the claim is replaced.
  await writeErrors("drifter-1");
  await apply(agentResource, aWatchedGrowthAgent("erring", forever));
  await start("erring", "wrong");
  await writeErrors((await here.runningPodOf("wrong")).metadata.name);
  await eventually(async () => expect((await here.agent("erring")).status?.correction?.action).toBe("Restart"));
  await eventually(async () =>
    expect((await find(claimResource, "drifter-workspace"))?.metadata.uid).not.toBe(firstClaim),
  );

  // The fleet loses an entry, and then goes.
  const { agents = [] } = (await here.fleet("demo")).spec;
  await patch(agentFleetResource, "demo", { spec: { agents: agents.filter(({ name }) => name !== "spare") } });
  await eventually(async () => expect(await find(agentResource, "spare")).toBeUndefined());
  expect(await list(agentResource)).not.toHaveLength(0);
}
