import { mkdir, readFile, readdir, rmdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** The cgroup, below every hierarchy's root, that holds all Pods of a cluster. */
export const cgroupOf = (cluster: string): string => `/darkfactory-${cluster}`;

interface Hierarchy {
  readonly path: string;
  readonly version: 1 | 2;
}

/** The mounted cgroup hierarchies: one per controller with cgroup v1, a single one with v2. */
async function hierarchies(): Promise<readonly Hierarchy[]> {
  const mounts = (await readFile("/proc/self/mountinfo", "utf8")).trim().split("\n");
  return mounts.flatMap((line) => {
    const path = line.split(" ")[4] ?? "";
    const type = /^cgroup(2?) /.exec(line.split(" - ")[1] ?? "");
    return type ? [{ path, version: type[1] === "2" ? (2 as const) : (1 as const) }] : [];
  });
}

/** Makes the cgroup in every hierarchy: the kubelet wants it there before. */
export async function createCgroup(cluster: string): Promise<void> {
  for (const { path, version } of await hierarchies()) {
    const cgroup = join(path, cgroupOf(cluster));
    await mkdir(cgroup, { recursive: true });
    if (version === 2) await delegateControllers(path, cgroup);
    else await inheritCpuset(path, cgroup);
  }
}

/** In v2 a cgroup has only the controllers that its parent hands down. */
async function delegateControllers(parent: string, cgroup: string): Promise<void> {
  for (const path of [parent, cgroup]) {
    const controllers = (await readFile(join(path, "cgroup.controllers"), "utf8")).trim().split(" ");
    for (const controller of controllers.filter((name) => name !== "")) {
      // The kernel may keep one to itself, e.g. while it is bound to a v1 hierarchy.
      await writeFile(join(path, "cgroup.subtree_control"), `+${controller}`).catch(() => undefined);
    }
  }
}

/** In v1 a new cpuset is empty and takes no process. */
async function inheritCpuset(parent: string, cgroup: string): Promise<void> {
  for (const file of ["cpuset.cpus", "cpuset.mems"]) {
    const inherited = await readFile(join(parent, file), "utf8").catch(() => undefined);
    if (inherited !== undefined) await writeFile(join(cgroup, file), inherited);
  }
}

/** The process ids in the cluster's cgroup and all below it. */
export async function processesInCgroup(cluster: string): Promise<readonly number[]> {
  const pids = new Set<number>();
  for (const cgroup of await findCgroups(cluster)) {
    const text = await readFile(join(cgroup, "cgroup.procs"), "utf8").catch(() => "");
    for (const line of text.split("\n")) if (line !== "") pids.add(Number(line));
  }
  return [...pids];
}

/** Removes the cluster's cgroup and all below it. The kernel may need a moment after the last process' end. */
export async function removeCgroup(cluster: string): Promise<void> {
  const deadline = Date.now() + 10_000;
  for (;;) {
    const left = await findCgroups(cluster);
    if (left.length === 0) return;
    let problem: unknown;
    // Deepest first.
    for (const cgroup of [...left].reverse()) await rmdir(cgroup).catch((error: unknown) => (problem = error));
    if (problem !== undefined && Date.now() > deadline) throw problem;
    if (problem !== undefined) await sleep(50);
  }
}

/** The cluster's cgroups of all hierarchies, parents before children. */
async function findCgroups(cluster: string): Promise<readonly string[]> {
  const roots = (await hierarchies()).map(({ path }) => join(path, cgroupOf(cluster)));
  return (await Promise.all(roots.map(withDescendants))).flat();
}

async function withDescendants(directory: string): Promise<readonly string[]> {
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => undefined);
  if (!entries) return [];
  const children = entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(directory, name));
  return [directory, ...(await Promise.all(children.map(withDescendants))).flat()];
}
