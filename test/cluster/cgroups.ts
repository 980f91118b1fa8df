import { mkdir, mkdtemp, readFile, readdir, rmdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** The cgroup, below every hierarchy's root, that holds all Pods of a cluster. */
export const cgroupOf = (cluster: string): string => `/darkfactory-${cluster}`;

interface Hierarchy {
  readonly path: string;
  readonly version: 1 | 2;
  readonly controllers: readonly string[];
}

/** The mounted cgroup hierarchies: one per controller with cgroup v1, a single one with v2. */
async function hierarchies(): Promise<readonly Hierarchy[]> {
  const mounts = (await readFile("/proc/self/mountinfo", "utf8")).trim().split("\n");
  const found = mounts.map(async (line): Promise<readonly Hierarchy[]> => {
    const path = line.split(" ")[4] ?? "";
    const [type, , options = ""] = (line.split(" - ")[1] ?? "").split(" ");
    if (type === "cgroup2") return [{ path, version: 2, controllers: await controllersOf(path) }];
    return type === "cgroup" ? [{ path, version: 1, controllers: options.split(",") }] : [];
  });
  return (await Promise.all(found)).flat();
}

/** Those that a cgroup of v2 can hand down. */
async function controllersOf(cgroup: string): Promise<readonly string[]> {
  const text = await readFile(join(cgroup, "cgroup.controllers"), "utf8");
  return text.split(/\s+/).filter((name) => name !== "");
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

/**
 * Makes a cgroup below the cluster's whose processes may hold so many bytes of memory, and gives its folder; undefined
 * where that is not possible, as without root. It goes with the cluster.
 */
export async function createMemoryCgroup(cluster: string, bytes: number): Promise<string | undefined> {
  const hierarchy = (await hierarchies()).find(({ controllers }) => controllers.includes("memory"));
  if (hierarchy === undefined || process.getuid?.() !== 0) return undefined;
  const { path, version } = hierarchy;
  const parent = join(path, cgroupOf(cluster));
  await mkdir(parent, { recursive: true });
  if (version === 2) await delegateControllers(path, parent);
  const cgroup = await mkdtemp(join(parent, "memory-"));
  await writeFile(join(cgroup, version === 2 ? "memory.max" : "memory.limit_in_bytes"), String(bytes));
  return cgroup;
}

/** Words before a command line that let it begin in a cgroup, under its own process id; none without a cgroup. */
export const startIn = (cgroup: string | undefined): readonly string[] =>
  cgroup === undefined ? [] : ["sh", "-c", 'echo $$ > "$0" && exec "$@"', join(cgroup, "cgroup.procs")];

/** In v2 a cgroup has only the controllers that its parent hands down. */
async function delegateControllers(parent: string, cgroup: string): Promise<void> {
  for (const path of [parent, cgroup]) {
    for (const controller of await controllersOf(path)) {
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
