import { inTheatre } from "../chaos/theatre.ts";
import { runCommand } from "../cluster/command.ts";
import { logToStderr as log } from "../cluster/failure.ts";
import { numberFlags, randomSeed } from "../cluster/number-flags.ts";
import { textOf } from "./report.ts";
import { soak } from "./soak.ts";

const HELP = `Lets the operator live for a while on a real Kubernetes with simulated nodes: agents of all layers, schedules every
minute, people who change and delete, and requests that go wrong; and shows how its memory, queues and sockets fare.

Usage: npm run soak -- [--minutes N] [--agents N] [--seed N]

  --minutes N  how long; default 30
  --agents N   how many; default 2000
  --seed N     decides faults and changes; default: a random one, which is printed
  --help       show this

Exit codes: 0 every fleet was ready in the end, 1 not, or the operator ended early, 2 not understood. Figures fail nothing.`;

const PODS_OF_A_NODE = 110;

/** Gives the exit code. */
async function main(args: readonly string[]): Promise<number> {
  const request = numberFlags("soak", HELP, ["minutes", "agents", "seed"], args);
  if ("exitCode" in request) return request.exitCode;
  const { minutes = 30, agents = 2000, seed = randomSeed() } = request.numbers;
  log(`soak: seed ${seed}, ${agents} agents, ${minutes} minutes`);
  const nodes = Math.ceil(agents / PODS_OF_A_NODE) + 1;
  const soaked = await inTheatre(nodes, (theatre) => soak(theatre, { seed, minutes, agents, log }));
  process.stdout.write(`${textOf(soaked)}\n`);
  return soaked.end === "recovered" ? 0 : 1;
}

await runCommand("soak", main);
