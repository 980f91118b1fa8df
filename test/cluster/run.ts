import { spawn } from "node:child_process";
import { delimiter } from "node:path";

/** How a finished program ended. A program ended by a signal has code 128 + the signal's number's stand-in, 128. */
export interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd?: string;
  /** Added to this process' own environment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
}

/** Where programs are looked for: as a shell would, then where Debian keeps what only root uses. */
export const searchPath = [process.env["PATH"] ?? "", "/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/bin", "/bin"].join(
  delimiter,
);

/** Runs a program to its end and gives its output, whatever its exit code. Rejects only when it cannot be started. */
export function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      env: { ...process.env, PATH: searchPath, ...options.env },
      stdio: ["pipe", "pipe", "pipe"],
    });
    const output = { stdout: "", stderr: "" };
    child.stdout.setEncoding("utf8").on("data", (text: string) => (output.stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (output.stderr += text));
    child.once("error", reject);
    child.once("close", (code) => resolve({ code: code ?? 128, ...output }));
    // A program that ends without reading its input is judged by its exit code.
    child.stdin.on("error", () => undefined);
    child.stdin.end(options.input ?? "");
  });
}

/** Runs a program that must succeed and gives its stdout; an exit code other than 0 is an Error with its stderr. */
export async function mustRun(command: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await run(command, args, options);
  if (code !== 0) throw new Error(`'${command} ${args.join(" ")}' ended with exit code ${code}: ${stderr.trim()}`);
  return stdout;
}
