import { runCommand } from "../cluster/command.ts";
import { logToStderr as log } from "../cluster/failure.ts";
import { numberFlags, randomSeed } from "../cluster/number-flags.ts";
import { textOf } from "./report.ts";
import { runChaos } from "./run.ts";

const HELP = `Spoils what passes between the operator and a real API server, kills the operator again and again, and checks
that nothing is lost and nothing doubled: by an independent watch, the API server's audit log, and a run without faults.

Usage: npm run chaos -- [--seed N] [--faults N] [--kills N] [--replicas N]

  --seed N     which faults meet which requests; default: a random one, which is printed
  --faults N   how many; the scenario goes on until all have happened; default 1000
  --kills N    how many kills of the operator among them; default one in 25
  --replicas N replicas of the operator; with more than one the leader is frozen in each round until another leads
  --help       show this

Exit codes: 0 no violation, 1 violations, 2 not understood.`;

/** Plays the scenario and gives the exit code. */
async function main(args: readonly string[]): Promise<number> {
  const request = numberFlags("chaos", HELP, ["seed", "faults", "kills", "replicas"], args);
  if ("exitCode" in request) return request.exitCode;
  const { seed = randomSeed(), faults = 1000, kills = Math.ceil(faults / 25), replicas = 1 } = request.numbers;
  if (replicas === 0) {
    log("chaos: --replicas is a whole number from 1 on (--help shows all flags)");
    return 2;
  }
  log(`chaos: seed ${seed}, ${faults} faults, ${kills} of them kills of the operator`);
  const outcome = await runChaos({
    seed,
    faults,
    kills,
    replicas,
    size: { safety: 8, growth: 4, minutely: 2 },
    allowLong: true,
    // What an event that was refused waits for its next try, and a little more.
    settleMs: 15_000,
    quietMs: 60_000,
    log,
  });
  process.stdout.write(`${textOf(outcome)}\n`);
  return outcome.violations.length === 0 ? 0 : 1;
}

await runCommand("chaos", main);
