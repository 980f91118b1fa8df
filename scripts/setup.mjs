// Makes a fresh clone runnable; plain JavaScript that Node 20 understands, because it installs the Node 24 that runs the rest.
import { spawnSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { values } = parseArgs({ options: { for: { type: "string" }, quiet: { type: "boolean" } } });

/** Says what goes on, on stderr: stdout belongs to the command that this prepares. */
const say = (text) => process.stderr.write(`setup: ${text}\n`);

function run(command, args, options = {}) {
  const result = spawnSync(command, args, { cwd: root, stdio: ["ignore", 2, 2], ...options });
  if (result.error) throw result.error;
  if (result.status !== 0) {
    say(`'${command} ${args.join(" ")}' ended with exit code ${result.status}`);
    process.exit(result.status ?? 1);
  }
}

function isOlder(file, than) {
  return !existsSync(file) || statSync(file).mtimeMs < statSync(than).mtimeMs;
}

const installed = join(root, "node_modules", ".package-lock.json");
if (isOlder(installed, join(root, "package-lock.json"))) {
  say("installing npm packages (npm ci, about a minute the first time)");
  // Engine warnings are about the Node that runs npm; everything after this runs on the one that npm installs.
  run("npm", ["ci", "--loglevel=error"]);
}

if (values.for) {
  // The rest is TypeScript, run by the Node that was just installed.
  run(join(root, "node_modules", ".bin", "node"), [
    join(root, "test", "cluster", "main.ts"),
    "prepare",
    "--for",
    values.for,
  ]);
}
