import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { aKubeletLog, serveLog, stampAt, type AnswerFault, type LogEntry } from "../../test/kubelet-log.ts";
import { addTally, emptyTally, type Tally } from "../nightwatch/tally.ts";
import { profiles, type ToolName } from "../tools/profiles.ts";
import type { SavedCursor } from "./log-cursor.ts";
import { createReadLog } from "./read-log.ts";

/** What agents print, and what nobody should: events, errors, terminal sequences, no UTF-8, nothing at all. */
const texts: readonly (string | Uint8Array)[] = [
  "",
  "error: it broke",
  "0 errors",
  "\u001b[31mfatal\u001b[0m: no\r 46%",
  "ünïcödé 😀 failed",
  Uint8Array.of(0x65, 0xff, 0xc3, 0xe2, 0x82),
  "x".repeat(300),
  "429 Too Many Requests, rate limit reached",
  "2026-11-22T22:18:01.5Z a time of its own",
  '{"type":"system","subtype":"init","session_id":"s-1"}',
  '{"type":"assistant","message":{"id":"m1","content":[{"type":"tool_use","id":"t1","name":"Bash","input":{}}],"usage":{"input_tokens":3,"output_tokens":4}}}',
  '{"type":"user","message":{"content":[{"type":"tool_result","tool_use_id":"t1","is_error":true,"content":"Exit code 1"}]}}',
  '{"type":"result","subtype":"success","is_error":false,"result":"done","total_cost_usd":0.5,"session_id":"s-1"}',
  '{"type":"assist',
];

/** Nanoseconds from one entry to the next: often none, rarely whole seconds. */
const gap = fc.constantFrom(0n, 0n, 1n, 999n, 250_000n, 100_000_000n, 400_000_000n, 1_000_000_000n, 3_700_000_000n);
/** How long an entry waited between its stamp and the file: stdout and stderr overtake each other. */
const wait = fc.constantFrom(0n, 0n, 0n, 1n, 500_000n, 99_000_000n, 800_000_000n);

const logs = fc
  .array(fc.tuple(gap, wait, fc.constantFrom(...texts), fc.nat(9)), { maxLength: 40 })
  .map((entries): readonly LogEntry[] => {
    let now = 2_000_000_000n;
    // The rest of a line is stamped after its beginning, by the goroutine that stamped that.
    let begun = 0n;
    return entries.map(([gap, wait, text, kind]) => {
      now += gap;
      const time = now - wait > begun ? now - wait : begun;
      const isPartial = kind === 0 && text.length > 0;
      begun = isPartial ? time : 0n;
      return { time: stampAt(time), text, ...(isPartial ? { isPartial } : {}) };
    });
  });

const faults = fc.option(
  fc.record({ after: fc.nat(400), ending: fc.constantFrom<AnswerFault["ending"]>("cut", "in order") }),
  { nil: undefined },
);

/** A reading: how much more has been written by then, what becomes of its first answer. */
const readings = fc.array(fc.tuple(fc.nat(12), faults), { maxLength: 12 });

const tools = fc.constantFrom<ToolName>("text", "claude");
const sizes = fc.infiniteStream(fc.integer({ min: 1, max: 200 }));

const stream = { namespace: "n", pod: "p", container: "uid/0" };

describe("a log that is read in any number of parts", () => {
  it("counts as if it were read at once, whatever its times, the bounds, and the faults on the way (S5)", async () => {
    await fc.assert(
      fc.asyncProperty(logs, readings, tools, sizes, fc.integer({ min: 150, max: 2000 }), async (...input) => {
        const [entries, plan, toolName, chunkSizes, limitBytes] = input;
        const tool = profiles[toolName];
        const log = aKubeletLog(() => chunkSizes.next().value ?? 1);
        const read = createReadLog(log.source, { limitBytes });
        let saved: SavedCursor | undefined;
        let sum = emptyTally;
        const step = async (hasEnded: boolean): Promise<boolean> => {
          const outcome = await read({ stream: { ...stream, hasEnded }, saved, tool });
          if (!outcome.ok) return true;
          // As a status keeps it.
          saved = JSON.parse(JSON.stringify(outcome.cursor)) as SavedCursor;
          sum = addTally(sum, outcome.tally);
          return outcome.isMore;
        };
        let written = 0;
        for (const [more, fault] of plan) {
          log.write(...entries.slice(written, written + more));
          written += more;
          log.plan(fault);
          await step(false);
        }
        log.write(...entries.slice(written));
        log.plan({ after: 100, ending: "cut" });
        // Each read brings a line at least.
        for (let reads = 0; (await step(true)) && reads < 200; reads++);

        expect(sum).toEqual(await atOnce(entries, toolName));
        expect(sum.lines).toBe(linesIn(entries));
        await step(true);
        expect(sum.lines).toBe(linesIn(entries));
      }),
      { numRuns: 500 },
    );
  });
});

async function atOnce(entries: readonly LogEntry[], tool: ToolName): Promise<Tally> {
  const log = aKubeletLog();
  log.write(...entries);
  const outcome = await createReadLog(log.source)({
    stream: { ...stream, hasEnded: true },
    saved: undefined,
    tool: profiles[tool],
  });
  if (!outcome.ok) throw new Error(outcome.message);
  return outcome.tally;
}

/** Line breaks, and one more for a last line without. */
function linesIn(entries: readonly LogEntry[]): number {
  const bytes = serveLog(entries, {});
  const breaks = bytes.filter((byte) => byte === 0x0a).length;
  return bytes.length === 0 || bytes.at(-1) === 0x0a ? breaks : breaks + 1;
}
