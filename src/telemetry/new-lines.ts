import { parseLogLine } from "../tools/log-line.ts";
import type { LogCursor } from "./log-cursor.ts";
import { compareStamps } from "./log-time.ts";
import { createStampCounts } from "./stamp-counts.ts";

/** One line that was not counted before. */
export interface NewLine {
  readonly text: string;
  /** Its own stamp, or that of the line before it where it has none. */
  readonly stamp: string | undefined;
  /** The same in milliseconds since the epoch. */
  readonly time: number | undefined;
  /** How many lines so stamped there are in the log up to this one. */
  readonly count: number;
}

/** What a part of an answer brought. */
export interface Found {
  /** The cursor's line was met in it: what was supposed before was not new. */
  readonly wasWrong: boolean;
  /** New if the cursor's line does not come any more. */
  readonly supposed: readonly NewLine[];
  /** New. */
  readonly sure: readonly NewLine[];
}

/** Finds in one answer of the kubelet, line by line and in order, what comes after a cursor. Keeps none of it. */
export interface NewLines {
  push(lines: readonly string[]): Found;
  /** The cursor's line was met: all that follows is new. */
  readonly isFound: boolean;
}

/**
 * The answer begins before the cursor (see sinceTimeOf), and times alone do not tell what is new: stamps are out of order by
 * the moment between stamping and writing, and far more where the node's clock was set back. But a log only grows at its
 * end: all that follows the cursor's line in it is new, whatever its time. Where that line was rotated away, the answer is of
 * a younger file, and all is new from the first line on that is later than the cursor: so it is supposed until the answer's
 * end tells. Lines without a stamp at the begin of an answer are the tails of longer ones, whose first pieces are older than
 * was asked for: they lie before the cursor.
 */
export function findNewLines({ time: stamp, lines: count = 0 }: Pick<LogCursor, "time" | "lines">): NewLines {
  const counts = createStampCounts();
  let isFound = stamp === undefined && count === 0;
  let previous: Pick<NewLine, "stamp" | "time"> = { stamp: undefined, time: undefined };
  let isSupposing = false;

  const read = (line: string): NewLine => {
    const parsed = parseLogLine(line);
    if (parsed.stamp !== undefined) previous = parsed;
    const { stamp, time } = previous;
    return { text: parsed.text, stamp, time, count: counts.add(stamp) };
  };
  /** Negative before the cursor's line, 0 at its stamp, positive after it. */
  const order = (line: NewLine): number => {
    if (line.stamp === stamp) return 0;
    if (line.stamp === undefined) return -1;
    return stamp === undefined ? 1 : compareStamps(line.stamp, stamp);
  };
  return {
    get isFound() {
      return isFound;
    },
    push(lines) {
      const sure: NewLine[] = [];
      let supposed: NewLine[] = [];
      let wasWrong = false;
      for (const text of lines) {
        const line = read(text);
        if (isFound) {
          sure.push(line);
          continue;
        }
        const sign = order(line);
        if (sign === 0) {
          isFound = line.count >= count;
          [isSupposing, wasWrong, supposed] = [false, true, []];
        } else if (isSupposing || sign > 0) {
          isSupposing = true;
          supposed.push(line);
        }
      }
      return { wasWrong, supposed, sure };
    },
  };
}
