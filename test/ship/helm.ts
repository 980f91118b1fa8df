import { join } from "node:path";
import type { Log } from "../cluster/failure.ts";
import { run, type Finished } from "../cluster/run.ts";
import { buildGoTools, cache } from "./go-tools.ts";

/** The chart of this checkout. */
export const chart = join(import.meta.dirname, "..", "..", "charts", "darkfactory");

/** The path of helm, built once. */
export async function buildHelm(log: Log): Promise<string> {
  return join(await buildGoTools({ name: "helm", module: join(import.meta.dirname, "tools") }, log), "helm");
}

/** Runs helm with folders of its own, so that nothing of the user's helm matters; the kubeconfig only where it is given. */
export async function helm(args: readonly string[], kubeconfig = "/dev/null"): Promise<Finished> {
  const program = await buildHelm(() => undefined);
  const home = join(cache, "home");
  const env = {
    KUBECONFIG: kubeconfig,
    HELM_CACHE_HOME: join(home, "cache"),
    HELM_CONFIG_HOME: join(home, "config"),
    HELM_DATA_HOME: join(home, "data"),
  };
  return await run(program, args, { env });
}

/** Runs helm, which must succeed, and gives its stdout. */
export async function mustHelm(args: readonly string[], kubeconfig?: string): Promise<string> {
  const { code, stdout, stderr } = await helm(args, kubeconfig);
  if (code !== 0) throw new Error(`'helm ${args.join(" ")}' ended with exit code ${code}: ${stderr.trim()}`);
  return stdout;
}
