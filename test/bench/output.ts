import { appendFile } from "node:fs/promises";
import { join } from "node:path";
import type { Cluster } from "../cluster/cluster.ts";

/** So many lines an agent prints at a time. */
export const LINES = 100;

/** Lets every simulated Pod print from `since` on, none of it ill: those without a log of their own serve the same file. */
export async function letAllPrint(cluster: Cluster, since = Date.now()): Promise<void> {
  const lines = Array.from(
    { length: LINES },
    (_, n) =>
      `${new Date(since + n).toISOString().replace("Z", "000000Z")} stdout F scanned dependency ${n}, nothing to report\n`,
  );
  await appendFile(join(cluster.directory, "pod-logs", "default.log"), lines.join(""));
}
