import { spawn } from "node:child_process";
import { openSync, closeSync } from "node:fs";
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { ClusterFailure } from "./failure.ts";
import { identify, isAlive, processIdentity, signal, type ProcessIdentity } from "./processes.ts";
import { writeJson } from "./record.ts";
import { searchPath } from "./run.ts";

/**
 * Every program a cluster may run, in the order in which they are stopped: who writes to another stops first, and etcd
 * after the API server, which would otherwise wait for it for a minute.
 */
export const componentNames = [
  "kubelet",
  "kwok",
  "kube-scheduler",
  "kube-controller-manager",
  "kube-apiserver",
  "etcd",
  "containerd",
] as const;
export type ComponentName = (typeof componentNames)[number];

export const isComponentName = (name: string): name is ComponentName => componentNames.some((known) => known === name);

/** How to start a component. */
export interface ComponentSpec {
  readonly name: ComponentName;
  readonly command: string;
  readonly args: readonly string[];
}

const componentSchema = z.object({
  name: z.enum(componentNames),
  command: z.string(),
  args: z.array(z.string()).readonly(),
  process: processIdentity,
});

/** A component that was started, running or not. */
export type Component = Readonly<z.infer<typeof componentSchema>>;

const fileOf = (directory: string, name: ComponentName): string => join(directory, "components", `${name}.json`);

export const logFileOf = (directory: string, name: ComponentName): string => join(directory, "logs", `${name}.log`);

/** How much garbage Go's programs let come together, where this shell says so. */
const garbage = (): Readonly<Record<string, string>> => {
  const { GOGC } = process.env;
  return GOGC === undefined ? {} : { GOGC };
};

/** Starts a component so that it outlives this process, and records who it is. Its output goes to its log. */
export async function startComponent(directory: string, spec: ComponentSpec): Promise<Component> {
  // Both folders exist as long as the cluster does: nothing is started in one that is being torn down.
  const output = openSync(logFileOf(directory, spec.name), "a");
  try {
    const child = spawn(spec.command, spec.args, {
      detached: true,
      stdio: ["ignore", output, output],
      cwd: directory,
      // Nothing else of this shell's but how they collect their garbage: a proxy that it names would come between them.
      env: { PATH: searchPath, HOME: directory, ...garbage() },
    });
    const pid = await new Promise<number>((resolve, reject) => {
      child.once("error", reject);
      child.once("spawn", () => resolve(child.pid ?? 0));
    });
    child.unref();
    const process: ProcessIdentity | undefined = identify(pid);
    if (!process) throw new ClusterFailure(`${spec.name} ended at once: ${await lastLines(directory, spec.name)}`);
    const component: Component = { ...spec, process };
    await writeJson(fileOf(directory, spec.name), component).catch((error: unknown) => {
      signal(process, "SIGKILL");
      throw error;
    });
    return component;
  } finally {
    closeSync(output);
  }
}

/** The component of that name, undefined when this cluster has none. */
export async function readComponent(directory: string, name: ComponentName): Promise<Component | undefined> {
  const text = await readFile(fileOf(directory, name), "utf8").catch(() => undefined);
  return text === undefined ? undefined : componentSchema.parse(JSON.parse(text));
}

/** All components of a cluster in stopping order. */
export async function readComponents(directory: string): Promise<readonly Component[]> {
  const files = new Set(await readdir(join(directory, "components")).catch(() => []));
  const present = componentNames.filter((name) => files.has(`${name}.json`));
  const components = await Promise.all(present.map((name) => readComponent(directory, name)));
  return components.filter((component) => component !== undefined);
}

/** Refuses when the component has ended, with what it said last. */
export async function mustBeAlive(directory: string, component: Component): Promise<void> {
  if (isAlive(component.process)) return;
  throw new ClusterFailure(`${component.name} ended: ${await lastLines(directory, component.name)}`);
}

async function lastLines(directory: string, name: ComponentName): Promise<string> {
  const path = logFileOf(directory, name);
  const text = await readFile(path, "utf8").catch(() => "");
  return `${text.trim().split("\n").slice(-3).join(" | ").slice(-600)} (whole log: ${path})`;
}
