import { copyFile, mkdir, mkdtemp, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { mustRun } from "./cluster/run.ts";
import { BUNDLES } from "./operator-process.ts";

const root = join(import.meta.dirname, "..");
const cache = join(root, "node_modules", ".cache", "darkfactory");

/**
 * Bundles the operator, and the one that kills itself, as `npm run build` bundles what is shipped; the tests of this run start
 * these (programOf), from which on the sources may change.
 */
export async function bundleOperators(): Promise<void> {
  const bundles = join(cache, "bundles");
  await mkdir(bundles, { recursive: true });
  const fresh = await mkdtemp(join(cache, "fresh-"));
  const entries = ["main=src/main.ts", "crash=test/crash/main.ts"];
  await mustRun(process.execPath, [join(root, "scripts", "build.mjs"), "--into", fresh, ...entries]);
  // Whole at each moment: another run of the tests may start them.
  for (const file of await readdir(fresh)) await rename(join(fresh, file), join(bundles, file));
  await rm(fresh, { recursive: true });
  // The operator reads its version from there.
  await copyFile(join(root, "package.json"), join(cache, "package.json"));
  process.env[BUNDLES] = bundles;
}
