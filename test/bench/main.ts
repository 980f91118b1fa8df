import { parseArgs } from "node:util";
import { runCommand } from "../cluster/command.ts";
import { logToStderr as log } from "../cluster/failure.ts";
import type { Bench } from "./bench.ts";
import { classify } from "./classify.ts";
import { catchUp } from "./catch-up.ts";
import { writeToDocs } from "./docs.ts";
import { ground } from "./ground.ts";
import { describeMachine } from "./machine.ts";
import { memory } from "./memory.ts";
import { nightwatch } from "./nightwatch.ts";
import { buildOperator } from "./operator.ts";
import { textOf } from "./report.ts";
import { runs } from "./runs.ts";
import { scale } from "./scale.ts";
import { schedules } from "./schedules.ts";

const benches: readonly Bench[] = [ground, runs, schedules, catchUp, memory, classify, nightwatch, scale];

const HELP = `Measures the operator on a real Kubernetes with simulated nodes, beside what any program could do there at best.
Prints figures and whether goals were reached; fails by none of them.

Usage: npm run bench -- all | NAME… [--runs N] [--write | --no-write]

${benches.map(({ name, title }) => `  ${name.padEnd(12)} ${title}`).join("\n")}

  --runs N     measure N times and show min, median and max; default 1, with all 5
  --write      put the outcome into docs/benchmarks.md; with all that is done unless --no-write is given
  --help       show this

BENCH_AGENTS=300 BENCH_REST_SECONDS=5 BENCH_SCALE=20,60 BENCH_INTERVAL=10 make it shorter and its figures worth less: for
a first look. At its defaults a run of scale takes about half an hour.`;

/** Gives the exit code: 0 measured, 1 could not, 2 not understood. */
async function main(args: readonly string[]): Promise<number> {
  const request = parse(args);
  if ("wrong" in request) {
    log(`bench: ${request.wrong}`);
    return 2;
  }
  if (request.chosen.length === 0) {
    process.stdout.write(`${HELP}\n`);
    return 0;
  }
  log(`bench: ${describeMachine()}`);
  buildOperator();
  log("bench: what else runs on this machine shows in every figure; ratios are of runs that took turns");
  for (const bench of request.chosen) {
    log(`bench: ${bench.name} begins`);
    const samples = await bench.run(request.runs, log);
    const report = { ...bench, samples };
    process.stdout.write(`\n${textOf(report)}\n`);
    if (request.write) await writeToDocs(report);
  }
  return 0;
}

function parse(
  args: readonly string[],
): { readonly chosen: readonly Bench[]; readonly runs: number; readonly write: boolean } | { readonly wrong: string } {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      allowNegative: true,
      options: { runs: { type: "string" }, write: { type: "boolean" }, help: { type: "boolean" } },
    });
    if (values.help) return { chosen: [], runs: 0, write: false };
    const all = positionals.includes("all");
    const unknown = positionals.find((name) => name !== "all" && !benches.some((bench) => bench.name === name));
    if (unknown !== undefined) return { wrong: `no bench is called '${unknown}' (--help lists them)` };
    const runs = Number(values.runs ?? (all ? 5 : 1));
    if (!Number.isInteger(runs) || runs < 1) return { wrong: "--runs must be a whole number from 1 on" };
    return {
      chosen: benches.filter(({ name }) => all || positionals.includes(name)),
      runs,
      write: values.write ?? all,
    };
  } catch (error) {
    const [line] = (error instanceof Error ? error.message : String(error)).split("\n");
    return { wrong: `${line} (--help shows all flags)` };
  }
}

await runCommand("bench", main);
