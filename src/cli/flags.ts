import { quote } from "../schedule/quote.ts";
import { UsageError } from "./command.ts";

/** For people or for programs. */
export type Output = "json" | "text";

/** The value of --output; undefined is text. @throws UsageError for any other word */
export function readOutput(text = "text"): Output {
  if (text === "json" || text === "text") return text;
  throw new UsageError(`--output ${quote(text)} is neither text nor json`);
}

/** A flag's whole number from `least` to `most`, in digits. @throws UsageError for anything else */
export function readWhole(flag: string, text: string, least: number, most: number): number {
  const number = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (number >= least && number <= most) return number;
  throw new UsageError(`${flag} ${quote(text)} is not a whole number from ${least} to ${most}`);
}
