import { addCounters, type Counters, countersOf, noCounts } from "../nightwatch/counters.ts";
import type { Signal } from "../nightwatch/signal.ts";
import { addTally, emptyTally, tally, type Tally } from "../nightwatch/tally.ts";
import type { Bucket } from "../nightwatch/window.ts";
import type { ToolProfile } from "../tools/profile.ts";
import type { LineReader } from "../tools/reader.ts";
import { fromInstant, toInstant } from "../workloads/time.ts";
import { readerStateOf, savedReader, type LogCursor } from "./log-cursor.ts";
import type { NewLine } from "./new-lines.ts";

/** Counts new lines, and moves the cursor with them: the two never part. */
export interface LineCount {
  add(lines: readonly NewLine[]): void;
  /** How many lines were added. */
  readonly lines: number;
  /** After the last of them. */
  cursor(): LogCursor;
  tally(): Tally;
  /** The same by the minute in which a line was written, oldest first: a log that was read late counts when it happened. */
  buckets(): readonly Bucket[];
  readonly reader: LineReader;
  /** Counts on from here for itself: lines of which it is not known yet whether they are new. */
  fork(): LineCount;
  /** They are: takes over what a fork has counted, as long as nothing was added here since. */
  adopt(fork: LineCount): void;
}

/** Goes on from a cursor, with the reader as it was there. */
export function countFrom(from: LogCursor, tool: Pick<ToolProfile, "createReader">): LineCount {
  return countOn(from, tool.createReader(readerStateOf(from)), tool);
}

function countOn(begin: LogCursor, itsReader: LineReader, tool: Pick<ToolProfile, "createReader">): LineCount {
  let [from, reader] = [begin, itsReader];
  const minutes = new Map<number, Counters>();
  let sum = emptyTally;
  let lines = 0;
  let last: Pick<NewLine, "stamp" | "count"> | undefined;
  const addTo = (minute: number, counts: Counters): void => {
    minutes.set(minute, addCounters(minutes.get(minute) ?? noCounts, counts));
  };
  const count = (signals: readonly Signal[], minute: number): void => {
    const part = tally(emptyTally, signals);
    sum = addTally(sum, part);
    addTo(minute, countersOf(part));
  };
  const cursor = (): LogCursor => {
    if (last === undefined) return from;
    const { pod, container } = from;
    const state = savedReader(reader.state());
    return {
      pod,
      container,
      ...(last.stamp === undefined ? {} : { time: copy(last.stamp) }),
      lines: last.count,
      ...(state === undefined ? {} : { reader: state }),
    };
  };
  return {
    get reader() {
      return reader;
    },
    get lines() {
      return lines;
    },
    add(more) {
      if (more.length === 0) return;
      lines += more.length;
      last = more.at(-1);
      let signals: Signal[] = [];
      let minute = minuteOf(more[0]?.time);
      for (const { text, time } of more) {
        // A line without a time follows the one before it.
        const next = time === undefined ? minute : minuteOf(time);
        if (next !== minute) {
          count(signals, minute);
          signals = [];
          minute = next;
        }
        for (const signal of reader.read(text, time === undefined ? {} : { time })) signals.push(signal);
      }
      count(signals, minute);
    },
    buckets: () =>
      [...minutes]
        .toSorted(([a], [b]) => a - b)
        .map(([minute, counts]) => ({ start: fromInstant(minute * MINUTE_MS), ...counts })),
    tally: () => sum,
    cursor,
    fork: () => countOn(cursor(), tool.createReader(reader.state()), tool),
    adopt(fork) {
      lines += fork.lines;
      sum = addTally(sum, fork.tally());
      for (const { start, ...counts } of fork.buckets()) addTo(minuteOf(toInstant(start)), counts);
      [from, reader, last] = [fork.cursor(), fork.reader, undefined];
    },
  };
}

const MINUTE_MS = 60_000;

function minuteOf(time: number | undefined): number {
  return Math.floor((time ?? 0) / MINUTE_MS);
}

/** A part of a text keeps the whole of it in memory: a cursor must not keep the log. */
function copy(text: string): string {
  return Buffer.from(text).toString();
}
