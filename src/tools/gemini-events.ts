import type { Signal } from "../nightwatch/signal.ts";
import { beginCommand, endCommand } from "./commands.ts";
import type { EventFormat } from "./event-reader.ts";
import { tellFailure } from "./failure.ts";
import { countAt, objectAt, textAt, type JsonObject } from "./json.ts";
import { providerFailure } from "./provider-failure.ts";
import { API_ERROR, cutSummary, justALine, justAnError, LINE_OK, RATE_LIMITED, type Memory } from "./reader.ts";
import { resetFromText, resetSignal } from "./reset-time.ts";
import { nameSession } from "./session.ts";
import { usageSignal } from "./usage.ts";

const SHELL = "run_shell_command";

/** How Gemini tells of a request that failed and is tried again: on stderr, never as an event. */
const ATTEMPT_FAILED = /^Attempt \d+ failed\b/;

/**
 * Gemini CLI, `--output-format stream-json` (measured with 0.61.0). It says "success" of every command that could be
 * started, whatever its exit code: so commands and their outcomes stay unknown. Only one that could not even be started
 * shows, and is an error line: with a read-only /tmp all of them fail so in a run that ends as a success.
 */
export const geminiEvents: EventFormat = {
  read(event, memory, { time }) {
    const at = Date.parse(textAt(event, "timestamp") ?? "") || time;
    switch (textAt(event, "type") ?? "") {
      case "init":
        delete memory.success;
        delete memory.lastFailure;
        return [LINE_OK, ...nameSession(memory, textAt(event, "session_id"))];
      case "message":
        return readMessage(event, memory);
      case "tool_use":
        memory.isRateLimited = false;
        delete memory.words;
        if (textAt(event, "tool_name") === SHELL) beginCommand(memory, textAt(event, "tool_id"));
        return justALine;
      case "tool_result":
        return endCommand(memory, textAt(event, "tool_id")) && textAt(event, "status") === "error"
          ? justAnError
          : justALine;
      case "error":
        // Severity "warning" is no failure, such as that of a loop that was detected.
        return textAt(event, "severity") === "warning"
          ? justALine
          : tellFailure(textAt(event, "message") ?? "", memory, at);
      case "result":
        return readResult(event, memory, at);
      default:
        return undefined;
    }
  },

  chatter(text, memory, { time }) {
    if (!ATTEMPT_FAILED.test(text)) return justALine;
    memory.isRateLimited = providerFailure(text) === "rate-limited";
    if (!memory.isRateLimited) return [LINE_OK, API_ERROR];
    return [LINE_OK, RATE_LIMITED, ...resetSignal(resetFromText(text, time))];
  },

  // It exits with the last byte of the HTTP status: 429 & 0xff.
  exitCodes: { 173: "RateLimited" },
};

/** The agent's words come in pieces, which go together up to the next tool or prompt. */
function readMessage(event: JsonObject, memory: Memory): readonly Signal[] {
  if (textAt(event, "role") !== "assistant") {
    delete memory.words;
    return justALine;
  }
  memory.isRateLimited = false;
  const before = event["delta"] === true ? (memory.words ?? "") : "";
  memory.words = cutSummary(before + (textAt(event, "content") ?? ""));
  return justALine;
}

function readResult(event: JsonObject, memory: Memory, time: number | undefined): readonly Signal[] {
  const success = textAt(event, "status") === "success";
  const message = textAt(objectAt(event, "error"), "message");
  const summary = success ? memory.words : message === undefined ? undefined : cutSummary(message);
  const lines = success ? justALine : tellFailure(message ?? "", memory, time);
  if (success) memory.isRateLimited = false;
  memory.success = success;
  delete memory.words;
  const stats = objectAt(event, "stats");
  return [
    ...lines,
    ...usageSignal({
      inputTokens: countAt(stats, "input_tokens"),
      outputTokens: countAt(stats, "output_tokens"),
      cacheReadTokens: countAt(stats, "cached"),
    }),
    { kind: "result", result: { success, ...(summary === undefined ? {} : { summary }) } },
  ];
}
