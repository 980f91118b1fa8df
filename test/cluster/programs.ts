import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { accessSync, constants, existsSync, readdirSync } from "node:fs";
import { copyFile, mkdir, readFile, readdir, rename, rm } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { ClusterFailure, type Log } from "./failure.ts";
import { withLock } from "./lock.ts";
import { cacheDirectory } from "./paths.ts";
import { mustRun, searchPath } from "./run.ts";

const toolsDirectory = join(import.meta.dirname, "tools");
const programsDirectory = join(cacheDirectory, "programs");

/** The programs in tools/go.mod's tool list, by the name they have once built. */
const programs = [
  "etcd",
  "kube-apiserver",
  "kube-controller-manager",
  "kube-scheduler",
  "kubectl",
  "kubelet",
  "kwok",
  "pause",
] as const;

/** kwok's CustomResourceDefinition for one Pod's own log, copied from its module beside the programs. */
export const kwokLogsCrd = "kwok-logs-crd.yaml";

/** The path of a program, also of a Go that is where its own installer puts it; undefined when there is none. */
export function findProgram(name: string): string | undefined {
  const directories = [...searchPath.split(delimiter), "/usr/local/go/bin"];
  return directories.map((directory) => join(directory, name)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * The folder that holds every program of the cluster, built from the Go modules that tools/go.sum pins unless this
 * user built the same before. Refuses when Go is missing or too old to fetch its own newer toolchain.
 */
export async function buildPrograms(log: Log, aborted?: AbortSignal): Promise<string> {
  const go = findProgram("go");
  if (!go) {
    throw new ClusterFailure(
      "the test cluster is built with Go 1.21 or newer, and no 'go' is on the PATH (https://go.dev/dl); with KUBECONFIG set, tests use that cluster instead",
    );
  }
  const recipe = await readRecipe(go);
  const directory = join(programsDirectory, recipe.key);
  if (existsSync(directory)) return directory;
  return withLock(
    programsDirectory,
    async () => {
      if (!existsSync(directory)) await build(go, recipe.flags, { directory, log, aborted });
      return directory;
    },
    { onWait: () => log("another process is building the cluster's programs: waiting for it"), aborted },
  );
}

interface Recipe {
  /** Names the outcome: equal inputs, equal key. */
  readonly key: string;
  readonly flags: readonly string[];
}

async function readRecipe(go: string): Promise<Recipe> {
  const sources = await Promise.all(
    ["go.mod", "go.sum", join("pause", "main.go")].map((file) => readFile(join(toolsDirectory, file), "utf8")),
  );
  const version = /^\tk8s\.io\/kubernetes (v(\d+)\.(\d+)\.\S+)/m.exec(sources[0] ?? "");
  if (!version) throw new Error("tools/go.mod does not require k8s.io/kubernetes");
  const [, gitVersion, major, minor] = version;
  // Without these kubectl calls itself v0.0.0-master and complains. Constant commit and date: same input, same programs.
  const variables = Object.entries({
    gitVersion,
    gitMajor: major,
    gitMinor: minor,
    gitTreeState: "clean",
    gitCommit: "0".repeat(40),
    buildDate: "1970-01-01T00:00:00Z",
  });
  const settings = ["k8s.io/component-base/version", "k8s.io/client-go/pkg/version"].flatMap((path) =>
    variables.map(([name, value]) => `-X ${path}.${name}=${value}`),
  );
  // The tags are those of Kubernetes' own release build.
  const flags = ["-trimpath", "-tags=selinux,notest,grpcnotrace", `-ldflags=-s -w ${settings.join(" ")}`];
  const goVersion = await mustRun(go, ["env", "GOVERSION", "GOARCH"], { cwd: toolsDirectory });
  const key = createHash("sha256")
    .update(JSON.stringify([sources, flags, goVersion]))
    .digest("hex")
    .slice(0, 16);
  return { key, flags };
}

interface Build {
  readonly directory: string;
  readonly log: Log;
  readonly aborted: AbortSignal | undefined;
}

async function build(go: string, flags: readonly string[], { directory, log, aborted }: Build): Promise<void> {
  await mkdir(programsDirectory, { recursive: true });
  for (const entry of await readdir(programsDirectory)) {
    if (entry.includes(".partial")) await rm(join(programsDirectory, entry), { recursive: true, force: true });
  }
  const partial = `${directory}.partial-${process.pid}`;
  await mkdir(partial);
  await install(go, flags, { directory: partial, log, aborted });
  // etcd's main package is called server.
  await rename(join(partial, "server"), join(partial, "etcd"));
  const kwok = (
    await mustRun(go, ["list", "-m", "-f", "{{.Dir}}", "sigs.k8s.io/kwok"], { cwd: toolsDirectory })
  ).trim();
  await copyFile(join(kwok, "kustomize/crd/bases/kwok.x-k8s.io_logs.yaml"), join(partial, kwokLogsCrd));
  await rename(partial, directory);
}

/** One 'go install' of all tools, telling each program that appears and, every 30 s, that it still goes on. */
async function install(go: string, flags: readonly string[], { directory, log, aborted }: Build): Promise<void> {
  const what = "building the cluster's programs (once, about ten minutes)";
  const started = Date.now();
  log(`${what}: fetching Go modules and compiling`);
  const seen = new Set<string>();
  let saidAt = started;
  const progress = setInterval(() => {
    const fresh = readdirSync(directory).filter((name) => !seen.has(name));
    for (const name of fresh) seen.add(name);
    if (fresh.length === 0 && Date.now() - saidAt < 30_000) return;
    saidAt = Date.now();
    const names = fresh.map((name) => (name === "server" ? "etcd" : name)).join(", ");
    log(`${what}: ${seen.size} of ${programs.length} ${names || "…"} (${Math.round((saidAt - started) / 1000)} s)`);
  }, 1000);
  const child = spawn(go, ["install", ...flags, "tool"], {
    cwd: toolsDirectory,
    env: { ...process.env, GOBIN: directory, CGO_ENABLED: "0", GOFLAGS: "-mod=readonly" },
    stdio: ["ignore", "ignore", 2],
    ...(aborted ? { signal: aborted } : {}),
  });
  const end = (): void => void child.kill();
  process.once("exit", end);
  try {
    await new Promise<void>((resolve, reject) => {
      child.once("error", (error) => reject(aborted?.aborted ? aborted.reason : error));
      child.once("close", (code) => {
        if (code === 0) resolve();
        else reject(new ClusterFailure(`building the cluster's programs failed: 'go install tool' ended with ${code}`));
      });
    });
  } finally {
    clearInterval(progress);
    process.off("exit", end);
  }
  log(`built the cluster's programs in ${Math.round((Date.now() - started) / 1000)} s`);
}
