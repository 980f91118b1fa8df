import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { startCluster, type Cluster } from "./cluster.ts";
import { ClusterFailure, logToStderr } from "./failure.ts";
import { findProgram } from "./programs.ts";
import type { Nodes } from "./record.ts";
import { mustRun, run } from "./run.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** Paths of the administrator's kubeconfig and of a kubectl; the cluster's name when it is one of ours. */
    readonly cluster: { readonly kubeconfig: string; readonly kubectl: string; readonly name?: string };
  }
}

const crds = join(import.meta.dirname, "..", "..", "crds");

/**
 * A vitest global set-up: provides `cluster` to every test, with darkfactory's resources installed, and gives the
 * tear-down. Uses the cluster that KUBECONFIG names, where it is set, as it is.
 */
export async function startClusterForTests(project: TestProject, nodes: Nodes): Promise<() => Promise<void>> {
  // Four times the memory for garbage, of kubectl too, saves Go's programs a part of their processor time.
  process.env["GOGC"] ??= "400";
  const given = process.env["KUBECONFIG"];
  const cluster = given ? undefined : await startCluster({ nodes, log: logToStderr });
  try {
    const access = cluster ? accessTo(cluster) : { kubeconfig: given ?? "", kubectl: mustFindKubectl() };
    await installCrds(access);
    project.provide("cluster", access);
  } catch (error) {
    await cluster?.stop();
    throw error;
  }
  return async () => cluster?.stop();
}

interface Access {
  readonly kubeconfig: string;
  readonly kubectl: string;
  readonly name?: string;
}

const accessTo = ({ name, kubeconfig, binDir }: Cluster): Access => ({
  name,
  kubeconfig,
  kubectl: join(binDir, "kubectl"),
});

function mustFindKubectl(): string {
  const kubectl = findProgram("kubectl");
  if (kubectl) return kubectl;
  throw new ClusterFailure(
    "KUBECONFIG is set, but no kubectl is on the PATH; unset it to test on a cluster of our own",
  );
}

/** Applies crds/*.yaml of this checkout and waits until the API server serves them. Does nothing when there are none. */
export async function installCrds({ kubeconfig, kubectl }: Access): Promise<void> {
  const files = listYaml(crds).flatMap((file) => ["-f", join(crds, file)]);
  if (files.length === 0) return;
  const env = { KUBECONFIG: kubeconfig };
  await mustRun(kubectl, ["apply", "--server-side", "--force-conflicts", ...files], { env });
  const wait = ["wait", "--for=condition=Established", "--timeout=60s", ...files];
  // For a moment a new definition has no conditions at all, and kubectl takes that for an error.
  const { code } = await run(kubectl, wait, { env });
  if (code === 0) return;
  await mustRun(kubectl, ["wait", "--for=jsonpath={.status.conditions}", "--timeout=60s", ...files], { env });
  await mustRun(kubectl, wait, { env });
}

function listYaml(directory: string): readonly string[] {
  try {
    return readdirSync(directory).filter((file) => file.endsWith(".yaml"));
  } catch {
    return [];
  }
}
