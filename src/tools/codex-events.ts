import type { Signal } from "../nightwatch/signal.ts";
import { COMMAND_FAILED, COMMAND_OK } from "./commands.ts";
import type { EventFormat } from "./event-reader.ts";
import { tellFailure } from "./failure.ts";
import { countAt, numberAt, objectAt, textAt, type JsonObject } from "./json.ts";
import { providerFailure } from "./provider-failure.ts";
import { API_ERROR, cutSummary, justALine, LINE_OK, RATE_LIMITED, type Memory } from "./reader.ts";
import { nameSession } from "./session.ts";
import { growth, usageSignal } from "./usage.ts";

/** How Codex says that it tries again: the run goes on. */
const RETRIES = /^(?:re-?connecting|retrying)\b/i;

/** Codex CLI, `exec --json` (measured with 0.169.0). Exit codes of commands are true; usage is the thread's running total. */
export const codexEvents: EventFormat = {
  read(event, memory, { time }) {
    switch (textAt(event, "type") ?? "") {
      case "thread.started":
        return [LINE_OK, ...nameSession(memory, textAt(event, "thread_id"))];
      case "turn.started":
        delete memory.success;
        delete memory.lastFailure;
        return justALine;
      case "item.started":
      case "item.updated":
        return justALine;
      case "item.completed":
        return readItem(objectAt(event, "item"), memory);
      case "error":
        return readError(textAt(event, "message") ?? "", memory, time);
      case "turn.failed": {
        const message = textAt(objectAt(event, "error"), "message") ?? "";
        memory.success = false;
        return [
          ...tellFailure(message, memory, time),
          { kind: "result", result: { success: false, ...(message === "" ? {} : { summary: cutSummary(message) }) } },
        ];
      }
      case "turn.completed":
        memory.success = true;
        memory.isRateLimited = false;
        return [LINE_OK, ...readUsage(objectAt(event, "usage"), memory), { kind: "result", result: { success: true } }];
      default:
        return undefined;
    }
  },
};

function readItem(item: JsonObject, memory: Memory): readonly Signal[] | undefined {
  const type = textAt(item, "type") ?? "";
  // "error" is a warning such as that of a model without metadata: what fails for good comes as an event of its own.
  if (type === "error") return justALine;
  memory.isRateLimited = false;
  switch (type) {
    case "command_execution":
      return readCommand(item);
    case "agent_message":
      return [LINE_OK, { kind: "result", result: { summary: cutSummary(textAt(item, "text") ?? "") } }];
    case "reasoning":
    case "file_change":
    case "mcp_tool_call":
    case "collab_tool_call":
    case "web_search":
    case "todo_list":
      return justALine;
    default:
      return undefined;
  }
}

function readCommand(item: JsonObject): readonly Signal[] {
  const exitCode = numberAt(item, "exit_code");
  if (exitCode !== undefined) return [LINE_OK, exitCode === 0 ? COMMAND_OK : COMMAND_FAILED];
  // Without an exit code "failed" is a command that could not be started, and "declined" one that nobody ran.
  return textAt(item, "status") === "failed" ? [LINE_OK, COMMAND_FAILED] : justALine;
}

function readError(message: string, memory: Memory, time: number | undefined): readonly Signal[] {
  if (!RETRIES.test(message)) return tellFailure(message, memory, time);
  memory.isRateLimited = providerFailure(message) === "rate-limited";
  return [LINE_OK, memory.isRateLimited ? RATE_LIMITED : API_ERROR];
}

function readUsage(usage: JsonObject, memory: Memory): readonly Signal[] {
  return usageSignal({
    inputTokens: growth(memory, "inputTokens", countAt(usage, "input_tokens")),
    outputTokens: growth(memory, "outputTokens", countAt(usage, "output_tokens")),
    cacheReadTokens: growth(memory, "cacheReadTokens", countAt(usage, "cached_input_tokens")),
  });
}
