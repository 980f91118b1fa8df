/** One line of a Pod's log. */
export interface LogLine {
  /** When it was written, as the log says it: RFC 3339 with up to nine decimals. Undefined where the log does not say. */
  readonly stamp: string | undefined;
  /** The same in milliseconds since the epoch, rounded down. */
  readonly time: number | undefined;
  readonly text: string;
}

/** What `kubectl logs --timestamps` puts before each line; nothing follows it where the line is empty. */
const STAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)(?= |$)/;

/** Takes the time off a line that begins with one. */
export function parseLogLine(line: string): LogLine {
  const stamp = stampLikeLast(line) ?? STAMP.exec(line)?.[0];
  const time = stamp === undefined ? Number.NaN : secondOf(stamp) + fractionOf(stamp);
  if (stamp === undefined || Number.isNaN(time)) return { stamp: undefined, time: undefined, text: line };
  return { stamp, time, text: line.slice(stamp.length + 1) };
}

/** Without fraction and zone: 2026-11-22T22:18:01. */
const SECOND_LENGTH = 19;

/** The last second that was parsed: most lines are of the same one, and to parse it costs more than all the rest. */
let last = { second: "never", zone: "", time: Number.NaN };

function secondOf(stamp: string): number {
  if (!stamp.startsWith(last.second) || !stamp.endsWith(last.zone)) {
    const second = stamp.slice(0, SECOND_LENGTH);
    const zone = stamp.endsWith("Z") ? "Z" : stamp.slice(-6);
    last = { second, zone, time: Date.parse(second + zone) };
  }
  return last.time;
}

/** The stamp of a line of the last second in UTC, as nearly every line is, without the cost of the whole pattern. */
function stampLikeLast(line: string): string | undefined {
  if (!line.startsWith(last.second)) return undefined;
  let end = SECOND_LENGTH;
  if (line[end] === ".") {
    end += 1;
    while (end < MOST_LENGTH && isDigit(line.charCodeAt(end))) end += 1;
    if (end === SECOND_LENGTH + 1) return undefined;
  }
  if (line[end] !== "Z") return undefined;
  end += 1;
  return end === line.length || line[end] === " " ? line.slice(0, end) : undefined;
}

/** Second, point and nine decimals. */
const MOST_LENGTH = SECOND_LENGTH + 10;

const isDigit = (code: number): boolean => code >= 48 && code <= 57;

/** Whole milliseconds of the decimals. */
function fractionOf(stamp: string): number {
  if (stamp[SECOND_LENGTH] !== ".") return 0;
  return digitAt(stamp, 20) * 100 + digitAt(stamp, 21) * 10 + digitAt(stamp, 22);
}

/** 0 where the decimals have ended. */
function digitAt(stamp: string, at: number): number {
  const digit = stamp.charCodeAt(at) - 48;
  return digit >= 0 && digit <= 9 ? digit : 0;
}
