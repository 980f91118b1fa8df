import { darkfactory } from "../src/cli/commands.ts";
import { runCommandLine } from "../src/cli/run.ts";

/** Files by name; a list of chunks comes in those pieces. "-" is standard input. */
export type Files = Readonly<Record<string, string | Uint8Array | readonly Uint8Array[]>>;

/** Runs a darkfactory command line within this process, on files of its own. */
export async function runCli(args: readonly string[], files: Files = {}) {
  const out = { stdout: "", stderr: "" };
  const code = await runCommandLine(darkfactory, args, {
    stdout: (text) => void (out.stdout += text),
    stderr: (text) => void (out.stderr += text),
    read: (name) => chunksOf(files[name]),
    now: () => Date.parse("2026-03-27T12:00:00Z"),
  });
  return { code, ...out };
}

async function* chunksOf(file: Files[string] | undefined): AsyncGenerator<Uint8Array> {
  if (file === undefined) throw Object.assign(new Error("no such file"), { code: "ENOENT" });
  if (typeof file === "string") yield new TextEncoder().encode(file);
  else if (file instanceof Uint8Array) yield file;
  else yield* file;
}
