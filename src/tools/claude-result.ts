import type { Signal } from "../nightwatch/signal.ts";
import { claudeFailure } from "./claude-failure.ts";
import { countAt, numberAt, objectAt, textAt, type JsonObject } from "./json.ts";
import { API_ERROR, cutSummary, LINE_ERROR, LINE_OK, RATE_LIMITED, type Memory } from "./reader.ts";
import { nameSession } from "./session.ts";
import { growth, microUSD, usageSignal } from "./usage.ts";

/**
 * Claude Code's verdict on a turn. is_error is the truth: the subtype says "success" even when the API failed. Tokens are
 * the turn's own, of the main loop; the cost is the session's running total.
 */
export function readClaudeResult(event: JsonObject, memory: Memory): readonly Signal[] {
  const session = nameSession(memory, textAt(event, "session_id"));
  const subtype = textAt(event, "subtype") ?? "";
  const isError = event["is_error"] ?? subtype !== "success";
  // Older versions say is_error: false when the turns ran out.
  const success = isError === false && !subtype.startsWith("error");
  const summary = summaryOf(event);
  memory.success = success;
  return [
    ...(success ? succeeded(memory) : failed(event, summary ?? "", memory)),
    ...session,
    ...usageOf(event, memory),
    { kind: "result", result: { success, ...(summary === undefined ? {} : { summary }) } },
  ];
}

function succeeded(memory: Memory): readonly Signal[] {
  memory.isRateLimited = false;
  return [LINE_OK];
}

/** The request that failed was told by the message before, if there was one. A spent rate limit is no error line (S3). */
function failed(event: JsonObject, text: string, memory: Memory): readonly Signal[] {
  const status = numberAt(event, "api_error_status");
  const isUntold =
    memory.isFailureTold !== true && (status !== undefined || textAt(event, "terminal_reason") === "api_error");
  if (!isUntold) return [memory.isRateLimited === true ? LINE_OK : LINE_ERROR];
  memory.isRateLimited = claudeFailure(event, text, status) === "rate-limited";
  const isAnnounced = memory.isLimitAnnounced === true;
  memory.isLimitAnnounced = false;
  if (!memory.isRateLimited) return [LINE_ERROR, API_ERROR];
  return isAnnounced ? [LINE_OK] : [LINE_OK, RATE_LIMITED];
}

function summaryOf(event: JsonObject): string | undefined {
  const errors: unknown = event["errors"];
  const listed = Array.isArray(errors) ? errors.filter((error) => typeof error === "string").join("; ") : "";
  const text = textAt(event, "result") ?? (listed === "" ? undefined : listed);
  return text === undefined ? undefined : cutSummary(text);
}

function usageOf(event: JsonObject, memory: Memory): readonly Signal[] {
  const usage = objectAt(event, "usage");
  return usageSignal({
    inputTokens: countAt(usage, "input_tokens"),
    outputTokens: countAt(usage, "output_tokens"),
    cacheReadTokens: countAt(usage, "cache_read_input_tokens"),
    costMicroUSD: growth(memory, "costMicroUSD", microUSD(numberAt(event, "total_cost_usd"))),
  });
}
