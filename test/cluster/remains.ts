import { existsSync, readFileSync, readdirSync, readlinkSync, statSync } from "node:fs";
import { mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { processesInCgroup, removeCgroup } from "./cgroups.ts";
import { namespaceFile, removeNetwork } from "./network.ts";
import { ClusterFailure } from "./failure.ts";
import { clusterDirectory, runDirectoryOf } from "./paths.ts";
import { identify, kill } from "./processes.ts";
import { networkOf } from "./real-node.ts";
import { run } from "./run.ts";

/**
 * What a real node puts on the machine goes by the cluster's name; this file says to which folder of state it belongs,
 * for a cluster of the same name may have another (another XDG_STATE_HOME). It comes first and goes last.
 */
const markerOf = (cluster: string): string => join(runDirectoryOf(cluster), "state");

/** Marks all that is called after this cluster as ours; removes what a vanished cluster left of it before. */
export async function takeRunDirectory(cluster: string): Promise<void> {
  if (await removeRealNode(cluster, undefined)) await mkdir(runDirectoryOf(cluster), { mode: 0o711 });
  else throw new ClusterFailure(`a real node called ${cluster} belongs to ${await readMarker(cluster)}`);
  await writeFile(markerOf(cluster), clusterDirectory(cluster));
}

/** The clusters whose folder of state was deleted while they had a real node. */
export async function abandonedRealNodes(): Promise<readonly string[]> {
  const prefix = "darkfactory-";
  const folders = (await readdir("/run").catch(() => [])).filter((name) => name.startsWith(prefix));
  const clusters = folders.map((name) => name.slice(prefix.length));
  const states = await Promise.all(clusters.map(readMarker));
  return clusters.filter((_, index) => !existsSync(states[index] ?? "/"));
}

async function readMarker(cluster: string): Promise<string | undefined> {
  return readFile(markerOf(cluster), "utf8").catch(() => undefined);
}

/**
 * Removes what a real node leaves on the machine after its kubelet and containerd were killed: containers and their
 * shims, mounts, cgroups, the network, traces in shared folders. Goes by the cluster's name alone, so it also works on
 * half of a node. Does nothing, and says so with false, when all of it belongs to a cluster with another folder.
 */
export async function removeRealNode(cluster: string, subnet: number | undefined): Promise<boolean> {
  const state = await readMarker(cluster);
  const isOurs = state === undefined || state === clusterDirectory(cluster) || !existsSync(state);
  if (!isOurs) return false;
  await killProcesses(cluster);
  await unmountAll(cluster);
  await removeCgroup(cluster);
  await removeNetwork(cluster, subnet);
  await removeTraces(cluster);
  await rm(runDirectoryOf(cluster), { recursive: true, force: true });
  return true;
}

/** Containers are in the cluster's cgroup; shims, and all that shares the host's network, in its network namespace. */
async function killProcesses(cluster: string): Promise<void> {
  for (;;) {
    const pids = [...(await processesInCgroup(cluster)), ...processesInNamespace(namespaceFile(cluster))];
    const alive = pids.map(identify).filter((identity) => identity !== undefined);
    if (alive.length === 0) return;
    await kill(alive);
  }
}

/** The ids of all processes in the network namespace that is pinned at this file; none when there is none. */
export function processesInNamespace(file: string): readonly number[] {
  if (!existsSync(file)) return [];
  const namespace = `net:[${statSync(file).ino}]`;
  return readdirSync("/proc")
    .map(Number)
    .filter((pid) => pid > 0 && readLink(`/proc/${pid}/ns/net`) === namespace);
}

function readLink(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

/** Everything mounted below the cluster's folders, in order of mounting. */
export function mountsOf(cluster: string): readonly string[] {
  const folders = [`${clusterDirectory(cluster)}/`, `${runDirectoryOf(cluster)}/`];
  return readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .map((line) => decodeMountPoint(line.split(" ")[4] ?? ""))
    .filter((path) => folders.some((folder) => path.startsWith(folder)));
}

/** The kernel writes blanks and backslashes in octal (proc(5)). */
const decodeMountPoint = (text: string): string =>
  text.replaceAll(/\\(\d{3})/g, (_, octal: string) => String.fromCodePoint(Number.parseInt(octal, 8)));

async function unmountAll(cluster: string): Promise<void> {
  const mounts = mountsOf(cluster).toReversed();
  if (mounts.length > 0) await run("umount", mounts);
  // Lazily what is still busy.
  const busy = mountsOf(cluster).toReversed();
  if (busy.length > 0) await run("umount", ["--lazy", ...busy]);
  const left = mountsOf(cluster);
  // Deleting the folder now would reach through a mount into what it shows, such as a hostPath volume.
  if (left.length > 0) throw new Error(`cannot unmount ${left.join(", ")}`);
}

/** What kubelet and libcni keep at fixed places for all clusters. */
async function removeTraces(cluster: string): Promise<void> {
  const logs = "/var/log/containers";
  for (const name of await readdir(logs).catch(() => [])) {
    const path = join(logs, name);
    if (readLink(path)?.startsWith(`${clusterDirectory(cluster)}/`)) await rm(path, { force: true });
  }
  const results = "/var/lib/cni/results";
  const files = await readdir(results).catch(() => []);
  // <network>-<sandbox>-<device>: every sandbox has one of the cluster's own network and one of a loopback network
  // that is called the same everywhere. Another cluster's name may begin like this one's.
  const own = new RegExp(`^${networkOf(cluster)}-([0-9a-f]{64})-`);
  const sandboxes = files.map((file) => own.exec(file)?.[1]).filter((sandbox) => sandbox !== undefined);
  for (const file of files) {
    if (sandboxes.some((sandbox) => file.includes(sandbox))) await rm(join(results, file), { force: true });
  }
}
