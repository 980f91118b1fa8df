import { describe, expect, it } from "vitest";
import { event, readRun } from "../../test/agent-cli-logs.ts";
import { profiles } from "./profiles.ts";

const bash = (id: string) =>
  event({
    type: "assistant",
    message: { id: `m-${id}`, content: [{ type: "tool_use", id, name: "Bash", input: {} }] },
  });
const outcome = (id: string, fields: object = {}, more: object = {}) =>
  event({
    type: "user",
    message: { role: "user", content: [{ type: "tool_result", tool_use_id: id, ...fields }] },
    ...more,
  });
const retry = (status: number | null, error: string) =>
  event({ type: "system", subtype: "api_retry", attempt: 1, error_status: status, error });
const apiError = (error: string, text: string) =>
  event({
    type: "assistant",
    error,
    is_api_error_message: true,
    timestamp: "2026-11-22T17:00:00Z",
    message: { id: "x", content: [{ type: "text", text }] },
  });
const result = (fields: object = {}) => event({ type: "result", subtype: "success", is_error: false, ...fields });
const rejected = event({ type: "rate_limit_event", rate_limit_info: { status: "rejected", resetsAt: 1795371651 } });

describe("Claude Code's commands", () => {
  it("fail where the result of a Bash call is an error, and only there", () => {
    const read = event({ type: "assistant", message: { content: [{ type: "tool_use", id: "r", name: "Read" }] } });
    const lines = [bash("a"), outcome("a"), bash("b"), outcome("b", { is_error: true, content: "Exit code 2" }), read];
    expect(readRun("claude", [...lines, outcome("r", { is_error: true })])).toMatchObject({
      commands: 2,
      failedCommands: 1,
      errorLines: 0,
    });
  });

  it("are told apart when several run at once", () => {
    const lines = [bash("a"), bash("b"), outcome("b", { is_error: true }), outcome("a", { is_error: false })];
    expect(readRun("claude", lines)).toMatchObject({ commands: 2, failedCommands: 1 });
  });

  it.each([
    [
      "by an event",
      [event({ type: "system", subtype: "permission_denied", tool_name: "Bash", tool_use_id: "a" })],
      {},
      {},
    ],
    [
      "by the result's own record",
      [],
      {},
      { tool_result_meta: [{ id: "a", permission_decision: { decision: "deny" } }] },
    ],
    ["by its text", [], { content: "Permission to use Bash with command ls has been denied." }, {}],
    ["by its text in blocks", [], { content: [{ type: "text", text: "This command requires approval" }] }, {}],
  ])("that were not allowed never ran, told %s", (_, before, fields, more) => {
    const lines = [bash("a"), ...before, outcome("a", { is_error: true, ...fields }, more)];
    expect(readRun("claude", lines)).toMatchObject({ lines: lines.length, commands: 0, failedCommands: 0 });
  });

  it("do not grow the state when their outcomes never come", () => {
    const reader = profiles.claude.createReader();
    for (let id = 0; id < 1000; id++) reader.read(bash(`toolu_${id}`));
    expect(reader.state().pendingCommands).toHaveLength(64);
  });
});

describe("Claude Code's requests", () => {
  it("are one per message, not per line", () => {
    const block = (id: string) => event({ type: "assistant", message: { id, content: [{ type: "text", text: "x" }] } });
    const reader = profiles.claude.createReader();
    const signals = [block("1"), block("1"), block("2")].flatMap((line) => reader.read(line));
    expect(signals.filter(({ kind }) => kind === "api")).toEqual([
      { kind: "api", outcome: "ok" },
      { kind: "api", outcome: "ok" },
    ]);
  });

  it.each([
    [429, "rate_limit", 0, 1],
    [null, "rate_limit", 0, 1],
    [529, "overloaded", 1, 0],
    [500, "server_error", 1, 0],
    [null, "unknown", 1, 0],
    [401, "authentication_failed", 1, 0],
    [401, "rate_limit", 1, 0],
  ])(
    "that are tried again after %s %s: %i errors, %i rate limits, no error line (S3, lesson 38)",
    (status, error, apiErrors, rateLimits) => {
      expect(readRun("claude", [retry(status, error)])).toMatchObject({ errorLines: 0, apiErrors, rateLimits });
    },
  );

  it("that end in a rate limit make no error line, and the exit RateLimited", () => {
    const lines = [
      retry(429, "rate_limit"),
      apiError("rate_limit", "API Error: Request rejected (429) · slow down"),
      result({
        is_error: true,
        api_error_status: 429,
        terminal_reason: "api_error",
        result: "API Error: Request rejected (429)",
      }),
    ];
    expect(readRun("claude", lines, 1)).toMatchObject({
      errorLines: 0,
      apiErrors: 0,
      rateLimits: 2,
      exitClass: "RateLimited",
      result: { success: false, summary: "API Error: Request rejected (429)" },
    });
  });

  it("that end in a server's error make one error line", () => {
    const lines = [
      retry(500, "server_error"),
      apiError("server_error", "API Error: 500"),
      result({ is_error: true, api_error_status: 500, terminal_reason: "api_error", result: "API Error: 500" }),
    ];
    expect(readRun("claude", lines, 1)).toMatchObject({
      errorLines: 1,
      apiErrors: 2,
      rateLimits: 0,
      exitClass: "AgentError",
    });
  });

  it("are told by the verdict where no message told them", () => {
    const failed = (status: number, text: string) =>
      readRun("claude", [result({ is_error: true, api_error_status: status, result: text })], 1);
    expect(failed(429, "API Error")).toMatchObject({ rateLimits: 1, errorLines: 0, exitClass: "RateLimited" });
    expect(failed(400, "Credit balance is too low")).toMatchObject({ rateLimits: 1, exitClass: "RateLimited" });
    expect(failed(400, "invalid request")).toMatchObject({ apiErrors: 1, errorLines: 1, exitClass: "AgentError" });
    expect(failed(401, "You've hit your limit")).toMatchObject({
      rateLimits: 0,
      apiErrors: 1,
      exitClass: "AgentError",
    });
  });

  it("leave a login that failed an error, though it is called a limit (lesson 38)", () => {
    const lines = [
      apiError("authentication_failed", "You've hit your limit · Please run /login"),
      result({ is_error: true }),
    ];
    expect(readRun("claude", lines, 1)).toMatchObject({
      rateLimits: 0,
      apiErrors: 1,
      errorLines: 1,
      exitClass: "AgentError",
    });
  });
});

describe("Claude Code's subscription limits", () => {
  const told = apiError("rate_limit", "You've hit your limit · resets 6:20pm (UTC)");
  const verdict = result({ is_error: true, api_error_status: 429 });

  it("tell their reset", () => {
    expect(readRun("claude", [rejected])).toMatchObject({ rateLimits: 1, rateLimitResetTime: "2026-11-22T18:20:51Z" });
    expect(readRun("claude", [told])).toMatchObject({ rateLimits: 1, rateLimitResetTime: "2026-11-22T18:20:00Z" });
  });

  it.each([
    ["event before message", [rejected, told, verdict]],
    ["message before event", [told, rejected, verdict]],
    ["event and verdict alone", [rejected, verdict]],
  ])("count once: %s", (_, lines) => {
    expect(readRun("claude", lines, 1)).toMatchObject({ rateLimits: 1, errorLines: 0, exitClass: "RateLimited" });
  });

  it.each([{ status: "allowed_warning" }, { status: "allowed" }, { status: "rejected", isUsingOverage: true }])(
    "do not count while the provider goes on answering: %j",
    (info) => {
      expect(readRun("claude", [event({ type: "rate_limit_event", rate_limit_info: info })]).rateLimits).toBe(0);
    },
  );
});

describe("Claude Code's verdict", () => {
  it.each([
    ["success", {}, 0, "Success", 0],
    ["is_error, though the subtype says success", { is_error: true }, 1, "AgentError", 1],
    [
      "is_error with exit code 0, as after SIGINT",
      { subtype: "error_during_execution", is_error: true },
      0,
      "AgentError",
      1,
    ],
    ["turns that ran out, though is_error is false", { subtype: "error_max_turns" }, 1, "AgentError", 1],
    ["no is_error, as of an older version", { is_error: undefined }, 0, "Success", 0],
    ["success, but a bad exit code", {}, 1, "AgentError", 0],
  ])("of %s", (_, fields, exitCode, exitClass, errorLines) => {
    expect(readRun("claude", [result(fields)], exitCode)).toMatchObject({ exitClass, errorLines });
  });

  it("lists the errors where there is no text", () => {
    const budget = {
      subtype: "error_max_budget_usd",
      is_error: true,
      errors: ["Reached maximum budget ($0.006)", null],
    };
    expect(readRun("claude", [result(budget)]).result.summary).toBe("Reached maximum budget ($0.006)");
  });

  it("stands for its own turn only: a turn that began after it has none yet", () => {
    const init = event({ type: "system", subtype: "init", session_id: "s" });
    expect(readRun("claude", [init, result(), init], 0).exitClass).toBe("EmptySuccess");
  });

  it("cuts a long summary at a whole character (lesson 48)", () => {
    const { summary = "" } = readRun("claude", [result({ result: "😀".repeat(5000) })]).result;
    expect(summary.length).toBeLessThanOrEqual(4096);
    expect(summary.isWellFormed()).toBe(true);
    expect(summary.endsWith("😀…")).toBe(true);
  });
});

describe("Claude Code's usage", () => {
  const used = (cost: number, session = "s") =>
    result({
      session_id: session,
      total_cost_usd: cost,
      usage: { input_tokens: 100, output_tokens: 10, cache_read_input_tokens: 5 },
    });

  it("has tokens of each turn, and the session's cost as a running total: only one is summed", () => {
    expect(readRun("claude", [used(0.0278), used(0.0348)]).usage).toEqual({
      inputTokens: 200,
      outputTokens: 20,
      cacheReadTokens: 10,
      costMicroUSD: 34_800,
    });
  });

  it("starts a new total with a new session, and when the total shrinks", () => {
    expect(readRun("claude", [used(0.02, "a"), used(0.03, "b")]).usage.costMicroUSD).toBe(50_000);
    expect(readRun("claude", [used(0.02), used(0.01)]).usage.costMicroUSD).toBe(30_000);
  });

  it("of a resumed session is only what came new, given the earlier run's state", () => {
    const first = profiles.claude.createReader();
    first.read(used(0.0278));
    const signals = profiles.claude.createReader(first.state()).read(used(0.0348));
    expect(signals).toContainEqual({ kind: "usage", usage: expect.objectContaining({ costMicroUSD: 7000 }) as object });
  });

  it("is untold where the verdict tells none", () => {
    expect(readRun("claude", [result()]).usage).toEqual({});
  });
});
