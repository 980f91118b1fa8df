import { readComponents, type ComponentName } from "./components.ts";
import { clusterDirectory } from "./paths.ts";
import { isAlive } from "./processes.ts";
import { describeNodes, listNames, readRecord, serverOf } from "./record.ts";

/** The components of a cluster that were started and do not run. */
export async function endedComponents(name: string): Promise<readonly ComponentName[]> {
  const components = await readComponents(clusterDirectory(name));
  return components.filter(({ process }) => !isAlive(process)).map((component) => component.name);
}

/** A table of all clusters, one line each, under a line of headings. */
export async function describeClusters(): Promise<string> {
  const rows = await Promise.all([...(await listNames())].sort().map(describe));
  const table = [["NAME", "NODES", "SERVER", "OWNER", "COMPONENTS"], ...rows];
  const widths = table[0]?.map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0))) ?? [];
  return table
    .map(
      (row) =>
        `${row
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join("   ")
          .trimEnd()}\n`,
    )
    .join("");
}

async function describe(name: string): Promise<readonly string[]> {
  const record = await readRecord(name);
  if (!record) return [name, "?", "?", "?", "only remains ('down' removes them)"];
  const components = await readComponents(clusterDirectory(name));
  const ended = await endedComponents(name);
  const owner = record.owner ? `${record.owner.pid}${isAlive(record.owner) ? "" : " (died)"}` : "detached";
  const running = components.length - ended.length;
  const health = ended.length === 0 ? `${running} running` : `${running} running; ended: ${ended.join(", ")}`;
  return [name, describeNodes(record.nodes), serverOf(record), owner, health];
}
