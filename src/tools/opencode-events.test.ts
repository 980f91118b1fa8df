import { describe, expect, it } from "vitest";
import { event, readRun } from "../../test/agent-cli-logs.ts";

const bash = (state: object) => event({ type: "tool_use", part: { tool: "bash", state } });
const step = (reason: string, fields: object = {}) => event({ type: "step_finish", part: { reason, ...fields } });
const start = event({ type: "step_start", part: {} });
const failure = (data: object, name = "APIError") =>
  event({ type: "error", timestamp: Date.parse("2026-11-22T18:00:00Z"), error: { name, data } });

describe("OpenCode's commands", () => {
  it.each([
    [{ status: "completed", metadata: { exit: 0 } }, 1, 0],
    [{ status: "completed", metadata: { exit: 2 } }, 1, 1],
    [{ status: "error", error: "spawn failed" }, 1, 1],
    [{ status: "error", error: "The user rejected permission to use this tool" }, 0, 0],
    [{ status: "completed", metadata: { exit: null } }, 0, 0],
  ])("in state %j: %i counted, %i failed", (state, commands, failedCommands) => {
    expect(readRun("opencode", [bash(state)])).toMatchObject({ commands, failedCommands, errorLines: 0 });
  });

  it("are those of its shell alone", () => {
    const read = event({ type: "tool_use", part: { tool: "read", state: { status: "error", error: "no such file" } } });
    expect(readRun("opencode", [read])).toMatchObject({ commands: 0, errorLines: 0, unknownEvents: 0 });
  });
});

describe("OpenCode's errors", () => {
  it("are rate limits with status 429, with the reset of the provider's headers", () => {
    const headers = { "retry-after": "90", "x-ratelimit-remaining-requests": "0" };
    const limited = failure({
      message: "Rate limit reached",
      statusCode: 429,
      isRetryable: true,
      responseHeaders: headers,
    });
    expect(readRun("opencode", [start, limited], 1)).toMatchObject({
      errorLines: 0,
      apiErrors: 0,
      rateLimits: 1,
      rateLimitResetTime: "2026-11-22T18:01:30Z",
      exitClass: "RateLimited",
      result: { success: false, summary: "Rate limit reached" },
    });
  });

  it("are rate limits where only the body says so", () => {
    expect(
      readRun("opencode", [failure({ message: "Bad", responseBody: '{"code":"insufficient_quota"}' })]).rateLimits,
    ).toBe(1);
  });

  it.each([
    [{ message: "Internal error", statusCode: 500 }, "APIError", 1],
    [{ message: "you've hit your limit", statusCode: 401 }, "APIError", 1],
    [{ providerID: "x", message: "no key" }, "ProviderAuthError", 1],
    [{ message: "something odd" }, "UnknownError", 0],
  ])("%j (%s) are an error line, and %i of the provider", (data, name, apiErrors) => {
    expect(readRun("opencode", [failure(data, name)], 1)).toMatchObject({
      errorLines: 1,
      apiErrors,
      rateLimits: 0,
      exitClass: "AgentError",
    });
  });
});

describe("OpenCode's verdict", () => {
  it.each([
    ["stopped by itself", [start, step("stop")], "Success", true],
    ["was to go on", [start, step("tool-calls")], "EmptySuccess", undefined],
    ["was cut off in a later step", [start, step("stop"), start], "EmptySuccess", undefined],
    ["had an error, though the last step stopped", [start, failure({}), start, step("stop")], "AgentError", false],
  ])("where the run %s", (_, lines, exitClass, success) => {
    expect(readRun("opencode", lines, 0)).toMatchObject({ exitClass, success });
  });
});

describe("OpenCode's usage", () => {
  const tokens = { input: 1200, output: 80, reasoning: 0, cache: { write: 0, read: 300 } };

  it("is summed step by step", () => {
    const lines = [step("tool-calls", { tokens, cost: 0.00489 }), step("stop", { tokens, cost: 0.00489 })];
    expect(readRun("opencode", lines).usage).toEqual({
      inputTokens: 2400,
      outputTokens: 160,
      cacheReadTokens: 600,
      costMicroUSD: 9780,
    });
  });

  it("has no cost where the model has no declared price: 0 says nothing", () => {
    expect(readRun("opencode", [step("stop", { tokens, cost: 0 })]).usage).not.toHaveProperty("costMicroUSD");
  });
});
