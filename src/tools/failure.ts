import type { Signal } from "../nightwatch/signal.ts";
import { cut } from "./cut.ts";
import { providerFailure } from "./provider-failure.ts";
import { API_ERROR, justALine, LINE_ERROR, LINE_OK, RATE_LIMITED, type Memory } from "./reader.ts";
import { resetFromText, resetSignal } from "./reset-time.ts";

/** Enough of a message to know it again. */
const FAILURE_MAX = 200;

/**
 * The signals of a line that says that something failed for good. Tools say it twice with one text, as an event and again
 * in their verdict: it is told once. A spent rate limit is no error line (S3).
 */
export function tellFailure(message: string, memory: Memory, time: number | undefined): readonly Signal[] {
  const failure = cut(message, FAILURE_MAX);
  if (memory.lastFailure === failure) return justALine;
  memory.lastFailure = failure;
  const provider = providerFailure(message);
  memory.isRateLimited = provider === "rate-limited";
  if (provider === undefined) return [LINE_ERROR];
  if (provider === "error") return [LINE_ERROR, API_ERROR];
  return [LINE_OK, RATE_LIMITED, ...resetSignal(resetFromText(message, time))];
}
