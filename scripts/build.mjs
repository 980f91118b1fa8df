// Bundles the operator and the command line to one file each in dist/, with source maps and the notices of what is in them. Neither
// TypeScript nor node_modules is needed to run them; package.json, for the version, is. Or other programs to another folder:
// --into FOLDER NAME=SOURCE …
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { build } from "esbuild";
import { noticesOf } from "./notices.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { values, positionals } = parseArgs({ options: { into: { type: "string" } }, allowPositionals: true });
const dist = values.into ?? join(root, "dist");
const shipped = ["main=src/main.ts", "cli=src/cli/main.ts"];
const entryPoints = Object.fromEntries((positionals.length > 0 ? positionals : shipped).map((each) => each.split("=")));
const { engines } = JSON.parse(await readFile(join(root, "package.json"), "utf8"));

await rm(dist, { recursive: true, force: true });
await mkdir(dist, { recursive: true });
const { metafile } = await build({
  absWorkingDir: root,
  entryPoints,
  outdir: dist,
  bundle: true,
  platform: "node",
  format: "esm",
  target: `node${engines.node.replace(/[^\d.]/g, "")}`,
  sourcemap: "linked",
  legalComments: "linked",
  metafile: true,
  // Credentials of some kubeconfigs need it (exec plugins); imported only then, from node_modules.
  external: ["@kubernetes/client-node"],
  // Packages in CommonJS ask for require, which an ES module does not have.
  banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
});
await writeFile(join(dist, "NOTICES.txt"), await noticesOf(root, Object.keys(metafile.inputs)));
for (const [file, { bytes }] of Object.entries(metafile.outputs)) {
  if (!file.endsWith(".js")) continue;
  // What is left beyond ASCII stands in comments, and would make V8 keep all of the text at two bytes a character.
  const text = await readFile(join(root, file), "utf8");
  await writeFile(join(root, file), text.replaceAll(/[^\0-\x7f]/g, "?"));
  process.stdout.write(`${file}  ${Math.round(bytes / 1024)} KiB\n`);
}
