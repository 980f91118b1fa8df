import { inTheatre } from "../chaos/theatre.ts";
import { runCommand } from "../cluster/command.ts";
import { logToStderr as log } from "../cluster/failure.ts";
import { numberFlags, randomSeed } from "../cluster/number-flags.ts";
import { textOf } from "./report.ts";
import { runHell } from "./run.ts";

const HELP = `Sends manifests to a real API server that are right, nearly right, or hostile, generated from the schemas of the
CRDs. Each must be refused with the field named, or say in its status how it stands; the operator must neither fall over
nor let a sound agent wait. Agents that are changed from one spec to another must be as those created with the second.

Usage: npm run hell -- [--seed N] [--count N] [--changes N]

  --seed N      decides all of them; default: a random one, which is printed
  --count N     how many manifests; default 10000
  --changes N   how many agents are changed; default one for 100 manifests
  --help        show this

Exit codes: 0 nothing found, 1 findings, 2 not understood.`;

/** Gives the exit code. */
async function main(args: readonly string[]): Promise<number> {
  const request = numberFlags("hell", HELP, ["seed", "count", "changes"], args);
  if ("exitCode" in request) return request.exitCode;
  const { seed = randomSeed(), count = 10_000, changes = Math.ceil(count / 100) } = request.numbers;
  log(`hell: seed ${seed}, ${count} manifests, ${changes} changes of agents`);
  const outcome = await inTheatre(3, (theatre) => runHell(theatre, { seed, count, changes, log }));
  process.stdout.write(`${textOf(outcome)}\n`);
  return outcome.findings.length === 0 ? 0 : 1;
}

await runCommand("hell", main);
