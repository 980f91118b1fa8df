import { ClusterFailure, logToStderr as log } from "./failure.ts";

/** Runs a command that starts clusters of its own: they end with this process, and a problem of theirs is one line and exit code 1. */
export async function runCommand(name: string, main: (args: readonly string[]) => Promise<number>): Promise<void> {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => process.exit(130));
  try {
    process.exitCode = await main(process.argv.slice(2));
  } catch (error) {
    if (!(error instanceof ClusterFailure)) throw error;
    log(`${name}: ${error.message}`);
    process.exitCode = 1;
  }
}
