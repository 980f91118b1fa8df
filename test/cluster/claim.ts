import { readComponents } from "./components.ts";
import { ClusterFailure, type Log } from "./failure.ts";
import { withLock } from "./lock.ts";
import { addressesOf, freeSubnet } from "./network.ts";
import { clusterDirectory, clustersDirectory } from "./paths.ts";
import { freePorts, ownNamespacePorts } from "./ports.ts";
import { identify, isAlive } from "./processes.ts";
import {
  checkName,
  describeNodes,
  listNames,
  readRecord,
  writeRecord,
  type ClusterRecord,
  type Nodes,
} from "./record.ts";
import { sweep, tearDown } from "./tear-down.ts";

/** A cluster of that name runs already. */
export class NameTaken extends ClusterFailure {}

/**
 * Takes a name, and addresses that no other cluster has, for a cluster that this process owns. First sweeps what dead
 * owners left. Refuses a name that runs already; what is left of one whose processes all ended is removed.
 */
export async function claim(name: string, nodes: Nodes, programs: string, log: Log): Promise<ClusterRecord> {
  checkName(name);
  const owner = identify(process.pid);
  if (!owner) throw new Error("this process is not in /proc");
  return withLock(clustersDirectory, async () => {
    for (const swept of await sweep()) log(`removed cluster ${swept}, which nobody owned any more`);
    await removeIfEnded(name);
    const others = await Promise.all((await listNames()).map((other) => readRecord(other)));
    const place = nodes === "real" ? ownNetwork(others) : await hostNetwork(others);
    const record = { name, nodes, ...place, programs, owner, createdAt: new Date().toISOString() };
    await writeRecord(record);
    return record;
  });
}

type Place = Pick<ClusterRecord, "address" | "ports" | "subnet">;
type Others = readonly (ClusterRecord | undefined)[];

async function hostNetwork(others: Others): Promise<Place> {
  const taken = new Set(others.flatMap((other) => (other ? Object.values(other.ports) : [])));
  return { address: "127.0.0.1", ports: await freePorts(taken) };
}

function ownNetwork(others: Others): Place {
  const subnet = freeSubnet(new Set(others.map((other) => other?.subnet ?? 0)));
  return { address: addressesOf(subnet).cluster, ports: ownNamespacePorts, subnet };
}

/** Gives up the ownership of a cluster: from now on only a 'down' ends it. */
export async function release(record: ClusterRecord): Promise<void> {
  await writeRecord({ ...record, owner: undefined });
}

async function removeIfEnded(name: string): Promise<void> {
  const record = await readRecord(name);
  if (!record) return;
  const components = await readComponents(clusterDirectory(name));
  const ended = components.filter(({ process }) => !isAlive(process));
  if (!record.owner && ended.length === components.length) return tearDown(name);
  const what = `cluster ${name} (${describeNodes(record.nodes)})`;
  const by = record.owner ? `process ${record.owner.pid}` : "a detached 'up'";
  const problem = ended.length === 0 ? "" : `; ended: ${ended.map((component) => component.name).join(", ")}`;
  throw new NameTaken(`${what} was started by ${by} already${problem} ('npm run cluster -- down' ends it)`);
}
