import type { Signal } from "../nightwatch/signal.ts";
import { COMMAND_FAILED, COMMAND_OK } from "./commands.ts";
import type { EventFormat } from "./event-reader.ts";
import { countAt, numberAt, objectAt, textAt, type JsonObject } from "./json.ts";
import { providerFailure } from "./provider-failure.ts";
import { API_ERROR, API_OK, cutSummary, justALine, LINE_ERROR, LINE_OK, RATE_LIMITED, type Memory } from "./reader.ts";
import { resetFromHeaders, resetFromText, resetSignal } from "./reset-time.ts";
import { nameSession } from "./session.ts";
import { microUSD, usageSignal } from "./usage.ts";

/** A command that was never run because nobody allowed it, in OpenCode's words. */
const NOT_ALLOWED = /\b(?:permission|rejected|denied)\b/i;

/** Errors of the provider rather than of the agent, by OpenCode's names for them. */
const PROVIDER_ERRORS = new Set(["APIError", "ProviderAuthError"]);

/**
 * OpenCode, `run --format json` (measured with 1.18.33). There is no line with a verdict: a run has succeeded when its last
 * step stopped by itself and nothing failed. Retries do not show. Usage comes step by step.
 */
export const opencodeEvents: EventFormat = {
  read(event, memory, { time }) {
    const part = objectAt(event, "part");
    const session = nameSession(memory, textAt(event, "sessionID"));
    const signals = readEvent(event, part, memory, numberAt(event, "timestamp") ?? time);
    return signals === undefined || session.length === 0 ? signals : [...signals, ...session];
  },
};

function readEvent(
  event: JsonObject,
  part: JsonObject,
  memory: Memory,
  time: number | undefined,
): readonly Signal[] | undefined {
  switch (textAt(event, "type") ?? "") {
    case "step_start":
      if (memory.success === true) delete memory.success;
      return justALine;
    case "reasoning":
      return justALine;
    case "text":
      return [LINE_OK, { kind: "result", result: { summary: cutSummary(textAt(part, "text") ?? "") } }];
    case "tool_use":
      return textAt(part, "tool") === "bash" ? readCommand(objectAt(part, "state")) : justALine;
    case "step_finish":
      return readStep(part, memory);
    case "error":
      return readError(objectAt(event, "error"), memory, time);
    default:
      return undefined;
  }
}

/** The state says "completed" of a command that failed: only the exit code is true. */
function readCommand(state: JsonObject): readonly Signal[] {
  const exitCode = numberAt(objectAt(state, "metadata"), "exit");
  if (exitCode !== undefined) return [LINE_OK, exitCode === 0 ? COMMAND_OK : COMMAND_FAILED];
  const hasFailed = textAt(state, "status") === "error" && !NOT_ALLOWED.test(textAt(state, "error") ?? "");
  return hasFailed ? [LINE_OK, COMMAND_FAILED] : justALine;
}

function readStep(part: JsonObject, memory: Memory): readonly Signal[] {
  memory.isRateLimited = false;
  const tokens = objectAt(part, "tokens");
  const cost = microUSD(numberAt(part, "cost"));
  const usage = usageSignal({
    inputTokens: countAt(tokens, "input"),
    outputTokens: countAt(tokens, "output"),
    cacheReadTokens: countAt(objectAt(tokens, "cache"), "read"),
    // A model without a declared price costs 0 here: that says nothing.
    costMicroUSD: cost === 0 ? undefined : cost,
  });
  if (textAt(part, "reason") !== "stop" || memory.success === false) return [LINE_OK, API_OK, ...usage];
  memory.success = true;
  return [LINE_OK, API_OK, ...usage, { kind: "result", result: { success: true } }];
}

function readError(error: JsonObject, memory: Memory, time: number | undefined): readonly Signal[] {
  const data = objectAt(error, "data");
  const message = textAt(data, "message") ?? textAt(error, "message") ?? "";
  const text = `${message} ${textAt(data, "responseBody") ?? ""}`;
  const named = PROVIDER_ERRORS.has(textAt(error, "name") ?? "") ? "error" : undefined;
  const provider = providerFailure(text, numberAt(data, "statusCode")) ?? named;
  memory.success = false;
  memory.isRateLimited = provider === "rate-limited";
  const result: Signal = {
    kind: "result",
    result: { success: false, ...(message === "" ? {} : { summary: cutSummary(message) }) },
  };
  if (provider === undefined) return [LINE_ERROR, result];
  if (provider === "error") return [LINE_ERROR, API_ERROR, result];
  const reset = resetFromHeaders(objectAt(data, "responseHeaders"), time) ?? resetFromText(text, time);
  return [LINE_OK, RATE_LIMITED, ...resetSignal(reset), result];
}
