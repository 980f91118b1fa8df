import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import * as yaml from "js-yaml";
import { afterAll, beforeAll, describe, expect, it, onTestFailed } from "vitest";
import { busyboxImage } from "../cluster/node-images.ts";
import { startCluster, type Cluster } from "../cluster/cluster.ts";
import { run, searchPath, type Finished } from "../cluster/run.ts";
import { eventually } from "../integration/support.ts";
import { blocksOf, type Command, commandsOf, pages } from "../ship/doc-blocks.ts";
import { buildHelm } from "../ship/helm.ts";
import { operatorImageName, writeOperatorImage } from "../ship/operator-image.ts";

const root = join(import.meta.dirname, "..", "..");

/** What does not run here, and what runs it. */
const elsewhere: readonly (readonly [command: RegExp, why: string])[] = [
  [/^git clone /, "what runs here is a clone already"],
  [/^npm run demo$/, ".ci/run runs the demo with --once"],
  [/^npm test$/, ".ci/run"],
  [/^npm run chaos -- /, "npm test plays it in short: test/integration/chaos.test.ts"],
  [/^npm start -- /, "every test of the operator starts it so: test/operator-process.ts"],
  [/^npm run cluster -- up --detach$/, "test/integration/cluster.test.ts"],
  [/^eval "\$\(npm run --silent cluster -- env\)"/, "test/integration/cluster.test.ts"],
  [/^docker build /, "there is no Docker here: .github/workflows/e2e.yml; test/dockerfile.ts reads the Dockerfile"],
  [/^kind /, "it needs Docker: .github/workflows/e2e.yml"],
];

/** In the order of a user's first days; every other page comes before them. Uninstalling is the end of the last. */
const first = ["README.md", "docs/drift.md", "docs/guide.md"];
const last = ["docs/install.md", "charts/darkfactory/README.md", "docs/operate.md"];

/** What the pages call whatever is the reader's own. */
const placeholders: Readonly<Record<string, string>> = {
  NAMESPACE: "default",
  NAME: "security-sentinel",
  FLEET: "demo",
  RUN: "review-42",
};
const ofPage: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "docs/runbooks/DarkfactoryMissedSchedule.md": { NAME: "upstream-sync" },
};

/** Names under which the pages expect an operator's image and an image with a shell where the cluster pulls from. */
const images: Readonly<Record<string, readonly string[]>> = {
  [operatorImageName]: [
    "ghcr.io/darkfactory-dev/darkfactory:0.1.0",
    "registry.example.com/darkfactory:0.1.0",
    "docker.io/library/darkfactory:dev",
  ],
  [busyboxImage]: ["docker.io/library/busybox:1.37"],
};

const ordered = [...first, ...pages().filter((page) => ![...first, ...last].includes(page)), ...last];
const blocks = ordered.flatMap((page) => blocksOf(page));
const commands = blocks.filter(({ language }) => language === "sh").flatMap(commandsOf);
const manifests = blocks.filter(({ language }) => language === "yaml");
const why = ({ text }: Command): string | undefined => elsewhere.find(([command]) => command.test(text))?.[1];
const toRun = commands.filter((command) => why(command) === undefined);

// One cluster of its own, on which a reader does what the pages say, from the README to the uninstall.
describe.skipIf(process.env["KUBECONFIG"])("what the documentation tells a user to do", () => {
  let cluster: Cluster;
  let folder: string;
  let env: Readonly<Record<string, string>>;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "docs-"));
    const archive = join(folder, "operator.tar");
    const [started] = await Promise.all([startCluster({ nodes: "real" }), writeOperatorImage(archive)]);
    cluster = started;
    await cluster.importImage(archive);
    for (const [image, names] of Object.entries(images)) {
      for (const name of names) await cluster.tagImage(image, name);
    }
    const programs = [cluster.binDir, dirname(await buildHelm(() => undefined)), join(root, "node_modules", ".bin")];
    env = {
      PATH: [...programs, searchPath].join(":"),
      KUBECONFIG: cluster.kubeconfig,
      HELM_CACHE_HOME: join(folder, "helm"),
      HELM_CONFIG_HOME: join(folder, "helm"),
      HELM_DATA_HOME: join(folder, "helm"),
    };
    // A clone, in which a command may write files without leaving them behind.
    await mkdir(join(folder, "clone"));
    for (const entry of (await readdir(root)).filter((name) => name !== ".git")) {
      const [from, to] = [join(root, entry), join(folder, "clone", entry)];
      // kubectl and kustomize look where a file really is.
      if (["charts", "crds", "deploy", "examples"].includes(entry)) await cp(from, to, { recursive: true });
      else await symlink(from, to);
    }
    await shell("kubectl create namespace agents");
  });

  afterAll(async () => {
    await cluster?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  async function shell(script: string): Promise<Finished> {
    return await run("bash", ["-c", script], { cwd: join(folder, "clone"), env });
  }

  async function must(script: string): Promise<string> {
    const { code, stdout, stderr } = await shell(script);
    if (code !== 0) throw new Error(`${script}: ${stderr}${stdout}`);
    return stdout;
  }

  /** What a page takes for granted before a command. */
  async function prepare(command: Command): Promise<void> {
    if (/^helm install |-k deploy\//.test(command.text)) {
      await must("helm uninstall darkfactory --namespace darkfactory-system --ignore-not-found --wait");
    }
    // An operator that has ended once before.
    if (command.text.includes("--previous")) {
      const node = "/usr/local/bin/node -e 'process.kill(1)'";
      // The container may end before the command in it does.
      await shell(`kubectl --namespace darkfactory-system exec deployment/darkfactory -- ${node}`);
      await eventually(() => must(command.text));
    }
    if (command.page.startsWith("docs/runbooks/") || command.page === "docs/conditions.md") {
      await must("kubectl wait --for=condition=Ready agentfleet/demo --timeout=2m");
    }
  }

  /** Holds what a command is said to do, and leaves what the next page takes for granted. */
  async function conclude(command: Command): Promise<void> {
    if (!command.text.includes("-k deploy/")) return;
    await must("kubectl --namespace darkfactory-system rollout status deployment/darkfactory --timeout=2m");
    await must("kubectl delete -k deploy/");
  }

  it.each(toRun.map((command) => [`${command.page}:${command.line}`, command] as const))("%s", async (_, command) => {
    onTestFailed(async () => console.error((await shell("kubectl get darkfactory,pods,events -A")).stdout));
    await prepare(command);
    const filled = Object.entries({ ...placeholders, ...ofPage[command.page] }).reduce(
      (text, [name, value]) => text.replaceAll(new RegExp(`\\b${name}\\b`, "g"), value),
      command.text,
    );
    const { code, stdout, stderr } = await shell(filled);
    expect(code, `${filled}\n${stdout}${stderr}`).toBe(0);
    await conclude(command);
  });
});

describe.skipIf(process.env["KUBECONFIG"])("the manifests in the documentation", () => {
  let cluster: Cluster;

  beforeAll(async () => {
    cluster = await startCluster({ nodes: "none" });
    const { code, stderr } = await cluster.kubectl(["apply", "--server-side", "--filename", join(root, "crds")]);
    expect(code, stderr).toBe(0);
    await cluster.kubectl(["create", "namespace", "agents"]);
    await cluster.kubectl(["wait", "--for=condition=Established", "--timeout=60s", "--filename", join(root, "crds")]);
  });

  afterAll(async () => await cluster?.stop());

  it.each(manifests.map((block) => [`${block.page}:${block.line}`, block] as const))(
    "%s is accepted as it stands",
    async (_, { text }) => {
      const input = JSON.stringify(await whole(yaml.load(text) as Fragment));
      const args = ["apply", "--server-side", "--dry-run=server", "--validate=strict", "--filename=-"];
      expect(await cluster.kubectl(args, { input })).toMatchObject({ code: 0, stderr: "" });
    },
  );
});

it("what runs elsewhere is said once, and stands in the documentation", () => {
  const unused = elsewhere.filter(([command]) => !commands.some(({ text }) => command.test(text)));
  expect(unused).toEqual([]);
});

interface Fragment {
  readonly apiVersion?: string;
  readonly spec?: object;
}

/** An object as it is; a part of an agent in the least agent that there is. */
async function whole(fragment: Fragment): Promise<object> {
  if (fragment.apiVersion !== undefined) return fragment;
  const minimal = yaml.load(await readFile(join(root, "examples", "agent-minimal.yaml"), "utf8")) as { spec: object };
  return { ...minimal, spec: { ...minimal.spec, ...(fragment.spec ?? fragment) } };
}
