import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as yaml from "js-yaml";
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it, onTestFailed } from "vitest";
import { anOperatedNamespace } from "../integration/operator-support.ts";
import { runHands } from "../integration/run-support.ts";
import { eventually, kubectl, mustKubectl } from "../integration/support.ts";
import {
  exampleRepository,
  filesOf,
  type Repository,
  withAgent,
  withEntries,
  withEntry,
} from "../ship/agent-repository.ts";
import { type Flux, startFlux } from "../ship/flux.ts";
import { type GitSource, startGitSource } from "../ship/git-source.ts";
import { fieldsByManager, type Managed } from "../ship/managed-fields.ts";

const root = join(import.meta.dirname, "..", "..");
const patience = { timeoutMs: 120_000, everyMs: 200 };

interface Kustomization {
  readonly metadata: { readonly generation: number };
  readonly status?: {
    readonly lastAppliedRevision?: string;
    readonly lastAttemptedRevision?: string;
    readonly lastHandledReconcileAt?: string;
    readonly conditions?: readonly { readonly type: string; readonly status: string; readonly message: string }[];
  };
}

// Each test is the next commit of one repository. Nobody needs that who tests on another cluster, whose nodes lack the image.
describe.skipIf(process.env["KUBECONFIG"])("a fleet and single agents that Flux applies from Git", () => {
  const cluster = anOperatedNamespace();
  const { namespace, agent, fleet, runningPod } = cluster;
  const { start, completes } = runHands(cluster);
  const here = (...args: readonly string[]): readonly string[] => ["--namespace", namespace, ...args];
  let flux: Flux | undefined;
  let source: GitSource;
  let folder: string;
  let repository: Repository;
  let sentinel: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "gitops-"));
    source = await startGitSource();
    flux = await startFlux(inject("cluster"), join(folder, "flux.log"));
    repository = await exampleRepository();
  });

  beforeEach(() => {
    onTestFailed(async () => console.error((await readFile(join(folder, "flux.log"), "utf8")).slice(-4000)));
  });

  afterAll(async () => {
    await flux?.stop();
    await source?.close();
    await rm(folder, { recursive: true });
  });

  const manifests = (): readonly object[] => [repository.fleet, ...repository.agents];

  /** Pushes a change, and gives its revision once Flux knows of it. */
  async function push(change: Partial<Repository>): Promise<string> {
    repository = { ...repository, ...change };
    const { metadata } = JSON.parse(
      await mustKubectl(here("get", "gitrepository", "flux-system", "--output=json")),
    ) as { readonly metadata: { readonly generation: number } };
    const status = await source.commit(filesOf(repository), metadata.generation);
    const patch = JSON.stringify({ status });
    await mustKubectl(
      here("patch", "gitrepository", "flux-system", "--subresource=status", "--type=merge", "--patch", patch),
    );
    return status.artifact.revision;
  }

  const kustomization = async (): Promise<Kustomization> =>
    JSON.parse(await mustKubectl(here("get", "kustomization", "agents", "--output=json"))) as Kustomization;

  /** Waits until Flux has judged a revision, and gives the message of its Ready condition, which must be `ready`. */
  async function judged(revision: string, ready: "True" | "False"): Promise<string> {
    return await eventually(async () => {
      const { status } = await kustomization();
      expect(status?.lastAttemptedRevision).toBe(revision);
      const condition = status?.conditions?.find(({ type }) => type === "Ready");
      expect(condition).toMatchObject({ status: ready });
      return condition?.message ?? "";
    }, patience);
  }

  /** Waits until Flux has applied a revision and found every object ready. */
  async function applied(revision: string): Promise<void> {
    expect(await judged(revision, "True")).toContain(revision);
    expect((await kustomization()).status?.lastAppliedRevision).toBe(revision);
  }

  const sentinelPod = async (): Promise<string> => (await runningPod("security-sentinel")).metadata.uid;
  const names = async (kind: string): Promise<readonly string[]> =>
    (await mustKubectl(here("get", kind, "--output=jsonpath={.items[*].metadata.name}"))).split(" ");

  /** All that stands but the statuses, which go on: who wrote what of each object, and what runs for it. */
  async function written(): Promise<readonly unknown[]> {
    const kinds = "agentfleets,agents,agentruns,pods,jobs";
    const output = await mustKubectl(here("get", kinds, "--show-managed-fields", "--output=json"));
    return (JSON.parse(output) as { readonly items: readonly (Managed & { kind: string })[] }).items.map(
      ({ kind, metadata: { name, uid, generation, managedFields = [] } }) => ({
        object: `${kind}/${name} ${uid} ${generation}`,
        managedFields: managedFields.filter(({ subresource }) => subresource === undefined),
      }),
    );
  }

  it("become ready by the Kustomization of deploy/flux, which waits for them", async () => {
    const text = await readFile(join(root, "deploy", "flux", "darkfactory.yaml"), "utf8");
    const example = (yaml.loadAll(text) as { kind: string; metadata: object; spec: object }[]).find(
      ({ kind }) => kind === "Kustomization",
    );
    expect(example?.spec).toMatchObject({ prune: true, wait: true });
    await cluster.client().raw("POST", `/apis/source.toolkit.fluxcd.io/v1/namespaces/${namespace}/gitrepositories`, {
      apiVersion: "source.toolkit.fluxcd.io/v1",
      kind: "GitRepository",
      metadata: { name: "flux-system" },
      spec: { interval: "1h", url: "https://git.example.com/acme/fleet.git" },
    });
    const own = {
      ...example,
      metadata: { ...example?.metadata, namespace },
      spec: { ...example?.spec, targetNamespace: namespace },
    };
    await mustKubectl(["apply", "--server-side", "-f", "-"], { input: JSON.stringify(own) });
    await applied(await push({}));
    expect(await names("agents")).toEqual(["code-reviewer", "minimal", "security-sentinel", "upstream-sync"]);
    sentinel = await sentinelPod();
  });

  it("get an agent that a commit adds, to the fleet or alone", async () => {
    const entry = { name: "archivist", layer: "Growth" as const, task: "true" };
    const [minimal] = repository.agents;
    const nightly = {
      ...minimal,
      metadata: { name: "nightly" },
      spec: { ...minimal!.spec, layer: "Core" as const, schedule: "0 3 * * *" },
    };
    await applied(
      await push({
        fleet: withEntries(repository, (entries) => [...entries, entry]),
        agents: [...repository.agents, nightly],
      }),
    );
    for (const name of ["archivist", "nightly"]) {
      expect((await agent(name)).status?.conditions).toContainEqual(
        expect.objectContaining({ type: "Ready", status: "True" }),
      );
    }
    expect(await sentinelPod()).toBe(sentinel);
  });

  it("take new thresholds, and nothing that runs is disturbed (L6)", async () => {
    const thresholds = { minorPercent: 15, moderatePercent: 25, severePercent: 45, criticalPercent: 75 };
    await applied(
      await push({
        fleet: withEntry(repository, "security-sentinel", { nightwatch: { thresholds } }),
        agents: withAgent(repository, "minimal", { nightwatch: { thresholds } }),
      }),
    );
    for (const name of ["security-sentinel", "minimal"]) {
      const { metadata, spec, status } = await agent(name);
      expect(spec.nightwatch?.thresholds).toEqual(thresholds);
      expect(status?.observedGeneration).toBe(metadata.generation);
    }
    expect(await sentinelPod()).toBe(sentinel);
  });

  describe("with a schedule that a commit breaks", () => {
    // No pattern can tell that February has no 31st day.
    const schedule = "0 3 31 2 *";

    it("make the Kustomization unready, which names the agent, and the rest runs on (K1, F5)", async () => {
      const revision = await push({ agents: withAgent(repository, "nightly", { schedule }) });
      const message = await judged(revision, "False");
      expect(message).toContain(`Agent/${namespace}/nightly status: 'Failed'`);
      expect(message).not.toContain("AgentFleet");
      expect((await agent("nightly")).status?.conditions).toContainEqual(
        expect.objectContaining({ type: "Stalled", status: "True", reason: "InvalidSchedule" }),
      );
      await start("code-reviewer", "meanwhile");
      await completes("meanwhile");
      expect(await sentinelPod()).toBe(sentinel);
    });

    it("make it name the fleet, whose status names the entry, and the other entries run on (F5)", async () => {
      const revision = await push({
        fleet: withEntry(repository, "upstream-sync", { schedule }),
        agents: withAgent(repository, "nightly", { schedule: "0 3 * * *" }),
      });
      const message = await judged(revision, "False");
      expect(message).toContain(`AgentFleet/${namespace}/demo status: 'Failed'`);
      const ready = (await fleet("demo")).status?.conditions?.find(({ type }) => type === "Ready");
      expect(ready).toMatchObject({ status: "False", reason: "AgentsStalled" });
      expect(ready?.message).toContain("upstream-sync");
      await start("code-reviewer", "meanwhile-too");
      await completes("meanwhile-too");
      expect(await sentinelPod()).toBe(sentinel);
    });

    it("are refused whole where the schema can tell, naming the field, and what stands stays", async () => {
      const before = await written();
      const revision = await push({ agents: withAgent(repository, "nightly", { schedule: "every night" }) });
      const message = await judged(revision, "False");
      expect(message).toContain(`Agent/${namespace}/nightly`);
      expect(message).toContain("spec.schedule");
      expect(await written()).toEqual(before);
    });

    it("become ready again by the commit that mends it", async () => {
      const mended = { schedule: "0 4 * * *" };
      await applied(
        await push({
          fleet: withEntry(repository, "upstream-sync", mended),
          agents: withAgent(repository, "nightly", mended),
        }),
      );
      expect((await agent("nightly")).spec.schedule).toBe("0 4 * * *");
      expect(await sentinelPod()).toBe(sentinel);
    });
  });

  it("lose the agents that a commit removes, and no other", async () => {
    await applied(
      await push({
        fleet: withEntries(repository, (entries) => entries.filter(({ name }) => name !== "archivist")),
        agents: repository.agents.filter(({ metadata }) => metadata.name !== "minimal"),
      }),
    );
    await eventually(async () => {
      expect(await names("agents")).toEqual(["code-reviewer", "nightly", "security-sentinel", "upstream-sync"]);
    });
    expect(await sentinelPod()).toBe(sentinel);
  });

  it("are not changed by another tool that applies the same, nor by Flux again (O4, O6)", async () => {
    const input = JSON.stringify({ apiVersion: "v1", kind: "List", items: manifests() });
    const apply = here("apply", "--server-side", "--field-manager=argocd-controller", "--filename=-");
    const generations = async () =>
      await mustKubectl(
        here("get", "agentfleets,agents", "--output=jsonpath={range .items[*]}{.metadata.generation} {end}"),
      );
    const before = await generations();
    await mustKubectl(apply, { input });
    expect(await generations()).toBe(before);
    const settled = await written();
    await mustKubectl(apply, { input });
    const token = `reconcile.fluxcd.io/requestedAt=${new Date().toISOString()}`;
    await mustKubectl(here("annotate", "kustomization", "agents", token));
    await eventually(async () => {
      const { status } = await kustomization();
      expect(token).toContain(status?.lastHandledReconcileAt ?? "never");
      expect(status?.conditions?.find(({ type }) => type === "Ready")?.status).toBe("True");
    }, patience);
    expect(await written()).toEqual(settled);
    const diff = here("diff", "--filename=-");
    const serverSide = [...diff, "--server-side", "--field-manager=argocd-controller"];
    // A status that is written between kubectl's two looks is no difference.
    for (const args of [diff, serverSide]) {
      await eventually(
        async () => expect(await kubectl(args, { input })).toMatchObject({ code: 0, stdout: "" }),
        patience,
      );
    }
  });

  it("share no field with the operator, which writes no field of a manifest (O6)", async () => {
    const output = await mustKubectl(here("get", "agentfleets,agents", "--show-managed-fields", "--output=json"));
    const objects = (JSON.parse(output) as { readonly items: readonly Managed[] }).items;
    const applied = objects.filter(({ metadata }) => ["demo", "nightly"].includes(metadata.name));
    expect(applied).toHaveLength(2);
    for (const object of applied) {
      const managers = fieldsByManager(object);
      expect([...managers.keys()].filter((name) => name.startsWith("darkfactory"))).toEqual([
        "darkfactory-status/status",
      ]);
      const operators = managers.get("darkfactory-status/status") ?? [];
      expect(operators.length).toBeGreaterThan(5);
      expect(operators.filter((path) => !path.startsWith("status."))).toEqual([]);
      const users = managers.get("kustomize-controller") ?? [];
      expect(users.length).toBeGreaterThan(5);
      expect(users.filter((path) => path.startsWith("status") || operators.includes(path))).toEqual([]);
    }
    // Nothing by which a GitOps tool would take what a fleet makes for its own and prune it.
    const made = objects.find(({ metadata }) => metadata.name === "security-sentinel");
    expect(made && [...fieldsByManager(made).keys()].sort()).toEqual([
      "darkfactory-fleet",
      "darkfactory-status/status",
    ]);
    expect(JSON.stringify(made?.metadata)).not.toContain("fluxcd");
  });

  it("go with the Kustomization, and leave nothing behind (F6)", async () => {
    await mustKubectl(here("delete", "kustomization", "agents", "--timeout=120s"));
    await eventually(async () => {
      expect(await mustKubectl(here("get", "agentfleets,agents,agentruns,pods,jobs", "--output=name"))).toBe("");
    }, patience);
  });
});
