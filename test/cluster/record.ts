import { mkdir, readFile, readdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { ClusterFailure } from "./failure.ts";
import { clusterDirectory, clustersDirectory } from "./paths.ts";
import { processIdentity } from "./processes.ts";

/** The nodes of a cluster: none, one real kubelet with containerd, or a number of simulated ones. */
export const nodesSchema = z.union([
  z.literal("none"),
  z.literal("real"),
  z.object({ simulated: z.number().int().min(1).max(5000) }).readonly(),
]);
export type Nodes = z.infer<typeof nodesSchema>;

/** Nodes as the command line takes them. */
export const describeNodes = (nodes: Nodes): string =>
  typeof nodes === "string" ? nodes : `simulated:${nodes.simulated}`;

const recordSchema = z.object({
  name: z.string(),
  nodes: nodesSchema,
  /** Where all components serve: 127.0.0.1, or the address of the cluster's own network namespace. */
  address: z.string(),
  ports: z.object({
    etcd: z.number(),
    etcdPeer: z.number(),
    apiserver: z.number(),
    controllerManager: z.number(),
    scheduler: z.number(),
    kubelet: z.number(),
  }),
  /** With a real node: which of the 10.99.N.0/30 networks joins the host and the namespace. */
  subnet: z.number().int().optional(),
  programs: z.string(),
  /** Whose death ends the cluster; absent once a detached cluster is up. */
  owner: z.union([processIdentity, z.undefined()]).optional(),
  createdAt: z.string(),
});

/** What a cluster is, as its folder's cluster.json tells every process. */
export type ClusterRecord = Readonly<z.infer<typeof recordSchema>>;

/** Refuses names that would not fit into a network namespace, a host name or a socket's path. */
export function checkName(name: string): string {
  if (/^[a-z0-9]([-a-z0-9]{0,30}[a-z0-9])?$/.test(name)) return name;
  throw new ClusterFailure(
    `'${name}' is no cluster name: at most 32 lower-case letters, digits and dashes, neither first nor last a dash`,
  );
}

export const serverOf = ({ address, ports }: ClusterRecord): string => `https://${address}:${ports.apiserver}`;

export const directoryOf = ({ name }: ClusterRecord): string => clusterDirectory(name);

export async function writeRecord(record: ClusterRecord): Promise<void> {
  await mkdir(directoryOf(record), { recursive: true, mode: 0o700 });
  await writeJson(join(directoryOf(record), "cluster.json"), record);
}

/** The cluster of that name; undefined when there is none, or only the remains of one that has no readable record. */
export async function readRecord(name: string): Promise<ClusterRecord | undefined> {
  const text = await readFile(join(clusterDirectory(name), "cluster.json"), "utf8").catch(() => undefined);
  return text === undefined ? undefined : recordSchema.safeParse(JSON.parse(text)).data;
}

/** The names of all clusters that have a folder, whatever their state. */
export async function listNames(): Promise<readonly string[]> {
  const entries = await readdir(clustersDirectory, { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
}

/** Writes a file so that a reader, or a crash, meets the old or the new content, never a part. */
export async function writeJson(path: string, value: unknown): Promise<void> {
  const partial = `${path}.${process.pid}.partial`;
  await writeFile(partial, `${JSON.stringify(value, undefined, 2)}\n`);
  await rename(partial, path);
}
