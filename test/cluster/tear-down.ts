import { rm } from "node:fs/promises";
import { readComponents } from "./components.ts";
import { withLock } from "./lock.ts";
import { clusterDirectory } from "./paths.ts";
import { isAlive, kill } from "./processes.ts";
import { listNames, readRecord } from "./record.ts";
import { abandonedRealNodes, removeRealNode } from "./remains.ts";

/** Ends a cluster and removes all that it left on the machine; does what is left to do when it was begun before. */
export async function tearDown(name: string): Promise<void> {
  const directory = clusterDirectory(name);
  await withLock(`tear down ${directory}`, async () => {
    const subnet = (await readRecord(name))?.subnet;
    for (const component of await readComponents(directory)) await kill([component.process]);
    if (process.getuid?.() === 0) await removeRealNode(name, subnet);
    await rm(directory, { recursive: true, force: true, maxRetries: 5 });
  });
}

/** Tears down every cluster whose owner died without doing so, or whose folder was deleted, and gives their names. */
export async function sweep(): Promise<readonly string[]> {
  const swept: string[] = [];
  for (const name of await listNames()) {
    const record = await readRecord(name);
    if (record && (!record.owner || isAlive(record.owner))) continue;
    await tearDown(name);
    swept.push(name);
  }
  if (process.getuid?.() !== 0) return swept;
  for (const name of await abandonedRealNodes()) {
    await removeRealNode(name, undefined);
    swept.push(name);
  }
  return swept;
}
