import { parseArgs } from "node:util";
import { runCommand } from "../cluster/command.ts";
import { logToStderr as log } from "../cluster/failure.ts";
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
  const request = parse(args);
  if ("wrong" in request) {
    log(`chaos: ${request.wrong}`);
    return 2;
  }
  if (request.help) {
    process.stdout.write(`${HELP}\n`);
    return 0;
  }
  const { seed, faults, kills, replicas } = request;
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

interface Request {
  readonly help: boolean;
  readonly seed: number;
  readonly faults: number;
  readonly kills: number;
  readonly replicas: number;
}

function parse(args: readonly string[]): Request | { readonly wrong: string } {
  try {
    const text = { type: "string" } as const;
    const options = { seed: text, faults: text, kills: text, replicas: text, help: { type: "boolean" } } as const;
    const { values } = parseArgs({ args: [...args], options });
    const faults = Number(values.faults ?? 1000);
    const seed = Number(values.seed ?? Math.floor(Math.random() * 1_000_000));
    const kills = Number(values.kills ?? Math.ceil(faults / 25));
    const replicas = Number(values.replicas ?? 1);
    const whole = (value: number): boolean => Number.isInteger(value) && value >= 0;
    if (![seed, faults, kills, replicas].every(whole) || replicas === 0) {
      return { wrong: "--seed, --faults, --kills and --replicas are whole numbers, the last from 1 on" };
    }
    return { help: values.help ?? false, seed, faults, kills, replicas };
  } catch (error) {
    const [line] = (error instanceof Error ? error.message : String(error)).split("\n");
    return { wrong: `${line} (--help shows all flags)` };
  }
}

await runCommand("chaos", main);
