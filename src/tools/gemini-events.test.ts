import { describe, expect, it } from "vitest";
import { event, readRun } from "../../test/agent-cli-logs.ts";
import { profiles } from "./profiles.ts";

const use = (tool: string, id: string) => event({ type: "tool_use", tool_name: tool, tool_id: id });
const outcome = (id: string, status: string) => event({ type: "tool_result", tool_id: id, status });
const words = (content: string, delta = true) => event({ type: "message", role: "assistant", content, delta });
const result = (fields: object) => event({ type: "result", timestamp: "2026-11-22T18:00:00Z", ...fields });
const failed = (message: string) => result({ status: "error", error: { type: "unknown", message } });

describe("Gemini's commands", () => {
  it("stay unknown: success is said of any that could be started", () => {
    expect(profiles.gemini.shows.commands).toBe(false);
    const lines = [use("run_shell_command", "a"), outcome("a", "success")];
    expect(readRun("gemini", lines)).toMatchObject({ commands: 0, failedCommands: 0, errorLines: 0 });
  });

  it("that could not even be started are error lines", () => {
    const lines = [use("run_shell_command", "a"), outcome("a", "error"), use("read_file", "b"), outcome("b", "error")];
    expect(readRun("gemini", lines)).toMatchObject({ commands: 0, errorLines: 1 });
  });
});

describe("Gemini's requests", () => {
  it.each([
    ["Attempt 1 failed: You exceeded your current quota, please check your plan.", 1, 0],
    ["Attempt 1 failed with status 429. Retrying with backoff...", 1, 0],
    ["Attempt 1 failed with status 500. Retrying with backoff...", 0, 1],
    ["Attempt 2 failed: fetch failed. Retrying after 5333ms...", 0, 1],
    ["Suggested retry after 1s.. Retrying after 5333ms...", 0, 0],
  ])("that are tried again show on stderr alone: %j", (line, rateLimits, apiErrors) => {
    expect(readRun("gemini", [line])).toMatchObject({ rateLimits, apiErrors, errorLines: 0 });
  });

  it("that were got over do not make a later failure a rate limit", () => {
    const lines = ["Attempt 1 failed: You exceeded your current quota", words("on with it")];
    expect(readRun("gemini", lines, 1).exitClass).toBe("AgentError");
  });
});

describe("Gemini's verdict", () => {
  it.each([
    [
      "a spent quota",
      "[API Error: You have exhausted your daily quota on this model.]",
      { rateLimits: 1, errorLines: 0 },
      "RateLimited",
    ],
    ["a server", "[API Error: 500 internal]", { apiErrors: 1, errorLines: 1 }, "AgentError"],
    ["itself", "Maximum session turns exceeded", { apiErrors: 0, errorLines: 1 }, "AgentError"],
  ])("of %s is told once, though an event told it before", (_, message, counts, exitClass) => {
    const lines = [event({ type: "error", severity: "error", message }), failed(message)];
    expect(readRun("gemini", lines, 1)).toMatchObject({
      ...counts,
      exitClass,
      result: { success: false, summary: message },
    });
  });

  it("is RateLimited with exit code 173, the last byte of 429, even of an empty stream", () => {
    expect(readRun("gemini", [], 173).exitClass).toBe("RateLimited");
    expect(readRun("gemini", [], 144).exitClass).toBe("AgentError");
  });

  it("is missing after a SIGTERM, which ends in exit code 0 (S4)", () => {
    expect(readRun("gemini", [words("half of")], 0).exitClass).toBe("EmptySuccess");
  });

  it("takes a warning for none", () => {
    const warning = event({ type: "error", severity: "warning", message: "Loop detected, stopping execution" });
    expect(readRun("gemini", [warning])).toMatchObject({ errorLines: 0, apiErrors: 0 });
  });

  it("puts the last words together, from after the last tool", () => {
    const lines = [
      words("I will "),
      words("look."),
      use("read_file", "b"),
      words("All "),
      words("done."),
      result({ status: "success" }),
    ];
    expect(readRun("gemini", lines).result.summary).toBe("All done.");
  });

  it("begins the words anew with every prompt", () => {
    const prompt = event({ type: "message", role: "user", content: "go on" });
    const lines = [words("first"), prompt, words("second"), result({ status: "success" })];
    expect(readRun("gemini", lines).result.summary).toBe("second");
  });

  it("has a whole message replace what came before", () => {
    expect(readRun("gemini", [words("a"), words("b", false), result({ status: "success" })]).result.summary).toBe("b");
  });
});
