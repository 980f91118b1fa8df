import type { Tally } from "../nightwatch/tally.ts";
import type { Bucket } from "../nightwatch/window.ts";
import type { ToolProfile } from "../tools/profile.ts";
import type { LineReader } from "../tools/reader.ts";
import { countFrom } from "./line-count.ts";
import { cursorIn, type LogCursor, type SavedCursor } from "./log-cursor.ts";
import type { LogStream } from "./log-stream.ts";
import { readAnswer, type LogSource } from "./read-answer.ts";
import { failedWith, type ReadFailure } from "./read-failure.ts";
import { createSlots } from "./slots.ts";

export interface ReadLimits {
  /** Of one answer, in bytes; default 4 MiB. */
  readonly limitBytes?: number;
  /** How far limitBytes grows where an answer brings no whole new line, and how much of an ended log is read at once; default 64 MiB. */
  readonly mostBytes?: number;
  /** Reads at a time, of all logs together; default 16. */
  readonly inFlight?: number;
  /** Reads that may wait for a place; default all. Whoever comes beyond hears that it is busy. */
  readonly waiting?: number;
  /** Of one answer; default the client's own. */
  readonly deadlineMs?: number;
}

export interface ReadRequest {
  readonly stream: LogStream;
  /** The cursor in status. One of another stream, or none: the stream is read from its start. */
  readonly saved: SavedCursor | undefined;
  readonly tool: Pick<ToolProfile, "createReader">;
  readonly signal?: AbortSignal;
}

/** What was read: lines that were counted, none of them before. */
export interface ReadLines {
  readonly ok: true;
  /** Belongs in the same status write as the tally (S5): written apart, lines are lost or counted twice. */
  readonly cursor: LogCursor;
  /** Of the new lines alone. */
  readonly tally: Tally;
  /** The counts of the same by the minute in which a line was written, oldest first. */
  readonly buckets: readonly Bucket[];
  /** All that was received, lines that were known included. */
  readonly bytes: number;
  /** There is more to read now: a bound was met, or an answer broke off. */
  readonly isMore: boolean;
  /** Stands after the last line that was counted: its end() tells how the run ended. */
  readonly reader: LineReader;
  /** Why the reading ended early, if it did. */
  readonly failure?: string;
}

export type LogRead = ReadLines | ReadFailure;

/** Reads what an agent's container printed since a cursor (S5). Throws only what is no cluster's doing. */
export type ReadLog = (request: ReadRequest) => Promise<LogRead>;

const MIB = 1024 * 1024;

/** To one read: a log that answers otherwise than a kubelet's must not keep a reader for ever. */
const MOST_ANSWERS = 64;

/** One for the whole process: inFlight bounds all reads together. No connection stands between reads. */
export function createReadLog(source: LogSource, limits: ReadLimits = {}): ReadLog {
  const slots = createSlots(limits.inFlight ?? 16, limits.waiting);
  return async (request) => {
    const leave = await slots.enter(request.signal);
    if (leave === undefined) {
      if (request.signal?.aborted === true) return failedWith("aborted before the log was read");
      return { ...failedWith("too many logs are read at this time"), isBusy: true };
    }
    try {
      return await readFrom(source, request, limits);
    } finally {
      leave();
    }
  };
}

/**
 * Asks until there is nothing new, or, while the container runs, once. What came as whole lines counts, also of an answer
 * that broke off: they are the log's next lines, and over a connection that breaks every few seconds reading would else
 * never get anywhere. Where the kubelet breaks off, the API server ends its own answer in order (apiserver, StreamObject),
 * so an answer cannot tell that it is whole. So an ended log is asked for until an answer brings nothing new, and an answer
 * without the cursor's line is asked for a second time before that line is believed to be rotated away.
 */
async function readFrom(source: LogSource, request: ReadRequest, limits: ReadLimits): Promise<LogRead> {
  const { limitBytes = 4 * MIB, mostBytes = 64 * MIB, deadlineMs } = limits;
  const { stream, saved, tool, signal } = request;
  const bounds = { ...(signal === undefined ? {} : { signal }), ...(deadlineMs === undefined ? {} : { deadlineMs }) };
  const count = countFrom(cursorIn(stream, saved), tool);
  let limit = limitBytes;
  let isSecond = false;
  let bytes = 0;
  const counted = (isMore: boolean, failure?: ReadFailure): LogRead => {
    if (failure !== undefined && count.lines === 0) return failure;
    const { reader } = count;
    const early = failure === undefined ? {} : { failure: failure.message };
    const [cursor, tally, buckets] = [count.cursor(), count.tally(), count.buckets()];
    return { ok: true, cursor, tally, buckets, bytes, isMore, reader, ...early };
  };
  for (let answers = 1; ; answers++) {
    const mayGrow = limit < mostBytes;
    const answer = await readAnswer(source, stream, count, { ...bounds, limitBytes: limit, mayGrow, isSecond });
    bytes += answer.bytes;
    if (signal?.aborted === true) return failedWith("aborted while the log was read");
    if (answer.failure !== undefined) return counted(true, answer.failure);
    const isUnconfirmed = stream.hasEnded && !answer.isQuiet;
    if (answer.isFull && answer.isQuiet) {
      if (!mayGrow) return counted(true, failedWith(`no new line ends within ${limit} bytes of the log`));
      limit = Math.min(limit * 4, mostBytes);
    } else if (answer.isQuiet && !answer.isFound && !isSecond) {
      isSecond = true;
    } else if (isUnconfirmed && bytes < mostBytes && answers < MOST_ANSWERS) {
      limit = limitBytes;
      isSecond = false;
    } else {
      return counted(answer.isFull || isUnconfirmed);
    }
  }
}
