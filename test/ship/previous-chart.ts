import { cp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { chart, mustHelm } from "./helm.ts";

/** The version before every other: nothing of it was ever released. */
export const previousVersion = "0.0.9";

/** What the previous version's kind Agent had not: a column of kubectl get. */
export const addedColumn = "Action";

/**
 * Packages a chart as the version before this one may have been, and gives the archive's path: an older number, and an Agent
 * without one column. Its schema is today's, for no operator of today acts on an older one.
 */
export async function packagePreviousChart(folder: string): Promise<string> {
  const copy = join(folder, "darkfactory");
  await cp(chart, copy, { recursive: true });
  const crd = join(copy, "templates", "crds", "agents.yaml");
  const text = await readFile(crd, "utf8");
  const column = new RegExp(`^ +- name: ${addedColumn}\\n +type: .*\\n +jsonPath: .*\\n +description: .*\\n`, "m");
  if (!column.test(text)) throw new Error(`the kind Agent has no column ${addedColumn}`);
  await writeFile(crd, text.replace(column, ""));
  const version = ["--version", previousVersion, "--app-version", previousVersion];
  await mustHelm(["package", copy, "--destination", folder, ...version]);
  return join(folder, `darkfactory-${previousVersion}.tgz`);
}
