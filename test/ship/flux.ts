import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { copyFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Log } from "../cluster/failure.ts";
import { mustRun } from "../cluster/run.ts";
import { aFreeAddress } from "../operator-process.ts";
import { buildGoTools } from "./go-tools.ts";

/** The source kinds' CRDs. Pinned here: the module is not built, so no go.sum knows it. */
const SOURCES = {
  module: "github.com/fluxcd/source-controller@v1.9.6",
  sum: "h1:nG534/bI6nVpyHra7ONAk6xDB3xPsVT+EOLHZHXPrrc=",
} as const;

/** What kustomize-controller watches or looks up. */
const CRDS = ["kustomizations", "gitrepositories", "ocirepositories", "buckets", "externalartifacts"];

/** The folder of kustomize-controller and of the CRDs that it needs (<group>_<plural>.yaml), built once. */
export async function buildFlux(log: Log): Promise<string> {
  const module = join(import.meta.dirname, "flux");
  return await buildGoTools(
    {
      name: "Flux's kustomize-controller",
      module,
      extra: SOURCES.sum,
      async addFiles(go, directory) {
        const list = ["list", "-m", "-f", "{{.Dir}}", "github.com/fluxcd/kustomize-controller"];
        const own = (await mustRun(go, list, { cwd: module })).trim();
        for (const folder of [own, await downloadSources(go)]) {
          const crds = join(folder, "config", "crd", "bases");
          const wanted = (await readdir(crds)).filter((file) =>
            CRDS.some((plural) => file.endsWith(`_${plural}.yaml`)),
          );
          for (const file of wanted) await copyFile(join(crds, file), join(directory, file));
        }
      },
    },
    log,
  );
}

async function downloadSources(go: string): Promise<string> {
  const answer = await mustRun(go, ["mod", "download", "-json", SOURCES.module], { cwd: "/" });
  const { Dir, Sum } = JSON.parse(answer) as { readonly Dir: string; readonly Sum: string };
  if (Sum !== SOURCES.sum) throw new Error(`${SOURCES.module} is ${Sum}, and not ${SOURCES.sum}`);
  return Dir;
}

export interface Flux {
  stop(): Promise<void>;
}

/** Installs Flux's CRDs and runs kustomize-controller as a process of this machine; its log goes to logFile. */
export async function startFlux(
  cluster: { readonly kubeconfig: string; readonly kubectl: string },
  logFile: string,
): Promise<Flux> {
  const directory = await buildFlux(() => undefined);
  const env = { KUBECONFIG: cluster.kubeconfig };
  const crds = (await readdir(directory)).filter((file) => file.endsWith(".yaml")).map((file) => join(directory, file));
  const files = crds.flatMap((file) => ["--filename", file]);
  await mustRun(cluster.kubectl, ["apply", "--server-side", ...files], { env });
  await mustRun(cluster.kubectl, ["wait", "--for=create", "--timeout=120s", ...files], { env });
  await mustRun(cluster.kubectl, ["wait", "--for=condition=Established", "--timeout=120s", ...files], { env });
  const args = [
    "--enable-leader-election=false",
    "--watch-all-namespaces",
    `--metrics-addr=${await aFreeAddress()}`,
    `--health-addr=${await aFreeAddress()}`,
  ];
  const child = spawn(join(directory, "kustomize-controller"), args, {
    env: { ...process.env, ...env, RUNTIME_NAMESPACE: "default" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const log = createWriteStream(logFile);
  for (const stream of [child.stdout, child.stderr]) stream.pipe(log, { end: false });
  await once(child, "spawn");
  return { stop: () => end(child) };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = once(child, "close");
  child.kill();
  await closed;
}
