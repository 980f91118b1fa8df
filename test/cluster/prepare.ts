import type { Purpose } from "./arguments.ts";
import { ClusterFailure, type Log } from "./failure.ts";
import { buildImages } from "./node-images.ts";
import { buildFlux } from "../ship/flux.ts";
import { buildHelm } from "../ship/helm.ts";
import { installPackages, installPackagesForTests } from "./packages.ts";
import { buildPrograms, findProgram } from "./programs.ts";
import type { Nodes } from "./record.ts";

/** What a cluster is started from. */
export interface Prepared {
  /** Folder of the programs. */
  readonly programs: string;
  /** Image archives for a real node; none for others. */
  readonly images: readonly string[];
}

/** Makes all that a cluster with such nodes needs; instant when all is there. Refuses what this user cannot run. */
export async function prepare(nodes: Nodes, log: Log, aborted?: AbortSignal): Promise<Prepared> {
  if (process.platform !== "linux") throw new ClusterFailure("the test cluster runs on Linux only");
  if (nodes === "real" && !isRoot()) {
    throw new ClusterFailure("--nodes real needs root; 'npm run cluster -- up --nodes simulated:3' works without");
  }
  await installPackages(nodes === "real" ? "real" : "other", log);
  const programs = await buildPrograms(log, aborted);
  return { programs, images: nodes === "real" ? await buildImages(programs, log) : [] };
}

/** Makes what the demo or the tests need, so that neither is slow at its first step. */
export async function prepareFor(purpose: Purpose | undefined, log: Log, aborted?: AbortSignal): Promise<void> {
  // Tests use a cluster that was named on purpose as it is.
  const forTests = purpose === "test" || purpose === "ship";
  const isGiven = forTests && process.env["KUBECONFIG"] && findProgram("kubectl");
  if (!isGiven) await prepare(isRoot() ? "real" : "none", log, aborted);
  if (!forTests) return;
  await installPackagesForTests(log);
  await buildHelm(log);
  if (purpose === "ship") await buildFlux(log);
}

const isRoot = (): boolean => process.getuid?.() === 0;
