import { nightwatchDefaults } from "../api/v1alpha1/nightwatch.ts";
import type { Counters } from "../nightwatch/counters.ts";
import { evaluate, type Evaluation, type ScoreSettings } from "../nightwatch/evaluation.ts";
import { explainDrift as inWords } from "../nightwatch/explain.ts";
import { ratesOf } from "../nightwatch/score.ts";
import { quote } from "../schedule/quote.ts";
import { type Command, readFlags, UsageError } from "./command.ts";
import { type Output, readOutput, readWhole } from "./flags.ts";
import { showTable } from "./show-table.ts";

/** Flags of the six counts, each part after its whole. */
const COUNTS = {
  lines: "lines",
  "error-lines": "errorLines",
  commands: "commands",
  "failed-commands": "failedCommands",
  "health-checks": "healthChecks",
  "healthy-checks": "healthyChecks",
} as const satisfies Record<string, keyof Counters>;

const FLAGS = {
  lines: { type: "string" },
  "error-lines": { type: "string" },
  commands: { type: "string" },
  "failed-commands": { type: "string" },
  "health-checks": { type: "string" },
  "healthy-checks": { type: "string" },
  "min-samples": { type: "string" },
  output: { type: "string", short: "o" },
} as const;

/** spec.nightwatch.minSamples is an int32. */
const MOST_SAMPLES = 2_147_483_647;

/** `darkfactory explain drift`: what Nightwatch makes of counts, with the default weights and thresholds (D2–D6). */
export const explainDrift: Command = {
  name: "drift",
  summary: "Score counts of lines, commands and health checks.",
  help: `Score counts of lines, commands and health checks, with the default weights and thresholds.

Usage: darkfactory explain drift [flags]

Flags, each a count that is 0 unless given:
  --lines <n>            lines of output
  --error-lines <n>      of these, lines that report an error
  --commands <n>         commands that the agent ran
  --failed-commands <n>  of these, commands that failed
  --health-checks <n>    health checks of the Pod
  --healthy-checks <n>   of these, checks that found it healthy

  --min-samples <n>      lines, commands and checks from which a level is given (default ${nightwatchDefaults.minSamples})
  -o, --output <format>  text or json (default text)
  -h, --help             print this

Exit code 0: printed. 2: one line on stderr says what is wrong.`,
  run: (args, io) => {
    const { counts, settings, output } = readRequest(args);
    const evaluation = evaluate(counts, settings);
    io.stdout(output === "json" ? asJson(evaluation) : asText(counts, evaluation, settings));
  },
};

interface Request {
  readonly counts: Counters;
  readonly settings: ScoreSettings;
  readonly output: Output;
}

function readRequest(args: readonly string[]): Request {
  const { values, positionals } = readFlags(args, FLAGS);
  if (positionals[0] !== undefined) throw new UsageError(`unexpected argument ${quote(positionals[0])}`);
  const count = (flag: keyof typeof COUNTS) => readWhole(`--${flag}`, values[flag] ?? "0", 0, Number.MAX_SAFE_INTEGER);
  const part = (flag: keyof typeof COUNTS, of: keyof typeof COUNTS) => {
    const [number, whole] = [count(flag), count(of)];
    if (number <= whole) return number;
    throw new UsageError(`--${flag} ${number} is more than --${of} ${whole}`);
  };
  const counts: Counters = {
    lines: count("lines"),
    errorLines: part("error-lines", "lines"),
    commands: count("commands"),
    failedCommands: part("failed-commands", "commands"),
    healthChecks: count("health-checks"),
    healthyChecks: part("healthy-checks", "health-checks"),
  };
  const minSamples = values["min-samples"];
  const settings =
    minSamples === undefined
      ? nightwatchDefaults
      : { ...nightwatchDefaults, minSamples: readWhole("--min-samples", minSamples, 1, MOST_SAMPLES) };
  return { counts, settings, output: readOutput(values.output) };
}

function asJson({
  score,
  scorePercent = null,
  level,
  terms,
  samples,
}: Omit<Evaluation, "scorePercent"> & { readonly scorePercent?: number | null }): string {
  return `${JSON.stringify({ score, scorePercent, level, samples, terms })}\n`;
}

function asText(counts: Counters, evaluation: Evaluation, settings: ScoreSettings): string {
  const { errorRate, commandSuccessRate, healthScore } = ratesOf(counts);
  const { weights } = settings;
  const row = (what: string, rate: number, weightPercent: number, term: number) => [
    what,
    showShare(rate),
    `${weightPercent} %`,
    showShare(term),
  ];
  return [
    `${evaluation.level}, ${inWords(counts, evaluation, settings)}\n\n`,
    showTable([
      ["", "RATE", "WEIGHT", "ADDS"],
      row("lines that were errors", errorRate, weights.errorRatePercent, evaluation.terms.errorRate),
      row(
        counts.commands === 0 ? "commands that failed (none seen: as lines)" : "commands that failed",
        1 - commandSuccessRate,
        weights.commandSuccessRatePercent,
        evaluation.terms.commandSuccessRate,
      ),
      row("health checks that failed", 1 - healthScore, weights.healthScorePercent, evaluation.terms.healthScore),
      ["score", "", "", showShare(evaluation.score)],
    ]),
  ].join("");
}

/** A share in percent with one decimal, for people: the score itself is in the JSON. */
function showShare(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
