import { parseLogLine } from "../tools/log-line.ts";

/**
 * The order of two stamps of a log: negative, 0 or positive. To the nanosecond, however many decimals each has: Go trims
 * trailing zeros in RFC3339Nano, newer kubelets write all nine. A stamp that is none counts as the oldest.
 */
export function compareStamps(a: string, b: string): number {
  if (a === b) return 0;
  const [secondA, secondB] = [secondOf(a), secondOf(b)];
  if (secondA !== secondB) return secondA - secondB;
  return nanosecondsOf(a) - nanosecondsOf(b);
}

/** Milliseconds since the epoch; undefined for what is no stamp. */
export function timeOf(stamp: string): number | undefined {
  return parseLogLine(stamp).time;
}

/** The whole second before the one that an instant is in, as RFC 3339. */
export function secondBefore(time: number): string {
  return new Date((Math.floor(time / 1000) - 1) * 1000).toISOString().replace(".000Z", "Z");
}

function secondOf(stamp: string): number {
  return Math.floor((timeOf(stamp) ?? -1) / 1000);
}

function nanosecondsOf(stamp: string): number {
  const decimals = /\.(\d{1,9})/.exec(stamp)?.[1] ?? "";
  return Number(decimals.padEnd(9, "0"));
}
