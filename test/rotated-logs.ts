import { createReadLog } from "../src/telemetry/read-log.ts";
import { profiles } from "../src/tools/profiles.ts";

// A program for src/telemetry's test of how much memory reading takes: many logs at once, of which each has been rotated
// since it was last read, and each answer of which is full.
const LOGS = 8;
const ANSWER_BYTES = 4 * 1024 ** 2;
const CURSOR = { pod: "p", container: "uid/0", time: "2026-03-01T11:59:59.000000000Z", lines: 1 };

const line = `2026-03-01T12:00:00.000000000Z ${"x".repeat(40)}\n`;
const chunk = Buffer.from(line.repeat(1000));

async function* answer(limitBytes: number): AsyncGenerator<Uint8Array> {
  for (let sent = 0; sent < limitBytes; sent += chunk.length) {
    yield chunk.subarray(0, limitBytes - sent);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const readLog = createReadLog(
  { logs: (_pod, { limitBytes = 0 } = {}) => answer(limitBytes) },
  { limitBytes: ANSWER_BYTES, mostBytes: ANSWER_BYTES },
);
const stream = { namespace: "n", pod: CURSOR.pod, container: CURSOR.container, hasEnded: false };
const reads = await Promise.all(
  Array.from({ length: LOGS }, () => readLog({ stream, saved: CURSOR, tool: profiles.text })),
);
const counted = reads.map((read) => (read.ok ? read.tally.lines : 0));
process.stdout.write(`${counted.every((lines) => lines === Math.floor(ANSWER_BYTES / line.length))}\n`);
