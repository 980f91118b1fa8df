import { readFileSync } from "node:fs";
import { createReadLog } from "../../src/telemetry/read-log.ts";
import { profiles, type ToolName } from "../../src/tools/profiles.ts";
import { stampAt } from "../kubelet-log.ts";
import type { Bench } from "./bench.ts";
import type { Sample } from "./report.ts";

const LINES = { text: 1_000_000, structured: 100_000 } as const;

/** As much as one read of a Pod's log brings at a time. */
const CHUNK_BYTES = 64 * 1024;

/** As where an agent writes ten thousand lines a second. */
const NANOSECONDS_BETWEEN = 100_000n;

/** What programs print, beside what Gemini really printed on stderr. */
const PLAIN = [
  "Compiling serde v1.0.219",
  "\u001b[32m    Finished\u001b[0m `release` profile [optimized] target(s) in 42.17s",
  "test result: ok. 128 passed; 0 failed; 3 ignored; 0 measured; 0 filtered out",
  '{"level":30,"time":1795371651000,"msg":"request completed","statusCode":200,"responseTime":12}',
  "error[E0308]: mismatched types",
  "  --> src/main.rs:12:34",
  " 45%|████▌     | 450/1000 [00:12<00:15, 36.2it/s]\r 46%|████▌     | 460/1000",
  "GET /healthz HTTP/1.1 200 2",
];

const STRUCTURED: readonly (readonly [ToolName, string])[] = [
  ["claude", "claude-r429.stdout.jsonl"],
  ["codex", "codex-r429.stdout.jsonl"],
  ["opencode", "oc-r429.stdout.jsonl"],
  ["gemini", "gem-r429.stdout.jsonl"],
];

/** How fast a Pod's log becomes counts, on one core: bytes to lines, timestamps off, signals, sums. */
export const classify: Bench = {
  name: "classify",
  title: "reading what agents print",
  notes: [
    "Lines per second of CPU time, from the bytes of a kubelet's answer to cursor and counts, in one process.",
    "Plain text is the stderr of a real CLI and the output of ordinary programs; events are the captures in test/fixtures/agent-cli.",
  ],
  rows: [
    { figure: "text", text: "plain text", unit: "lines/s", goal: { at: "least", value: 500_000 } },
    { figure: "structured", text: "events, all four tools", unit: "lines/s", goal: { at: "least", value: 100_000 } },
    ...STRUCTURED.map(([tool]) => ({ figure: tool, text: `events of ${tool}`, unit: "lines/s" })),
  ],
  async run(runs, log) {
    const text = logOf([...capture("gem-r429.stderr.txt"), ...PLAIN], LINES.text);
    const events = STRUCTURED.map(([tool, file]) => [tool, logOf(capture(file), LINES.structured)] as const);
    await readAll("text", text.slice(0, 100));
    const samples: Sample[] = [];
    for (let run = 1; run <= runs; run++) {
      const rates: (readonly [ToolName, number])[] = [];
      for (const [tool, chunks] of events) rates.push([tool, await linesPerSecond(tool, chunks)]);
      samples.push({
        text: await linesPerSecond("text", text),
        // As many lines of each: the mean of their times.
        structured: rates.length / rates.reduce((seconds, [, rate]) => seconds + 1 / rate, 0),
        ...Object.fromEntries(rates),
      });
      log(`bench: classify, run ${run} of ${runs}`);
    }
    return samples;
  },
};

function capture(name: string): readonly string[] {
  return readFileSync(new URL(`../fixtures/agent-cli/${name}`, import.meta.url), "utf8")
    .trimEnd()
    .split("\n");
}

/** So many lines as the API server hands them out: chunks of bytes, a stamp of its own before each line. */
function logOf(lines: readonly string[], count: number): readonly Uint8Array[] {
  const stamped = (_: unknown, index: number) =>
    `${stampAt(BigInt(index) * NANOSECONDS_BETWEEN)} ${lines[index % lines.length] ?? ""}\n`;
  const bytes = Buffer.from(Array.from({ length: count }, stamped).join(""));
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) chunks.push(bytes.subarray(at, at + CHUNK_BYTES));
  return chunks;
}

async function readAll(tool: ToolName, chunks: readonly Uint8Array[]): Promise<number> {
  const source = {
    async *logs() {
      yield* chunks;
    },
  };
  const stream = { namespace: "bench", pod: "bench", container: "bench/0", hasEnded: false };
  const readLog = createReadLog(source, { limitBytes: Number.MAX_SAFE_INTEGER });
  const outcome = await readLog({ stream, saved: undefined, tool: profiles[tool] });
  if (!outcome.ok) throw new Error(outcome.message);
  return outcome.tally.lines;
}

async function linesPerSecond(tool: ToolName, chunks: readonly Uint8Array[]): Promise<number> {
  const before = process.cpuUsage();
  const lines = await readAll(tool, chunks);
  const { user, system } = process.cpuUsage(before);
  return lines / ((user + system) / 1e6);
}
