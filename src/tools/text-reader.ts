import { plainLine } from "./plain-line.ts";
import { reportsError, withoutNone } from "./plain-text.ts";
import { saysRateLimited } from "./provider-failure.ts";
import {
  justALine,
  justAnError,
  LINE_OK,
  RATE_LIMITED,
  type LineReader,
  type Memory,
  type ReaderState,
} from "./reader.ts";
import { resetFromText, resetSignal } from "./reset-time.ts";

/** What every line that is more than chatter holds: most lines hold none of it, and need no closer look. */
const WORTH_A_LOOK = /error|panic|fatal|failed|limit|quota|capacity|429|too many|insufficient|exhausted|credit/i;

/** What every line that speaks of a spent limit holds (see provider-failure.ts). */
const OF_A_LIMIT = /limit|quota|capacity|429|too many|insufficient|exhausted|credit/i;

/** In a line that reports an error this is what failed; in any other it may be the name of a setting. */
const NAMES_LIMIT = /\b(?:rate|usage)[ _-]limits?\b/i;

/** A program that gives up over a rate limit says so in its last lines; one that went on for longer has got over it. */
const LAST_WORDS = 10;

/** Reads any program's output (S2–S4). What it cannot tell (commands, usage, a verdict of its own) stays untold. */
export function textReader(saved: ReaderState = {}): LineReader {
  const memory: Memory = structuredClone(saved);
  return {
    read(line, { stream, time } = {}) {
      if (memory.linesSinceLimit !== undefined && ++memory.linesSinceLimit >= LAST_WORDS) delete memory.linesSinceLimit;
      const text = plainLine(line);
      if (!WORTH_A_LOOK.test(text)) return justALine;
      const claims = withoutNone(text);
      const isError = reportsError(text, claims);
      if (OF_A_LIMIT.test(claims) && saysRateLimited(claims, isError ? NAMES_LIMIT : undefined)) {
        memory.linesSinceLimit = 0;
        return [LINE_OK, RATE_LIMITED, ...resetSignal(resetFromText(text, time))];
      }
      return isError && stream !== "stdout" ? justAnError : justALine;
    },
    end(exitCode) {
      if (exitCode === undefined) return { exitClass: undefined, success: undefined };
      if (exitCode === 0) return { exitClass: "Success", success: undefined };
      return { exitClass: memory.linesSinceLimit === undefined ? "AgentError" : "RateLimited", success: undefined };
    },
    state: () => structuredClone(memory),
  };
}
