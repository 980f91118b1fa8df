import { describe, expect, it } from "vitest";
import { readRun } from "../../test/agent-cli-logs.ts";
import { profiles } from "./profiles.ts";

const outcome = (line: string, stream?: "stdout" | "stderr") =>
  profiles.text
    .createReader()
    .read(line, stream === undefined ? {} : { stream })
    .find(({ kind }) => kind === "line");

describe("a line of plain text (S2)", () => {
  it.each([
    "error: cannot open file",
    "ERROR: cannot open file",
    "[Error] no such host",
    "level=error msg=x",
    "Fatal: not a git repository",
    "thread 'main' panic at src/main.rs",
    "Build failed",
    "3 errors found",
    "10 errors, 0 warnings",
    "0 errors, 3 failed",
    "failed: 12",
    "errors=1",
    "error: no such file",
    "error: null pointer dereference",
    "error: none of the hosts answered",
    "exit with error 0x80004005",
    "error: 0 bytes written",
    "no, it failed",
    "Disk quota exceeded: write failed",
    "\u001b[1;31merror\u001b[0m\u001b[1m: mismatched types\u001b[0m",
    "\u001b]8;;file:///x\u0007err\u001b[1mor\u001b]8;;\u0007: x",
    "  50%\r 100%\rerror: checksum differs\r",
    "ERROR 401 Unauthorized: you've hit your limit, please run /login",
  ])("is an error: %j", (line) => {
    expect(outcome(line)).toEqual({ kind: "line", outcome: "error" });
  });

  it.each([
    "",
    "all is well",
    "terror errorless Errors_total error_count=3 TypeErrors",
    "failedover prefailed panicky fatality",
    "0 errors",
    "0 Errors, 0 Warnings",
    "0 error(s)",
    "no errors",
    "No errors found.",
    "no new lint errors",
    "no fatal errors or failed tests",
    "without errors",
    "zero errors",
    "0 of 12 tests failed",
    "0/12 failed",
    "12 passed, 0 failed",
    "no tests failed",
    "none of the 12 jobs failed",
    "failed: 0",
    "Failed: 0, Passed: 12",
    "failed: 0 passed: 12",
    "Failures 0, failed 0",
    "errors=0",
    "errors=0 warnings=3",
    "errors found: 0",
    "error count: 0",
    "error rate: 0.00%",
    "errors: none",
    'response {"error": null, "failed":false, "errors":[]}',
    '{"error":""}',
    "a non-fatal warning",
    "\u001b[32m0 \u001b[1merrors\u001b[0m",
  ])("is none: %j", (line) => {
    expect(outcome(line)).toEqual({ kind: "line", outcome: "ok" });
  });

  it("is an error only on stderr, where the stream is known", () => {
    expect(outcome("error: x", "stderr")).toEqual({ kind: "line", outcome: "error" });
    expect(outcome("error: x", "stdout")).toEqual({ kind: "line", outcome: "ok" });
  });

  it("is read in linear time, however long it is", () => {
    for (const piece of ["no error ", "0 of the new ", "failed ", "hit your ", "error: ", "\u001b[", "errors\"')] "]) {
      expect(profiles.text.createReader().read(piece.repeat(40_000))).not.toEqual([]);
    }
  });
});

describe("a rate limit in plain text (S3)", () => {
  it.each([
    "HTTP 429 Too Many Requests",
    "error: request failed with status code 429",
    "Error code: 429 - {'error': {'message': 'Rate limit reached for gpt-4'}}",
    "anthropic.RateLimitError: Error code: 429 - rate_limit_error",
    "fatal: rate limit exceeded, giving up",
    "You've hit your limit · resets 6:20pm (UTC)",
    "You’ve hit your usage limit. Upgrade to Pro or try again at 6:30 PM.",
    "Claude usage limit reached",
    "error: You exceeded your current quota, please check your plan and billing details.",
    "error: you exceeded your current capacity",
    "You have exhausted your daily quota on this model.",
    "failed: Quota exceeded. Check your plan and billing details.",
    "insufficient_quota",
    "RESOURCE_EXHAUSTED",
    "ERROR: rate limit (429)",
    "error: usage limit",
    "got 429 from the provider, backing off",
    "openai.RateLimitError: slow down",
    "Rate limited, retrying in 30s",
    "Credit balance is too low",
    '"POST /v1/messages HTTP/1.1" 429 12',
    "API Error: Request rejected (429) · slow down",
  ])("is its own signal and no error line: %j", (line) => {
    expect(readRun("text", [line])).toMatchObject({ lines: 1, errorLines: 0, rateLimits: 1 });
  });

  it.each([
    ["rate limit: 5000 remaining", 0],
    ["x-ratelimit-remaining-requests: 12", 0],
    ["0 rate limit errors", 0],
    ["error on line 429", 1],
    ["429 files failed", 1],
    ["returned 429 rows", 0],
    ["usage limit: 5 h", 0],
    ["failed: disk quota exceeded", 1],
    ["memory limit exceeded: failed", 1],
    ["error: authentication failed (status 401): you've hit your limit", 1],
    ["error: invalid API key: rate limit exceeded", 1],
  ])("is not what %j says (lesson 38)", (line, errorLines) => {
    expect(readRun("text", [line])).toMatchObject({ rateLimits: 0, errorLines });
  });

  it("tells its reset where it is announced", () => {
    const time = Date.parse("2026-11-22T18:00:00Z");
    const run = readRun("text", ["You've hit your limit · resets 6:20pm (UTC)"], undefined, { time });
    expect(run.rateLimitResetTime).toBe("2026-11-22T18:20:00Z");
  });
});

describe("the end of a program (S4)", () => {
  const limited = "HTTP 429 Too Many Requests";
  const chatter = (lines: number) => Array.from({ length: lines }, () => "working");

  it.each([
    ["success with exit code 0, whatever it said", ["fatal error: failed"], 0, "Success"],
    ["success with exit code 0, though it said nothing", [], 0, "Success"],
    ["the agent's error with another", ["all is well"], 1, "AgentError"],
    ["a rate limit where its last words say so", [limited, ...chatter(9)], 1, "RateLimited"],
    ["the agent's error where it went on after a rate limit", [limited, ...chatter(10)], 1, "AgentError"],
    ["unknown without an exit code", ["done"], undefined, undefined],
  ] as const)("is %s", (_, lines, exitCode, exitClass) => {
    expect(readRun("text", lines, exitCode)).toMatchObject({ exitClass, success: undefined });
  });

  it("is told across a restart of the operator by the state", () => {
    const first = profiles.text.createReader();
    first.read(limited);
    expect(profiles.text.createReader(first.state()).end(1).exitClass).toBe("RateLimited");
  });
});

it("says that it shows neither commands nor failed requests", () => {
  expect(profiles.text.shows).toEqual({ commands: false, apiErrors: false });
  expect(readRun("text", ["x"]).usage).toEqual({});
});
