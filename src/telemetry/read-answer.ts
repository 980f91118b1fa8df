import type { KubeClient, LogOptions } from "../kube/client.ts";
import { cut } from "../tools/cut.ts";
import { splitLines } from "../tools/line-splitter.ts";
import { parseLogLine } from "../tools/log-line.ts";
import { agentContainer } from "../workloads/pod.ts";
import type { LineCount } from "./line-count.ts";
import { sinceTimeOf } from "./log-cursor.ts";
import type { LogStream } from "./log-stream.ts";
import { findNewLines, type Found } from "./new-lines.ts";
import { failedWith, readFailure, type ReadFailure } from "./read-failure.ts";

/** How logs are read; of a KubeClient. */
export type LogSource = Pick<KubeClient, "logs">;

export interface AnswerOptions extends Pick<LogOptions, "signal" | "deadlineMs"> {
  readonly limitBytes: number;
  /** A larger answer may be asked for: what is missing in a full one may follow. */
  readonly mayGrow: boolean;
  /** The answer before had not the cursor's line. If this one has it not either, the line was rotated away. */
  readonly isSecond: boolean;
}

/** How one answer ended. */
export interface Answer {
  readonly bytes: number;
  /** It is as long as was asked for at most: there may be more. */
  readonly isFull: boolean;
  /** No whole new line was in it. */
  readonly isQuiet: boolean;
  /** The cursor's line was in it. */
  readonly isFound: boolean;
  readonly failure?: ReadFailure;
}

/** Asks once for what follows the cursor of `count`, and counts the new lines as they come. */
export async function readAnswer(
  source: LogSource,
  { namespace, pod, hasEnded }: LogStream,
  count: LineCount,
  { isSecond, mayGrow, ...bounds }: AnswerOptions,
): Promise<Answer> {
  const cursor = count.cursor();
  const sinceTime = sinceTimeOf(cursor);
  const since = sinceTime === undefined ? {} : { sinceTime };
  const fresh = findNewLines(cursor);
  const splitter = splitLines();
  const before = count.lines;
  let bytes = 0;
  // Counted for themselves until it is known whether they are new: lines that are kept instead would, of sixteen logs at a
  // time, be more than the process may hold.
  let supposed: LineCount | undefined;
  const take = (found: Found): void => {
    if (found.wasWrong) supposed = undefined;
    if (found.supposed.length > 0) (supposed ??= count.fork()).add(found.supposed);
    count.add(found.sure);
  };
  const believe = (): void => {
    if (supposed !== undefined) count.adopt(supposed);
  };
  const end = (more: Partial<Answer> = {}): Answer => ({
    bytes,
    isFull: false,
    isQuiet: count.lines === before,
    isFound: fresh.isFound,
    ...more,
  });
  try {
    const options: LogOptions = { container: agentContainer, timestamps: true, ...since, ...bounds };
    for await (const chunk of source.logs({ namespace, name: pod }, options)) {
      bytes += chunk.length;
      take(fresh.push(splitter.push(chunk)));
    }
  } catch (error) {
    return end({ failure: readFailure(error) });
  }
  if (bytes >= bounds.limitBytes) {
    // Its last line was cut.
    if (!mayGrow) believe();
    return end({ isFull: true });
  }
  const rest = splitter.end();
  const { stamp, text } = parseLogLine(rest.join(""));
  // Every line of a log has a stamp. Text without one is what the kubelet says of its own trouble, after a 200.
  const isTrouble = stamp === undefined && !PART_OF_STAMP.test(text);
  const hasLast = stamp !== undefined && text !== "";
  // A last line without its line break: where anything was found, it is the last of it.
  const last = hasLast ? fresh.push(rest) : undefined;
  if (last?.wasWrong === true) supposed = undefined;
  if (isSecond) believe();
  const whole = end(isTrouble ? { failure: failedWith(troubleOf(text)) } : {});
  // It may still grow, or have been broken off: it counts once nothing else is left.
  if (hasEnded && whole.isQuiet && last !== undefined)
    count.add(isSecond ? [...last.supposed, ...last.sure] : last.sure);
  return whole;
}

/** All that is left of a line that was broken off within its stamp; and nothing at all. */
const PART_OF_STAMP = /^[\d:.TZ+-]*$/;

/** Most characters kept of what a kubelet says of its trouble. */
const MOST_SAID = 500;

const troubleOf = (said: string): string => `the node could not read the log: ${cut(said, MOST_SAID)}`;
