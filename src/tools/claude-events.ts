import type { Signal } from "../nightwatch/signal.ts";
import { readClaudeResult } from "./claude-result.ts";
import { claudeFailure } from "./claude-failure.ts";
import { beginCommand, COMMAND_FAILED, COMMAND_OK, endCommand } from "./commands.ts";
import type { EventFormat } from "./event-reader.ts";
import { numberAt, objectAt, objectsAt, textAt, type JsonObject } from "./json.ts";
import { API_ERROR, API_OK, justALine, LINE_OK, RATE_LIMITED, type LineOrigin, type Memory } from "./reader.ts";
import { resetFromEpoch, resetFromText, resetSignal } from "./reset-time.ts";
import { nameSession } from "./session.ts";

/** The shell, as Claude Code calls it. */
const SHELL = "Bash";

/** Events that say nothing of how the agent does (SDK types of 0.3.330). */
const OTHER_EVENTS = new Set([
  "auth_status",
  "control_cancel_request",
  "control_request",
  "control_response",
  "conversation_reset",
  "keep_alive",
  "prompt_suggestion",
  "session_writes_lost",
  "stream_event",
  "tool_progress",
  "tool_use_summary",
]);

/** Likewise, of the type system. */
const OTHER_SYSTEM_EVENTS = new Set([
  "background_tasks_changed",
  "commands_changed",
  "compact_boundary",
  "control_request_progress",
  "conversation_reset",
  "elicitation_complete",
  "files_persisted",
  "hook_progress",
  "hook_response",
  "hook_started",
  "informational",
  "local_command_output",
  "memory_recall",
  "mirror_error",
  "model_refusal_fallback",
  "model_refusal_no_fallback",
  "notification",
  "plugin_install",
  "session_state_changed",
  "session_writes_lost",
  "status",
  "task_notification",
  "task_progress",
  "task_started",
  "task_updated",
  "thinking_tokens",
  "worker_shutting_down",
]);

/** What a command that was not allowed gives back instead of output: it never ran. */
const NOT_ALLOWED =
  /^(?:<tool_use_error>)?(?:Permission to use|Claude requested permissions? to|This command requires approval|The user doesn't want to)/;

/** Claude Code, `--output-format stream-json` (measured with 2.1.330). A failed command is told by is_error alone. */
export const claudeEvents: EventFormat = {
  read(event, memory, origin) {
    const type = textAt(event, "type") ?? "";
    switch (type) {
      case "system":
        return readSystem(event, memory);
      case "assistant":
        return readAnswer(event, memory, origin);
      case "user":
        return readToolResults(event, memory);
      case "result":
        return readClaudeResult(event, memory);
      case "rate_limit_event":
        return readRateLimit(objectAt(event, "rate_limit_info"), memory);
      default:
        return OTHER_EVENTS.has(type) ? justALine : undefined;
    }
  },
};

function readSystem(event: JsonObject, memory: Memory): readonly Signal[] | undefined {
  const subtype = textAt(event, "subtype") ?? "";
  switch (subtype) {
    case "init":
      // One comes at the begin of every turn: what the turn before ended with is no verdict on this one.
      delete memory.success;
      return [LINE_OK, ...nameSession(memory, textAt(event, "session_id"))];
    case "api_retry":
      return [LINE_OK, ...tellRequest(claudeFailure(event, "", numberAt(event, "error_status")), memory)];
    case "permission_denied":
      endCommand(memory, textAt(event, "tool_use_id"));
      return justALine;
    default:
      return OTHER_SYSTEM_EVENTS.has(subtype) ? justALine : undefined;
  }
}

/** One line per block of content: lines of one message are one request. */
function readAnswer(event: JsonObject, memory: Memory, { time }: LineOrigin): readonly Signal[] {
  const message = objectAt(event, "message");
  if (isApiError(event)) {
    const text = objectsAt(message, "content")
      .map((block) => textAt(block, "text") ?? "")
      .join("\n");
    const failure = claudeFailure(
      event,
      text,
      numberAt(event, "api_error_status") ?? numberAt(event, "apiErrorStatus"),
    );
    memory.isFailureTold = true;
    const at = Date.parse(textAt(event, "timestamp") ?? "") || time;
    const reset = failure === "rate-limited" ? resetFromText(text, at) : undefined;
    return [LINE_OK, ...tellRequest(failure, memory), ...resetSignal(reset)];
  }
  for (const block of objectsAt(message, "content")) {
    if (textAt(block, "type") === "tool_use" && textAt(block, "name") === SHELL)
      beginCommand(memory, textAt(block, "id"));
  }
  memory.isRateLimited = false;
  memory.isLimitAnnounced = false;
  memory.isFailureTold = false;
  const id = textAt(message, "id");
  if (id === undefined || id === memory.lastMessageID) return justALine;
  memory.lastMessageID = id;
  return [LINE_OK, API_OK];
}

/** The message that Claude Code writes in the model's place when a request has failed for good. */
function isApiError(event: JsonObject): boolean {
  return (
    event["is_api_error_message"] === true ||
    event["isApiErrorMessage"] === true ||
    textAt(event, "error") !== undefined
  );
}

function readToolResults(event: JsonObject, memory: Memory): readonly Signal[] {
  const results = objectsAt(objectAt(event, "message"), "content").filter(
    (block) => textAt(block, "type") === "tool_result" && endCommand(memory, textAt(block, "tool_use_id")),
  );
  if (results.length === 0) return justALine;
  const decisions = objectsAt(event, "tool_result_meta");
  const outcomes = results
    .filter((result) => !wasDenied(result, decisions))
    .map((result) => (result["is_error"] === true ? COMMAND_FAILED : COMMAND_OK));
  return [LINE_OK, ...outcomes];
}

/** A command that was not allowed was never run: neither a success nor a failure of the agent. */
function wasDenied(result: JsonObject, decisions: readonly JsonObject[]): boolean {
  const meta = decisions.find((decision) => textAt(decision, "id") === textAt(result, "tool_use_id")) ?? {};
  const decision = textAt(objectAt(meta, "permission_decision"), "decision");
  if (decision === "deny" || decision === "reject") return true;
  return result["is_error"] === true && NOT_ALLOWED.test(contentText(result));
}

function contentText(result: JsonObject): string {
  return textAt(result, "content") ?? textAt(objectsAt(result, "content")[0] ?? {}, "text") ?? "";
}

/**
 * Comes with a subscription only. A rejection is one request that was turned away, which a message may report as well; paid
 * overage lets the run go on.
 */
function readRateLimit(info: JsonObject, memory: Memory): readonly Signal[] {
  const isRejected = textAt(info, "status") === "rejected";
  if (!isRejected || info["isUsingOverage"] === true || info["overageInUse"] === true) return justALine;
  const reset = resetSignal(resetFromEpoch(numberAt(info, "resetsAt")));
  if (memory.isRateLimited === true) return [LINE_OK, ...reset];
  memory.isRateLimited = true;
  memory.isLimitAnnounced = true;
  return [LINE_OK, RATE_LIMITED, ...reset];
}

/** One request that failed; none where an event of its own has told of it already. */
function tellRequest(failure: "rate-limited" | "error", memory: Memory): readonly Signal[] {
  memory.isRateLimited = failure === "rate-limited";
  const isTold = memory.isRateLimited && memory.isLimitAnnounced === true;
  memory.isLimitAnnounced = false;
  if (isTold) return [];
  return [memory.isRateLimited ? RATE_LIMITED : API_ERROR];
}
