import type { SavedCursor } from "../src/telemetry/log-cursor.ts";
import {
  createReadLog,
  type LogRead,
  type ReadLimits,
  type ReadLines,
  type ReadRequest,
} from "../src/telemetry/read-log.ts";
import { profiles } from "../src/tools/profiles.ts";
import { type KubeletLog, type LogEntry, stampAt } from "./kubelet-log.ts";

export const running = { namespace: "n", pod: "p", container: "uid/0", hasEnded: false };
export const ended = { ...running, hasEnded: true };

export const SECOND = 1_000_000_000n;

/** One line, so many seconds after the start of the log. */
export const at = (seconds: number, text: string | Uint8Array, isPartial = false): LogEntry => ({
  time: stampAt(BigInt(Math.round(seconds * 1e9))),
  text,
  isPartial,
});

/** Reads on and on, and keeps the cursor as a status does. */
export function aReader(log: KubeletLog, limits: ReadLimits = {}, tool: ReadRequest["tool"] = profiles.text) {
  const readLog = createReadLog(log.source, limits);
  let saved: SavedCursor | undefined;
  const attempt = async (stream = running): Promise<LogRead> => {
    const outcome = await readLog({ stream, saved, tool });
    if (outcome.ok) saved = outcome.cursor;
    return outcome;
  };
  const read = async (stream = running): Promise<ReadLines> => {
    const outcome = await attempt(stream);
    if (!outcome.ok) throw new Error(outcome.message);
    return outcome;
  };
  const lines = async (stream = running): Promise<number> => (await read(stream)).tally.lines;
  return { attempt, read, lines };
}
