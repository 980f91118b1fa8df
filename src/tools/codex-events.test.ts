import { describe, expect, it } from "vitest";
import { event, readRun } from "../../test/agent-cli-logs.ts";
import { profiles } from "./profiles.ts";

const command = (fields: object) => event({ type: "item.completed", item: { type: "command_execution", ...fields } });
const error = (message: string) => event({ type: "error", message });
const failed = (message: string) => event({ type: "turn.failed", error: { message } });
const completed = (input: number) =>
  event({ type: "turn.completed", usage: { input_tokens: input, cached_input_tokens: 2, output_tokens: 3 } });
const started = event({ type: "turn.started" });

describe("Codex's commands", () => {
  it.each([
    [{ exit_code: 0, status: "completed" }, 1, 0],
    [{ exit_code: 2, status: "failed" }, 1, 1],
    [{ exit_code: null, status: "failed" }, 1, 1],
    [{ exit_code: null, status: "declined" }, 0, 0],
    [{ exit_code: null, status: "in_progress" }, 0, 0],
  ])("that end with %j: %i counted, %i failed", (fields, commands, failedCommands) => {
    expect(readRun("codex", [command(fields)])).toMatchObject({ commands, failedCommands, errorLines: 0 });
  });

  it("are not counted when they begin", () => {
    expect(readRun("codex", [event({ type: "item.started", item: { type: "command_execution" } })]).commands).toBe(0);
  });
});

describe("Codex's errors", () => {
  const limit = "You’ve hit your usage limit. Upgrade to Pro or try again at 6:30 PM.";

  it("are retries while it reconnects: no error line", () => {
    const lines = [
      error("Reconnecting... 1/5 (exceeded retry limit, last status: 429 Too Many Requests, request id: x)"),
      error("Reconnecting... 2/5 (stream disconnected before completion)"),
      error("Reconnecting... waiting for network"),
    ];
    expect(readRun("codex", lines)).toMatchObject({ lines: 3, errorLines: 0, rateLimits: 1, apiErrors: 2 });
  });

  it.each([
    ["a spent limit", limit, { rateLimits: 1, apiErrors: 0, errorLines: 0 }, "RateLimited"],
    [
      "a spent quota",
      "Quota exceeded. Check your plan and billing details.",
      { rateLimits: 1, errorLines: 0 },
      "RateLimited",
    ],
    [
      "a refused key",
      "unexpected status 401 Unauthorized: limit",
      { rateLimits: 0, apiErrors: 1, errorLines: 1 },
      "AgentError",
    ],
    ["a server", "unexpected status 500 Internal Server Error", { apiErrors: 1, errorLines: 1 }, "AgentError"],
    ["itself", "context window exceeded", { apiErrors: 0, rateLimits: 0, errorLines: 1 }, "AgentError"],
  ])("because of %s are told once, though they come twice", (_, message, counts, exitClass) => {
    expect(readRun("codex", [started, error(message), failed(message)], 1)).toMatchObject({
      lines: 3,
      ...counts,
      exitClass,
      result: { success: false, summary: message },
    });
  });

  it("of two turns are two, though they are the same", () => {
    const turn = [started, error("context window exceeded"), failed("context window exceeded")];
    expect(readRun("codex", [...turn, ...turn]).errorLines).toBe(2);
  });

  it("within an item are warnings", () => {
    const warning = event({ type: "item.completed", item: { type: "error", message: "Model metadata failed: error" } });
    expect(readRun("codex", [warning])).toMatchObject({ errorLines: 0, apiErrors: 0 });
  });

  it("that were got over do not make a later failure a rate limit", () => {
    const lines = [error("Reconnecting... 1/2 (429 Too Many Requests)"), command({ exit_code: 0 })];
    expect(readRun("codex", lines, 1).exitClass).toBe("AgentError");
  });
});

describe("Codex's usage", () => {
  it("is the thread's running total, and not summed", () => {
    expect(readRun("codex", [completed(6000), started, completed(7500)]).usage).toEqual({
      inputTokens: 7500,
      outputTokens: 3,
      cacheReadTokens: 2,
    });
  });

  it("of a resumed thread is only what came new, given the earlier run's state", () => {
    const first = profiles.codex.createReader();
    first.read(completed(6000));
    expect(profiles.codex.createReader(first.state()).read(completed(7500))).toContainEqual({
      kind: "usage",
      usage: { inputTokens: 1500, outputTokens: 0, cacheReadTokens: 0 },
    });
  });
});

it("has no verdict on a turn that has begun after the last", () => {
  expect(readRun("codex", [started, completed(1), started], 0).exitClass).toBe("EmptySuccess");
});
