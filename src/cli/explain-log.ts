import { nightwatchDefaults } from "../api/v1alpha1/nightwatch.ts";
import { evaluate, type Evaluation } from "../nightwatch/evaluation.ts";
import { explainDrift } from "../nightwatch/explain.ts";
import { emptyTally, tally, type Tally } from "../nightwatch/tally.ts";
import { quote } from "../schedule/quote.ts";
import { splitLines } from "../tools/line-splitter.ts";
import { parseLogLine } from "../tools/log-line.ts";
import type { Shows } from "../tools/profile.ts";
import { profiles, type ToolName } from "../tools/profiles.ts";
import type { RunVerdict } from "../tools/reader.ts";
import { type Command, type Io, readFlags, UsageError } from "./command.ts";
import { type Output, readOutput, readWhole } from "./flags.ts";
import { plainBytes } from "./plain-bytes.ts";
import { showTable } from "./show-table.ts";

const TOOLS = Object.keys(profiles) as ToolName[];

const FLAGS = {
  tool: { type: "string" },
  "exit-code": { type: "string" },
  output: { type: "string", short: "o" },
} as const;

/** `darkfactory explain log`: what Nightwatch would make of a log, without a cluster (S1–S5, D2–D6). */
export const explainLog: Command = {
  name: "log",
  summary: "Say what Nightwatch would make of an agent's log.",
  help: `Say what Nightwatch would make of an agent's log: what counts as an error, a command, a rate limit, and the score.

Usage: darkfactory explain log --tool <tool> [flags] <file>

The file is the text of one container's log, as kubectl logs prints it, with or without --timestamps; it may be gzip.
A dash (-) reads it from standard input: kubectl logs pod/sentinel-12 | darkfactory explain log --tool codex -
The score is that of the log alone, with the default weights and thresholds; it holds no health checks.

Flags:
  --tool <tool>          how to read it: ${TOOLS.join(", ")}
  --exit-code <n>        the container's exit code, 0 to 255 (default: not known)
  -o, --output <format>  text or json (default text)
  -h, --help             print this

Exit code 0: printed. 2: one line on stderr says what is wrong.`,
  run: async (args, io) => {
    const request = readRequest(args);
    const log = await readLog(request, io);
    io.stdout(request.output === "json" ? asJson(log) : asText(log, request));
  },
};

interface Request {
  readonly tool: ToolName;
  readonly file: string;
  readonly exitCode: number | undefined;
  readonly output: Output;
}

interface Log {
  readonly tally: Tally;
  readonly verdict: RunVerdict;
  readonly evaluation: Evaluation;
  readonly shows: Shows;
}

function readRequest(args: readonly string[]): Request {
  const { values, positionals } = readFlags(args, FLAGS);
  const tool = readTool(values.tool);
  const [file] = positionals;
  if (file === undefined)
    throw new UsageError("a file is missing (- is standard input); see darkfactory explain log --help");
  if (positionals.length > 1) throw new UsageError(`one file is expected, not ${positionals.length} arguments`);
  const exitCode =
    values["exit-code"] === undefined ? undefined : readWhole("--exit-code", values["exit-code"], 0, 255);
  return { tool, file, exitCode, output: readOutput(values.output) };
}

function readTool(name: string | undefined): ToolName {
  if (name === undefined) throw new UsageError(`--tool is missing; it is one of ${TOOLS.join(", ")}`);
  const tool = TOOLS.find((candidate) => candidate === name);
  if (tool === undefined) throw new UsageError(`--tool ${quote(name)} is none of ${TOOLS.join(", ")}`);
  return tool;
}

async function readLog({ tool, file, exitCode }: Request, io: Io): Promise<Log> {
  const profile = profiles[tool];
  const reader = profile.createReader();
  const splitter = splitLines();
  let sum = emptyTally;
  const add = (lines: readonly string[]): void => {
    const signals = lines.flatMap((line) => {
      const { time, text } = parseLogLine(line);
      return reader.read(text, time === undefined ? {} : { time });
    });
    sum = tally(sum, signals);
  };
  try {
    for await (const chunk of plainBytes(io.read(file))) add(splitter.push(chunk));
  } catch (error) {
    throw unreadable(file, error);
  }
  add(splitter.end());
  return {
    tally: sum,
    verdict: reader.end(exitCode),
    evaluation: evaluate(sum, nightwatchDefaults),
    shows: profile.shows,
  };
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  EACCES: "permission is denied",
  EISDIR: "it is a directory",
  ENOTDIR: "a part of its path is no directory",
  ENAMETOOLONG: "the name is too long",
  ERR_INVALID_ARG_VALUE: "the name is none",
  Z_BUF_ERROR: "the gzip is cut off",
  Z_DATA_ERROR: "the gzip is damaged",
};

/** What the system said, in the user's words; anything without a code is a bug and stays what it is. */
function unreadable(file: string, error: unknown): unknown {
  const code = error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
  if (code === undefined) return error;
  const name = file === "-" ? "standard input" : quote(file);
  return new UsageError(`${name} cannot be read: ${REASONS[code] ?? code}`, { cause: error });
}

function asJson({ tally, verdict, evaluation, shows }: Log): string {
  const { usage, result } = tally;
  const answer = {
    lines: tally.lines,
    errorLines: tally.errorLines,
    commands: shows.commands ? tally.commands : null,
    failedCommands: shows.commands ? tally.failedCommands : null,
    apiErrors: shows.apiErrors ? tally.apiErrors : null,
    rateLimits: tally.rateLimits,
    unknownEvents: tally.unknownEvents,
    usage: {
      inputTokens: usage.inputTokens ?? null,
      outputTokens: usage.outputTokens ?? null,
      cacheReadTokens: usage.cacheReadTokens ?? null,
      costMicroUSD: usage.costMicroUSD ?? null,
    },
    result: { success: verdict.success ?? null, summary: result.summary ?? null, sessionID: result.sessionID ?? null },
    exitClass: verdict.exitClass ?? null,
    drift: { score: evaluation.score, scorePercent: evaluation.scorePercent ?? null, level: evaluation.level },
  };
  return `${JSON.stringify(answer)}\n`;
}

const UNTOLD = "not told";

function asText(log: Log, { tool }: Request): string {
  const { tally, verdict, evaluation, shows } = log;
  const unknown = `unknown: ${tool} does not show them`;
  const rows = [
    ["lines", `${tally.lines}, ${tally.errorLines} of them errors`],
    ["commands", shows.commands ? `${tally.commands}, ${tally.failedCommands} of them failed` : unknown],
    ["API errors", shows.apiErrors ? String(tally.apiErrors) : unknown],
    [
      "rate limits",
      `${tally.rateLimits}${tally.rateLimitResetTime === undefined ? "" : `, until ${tally.rateLimitResetTime}`}`,
    ],
    ["unknown events", String(tally.unknownEvents)],
    ["tokens", showTokens(tally)],
    ["cost", showCost(tally)],
    ["verdict", verdict.success === undefined ? UNTOLD : verdict.success ? "success" : "failure"],
    ["summary", tally.result.summary === undefined ? UNTOLD : quote(tally.result.summary)],
    ["session", tally.result.sessionID === undefined ? UNTOLD : quote(tally.result.sessionID)],
    ["exit", verdict.exitClass ?? "not known"],
  ];
  return `${evaluation.level}, ${explainDrift(tally, evaluation, nightwatchDefaults)}\n\n${showTable(rows)}`;
}

function showTokens({ usage: { inputTokens, outputTokens, cacheReadTokens } }: Tally): string {
  if (inputTokens === undefined && outputTokens === undefined) return UNTOLD;
  return `${inputTokens ?? "?"} in, ${outputTokens ?? "?"} out, ${cacheReadTokens ?? "?"} read from cache`;
}

function showCost({ usage: { costMicroUSD } }: Tally): string {
  return costMicroUSD === undefined ? UNTOLD : `${(costMicroUSD / 1e6).toFixed(6)} USD`;
}
