import { describe, expect, it } from "vitest";
import { capture, readRun } from "../../test/agent-cli-logs.ts";
import { nightwatchDefaults } from "../api/v1alpha1/nightwatch.ts";
import { evaluate } from "../nightwatch/evaluation.ts";
import { emptyTally, tally } from "../nightwatch/tally.ts";
import { profiles, type ToolName } from "./profiles.ts";
import type { ReaderState } from "./reader.ts";

const claude = { inputTokens: 4800, outputTokens: 320, cacheReadTokens: 1200, costMicroUSD: 21_060 };
const codex = { inputTokens: 6000, outputTokens: 320, cacheReadTokens: 1200 };
const opencode = { inputTokens: 4800, outputTokens: 320, cacheReadTokens: 1200, costMicroUSD: 19_560 };
const gemini = { inputTokens: 6000, outputTokens: 320, cacheReadTokens: 1200 };

describe("captured output of real agent CLIs", () => {
  it.each([
    ["claude", "claude-ok.stdout.jsonl", 12, 3, 2, 0, claude, "beaf5592-066a-4662-83f8-6a00bdf4bd5b"],
    ["claude", "claude-r429.stdout.jsonl", 14, 3, 2, 2, claude, "47bac4c4-a1fe-44ac-b612-0d5ff0932f65"],
    ["codex", "codex-ok.stdout.jsonl", 11, 3, 2, 0, codex, "01a20449-1a3b-7130-8c55-a28a46fd4d7a"],
    ["codex", "codex-r429.stdout.jsonl", 13, 3, 2, 2, codex, "01a2044e-be6f-73c1-aeea-0dd2d27f4b86"],
    ["opencode", "oc-ok.stdout.jsonl", 12, 3, 2, 0, opencode, "ses_dfba65199ffeA13GTSrAw4WjxT"],
    // OpenCode shows no retry, and Gemini neither exit codes nor, on stdout, retries.
    ["opencode", "oc-r429.stdout.jsonl", 12, 3, 2, 0, opencode, "ses_dfba57c40ffeRS7djJeJEPZLS0"],
    ["gemini", "gem-ok.stdout.jsonl", 10, 0, 0, 0, gemini, "9cb15cf1-51e3-4a9c-a29f-12ca177a5579"],
    ["gemini", "gem-r429.stdout.jsonl", 10, 0, 0, 0, gemini, "74faa599-6733-46eb-9a1f-5422d46b99bc"],
  ] as const)(
    "%s, %s: %i lines, %i commands of which %i failed, %i rate limits, no error",
    (tool, file, lines, commands, failedCommands, rateLimits, usage, sessionID) => {
      expect(readRun(tool, capture(file), 0)).toMatchObject({
        lines,
        errorLines: 0,
        commands,
        failedCommands,
        apiErrors: 0,
        rateLimits,
        unknownEvents: 0,
        usage,
        result: { success: true, summary: "MOCK-FINAL: all steps done.", sessionID },
        exitClass: "Success",
        success: true,
      });
    },
  );

  it.each(["gemini", "text"] as const)("%s on Gemini's stderr: two rate limits in ten lines, no error (S3)", (tool) => {
    const { lines, errorLines, rateLimits, apiErrors, unknownEvents } = readRun(tool, capture("gem-r429.stderr.txt"));
    expect({ lines, errorLines, rateLimits, apiErrors, unknownEvents }).toEqual({
      lines: 10,
      errorLines: 0,
      rateLimits: 2,
      apiErrors: 0,
      unknownEvents: 0,
    });
  });

  it("has Gemini's retries in a Pod's log, where both streams are one", () => {
    const both = [...capture("gem-r429.stderr.txt"), ...capture("gem-r429.stdout.jsonl")];
    expect(readRun("gemini", both, 0)).toMatchObject({ lines: 20, rateLimits: 2, errorLines: 0, exitClass: "Success" });
  });

  it.each([
    ["claude", "claude"],
    ["codex", "codex"],
    ["opencode", "oc"],
    ["gemini", "gem"],
  ] as const)("of %s: a recovered 429 does not raise drift (S3)", (tool, file) => {
    const score = (name: string) => evaluate(readRun(tool, capture(name)), nightwatchDefaults).score;
    expect(score(`${file}-r429.stdout.jsonl`)).toBeLessThanOrEqual(score(`${file}-ok.stdout.jsonl`));
  });

  const captures: [ToolName, string][] = [
    ["claude", "claude-r429.stdout.jsonl"],
    ["codex", "codex-r429.stdout.jsonl"],
    ["opencode", "oc-r429.stdout.jsonl"],
    ["gemini", "gem-r429.stdout.jsonl"],
  ];
  it.each(captures)("of %s can be read on from the state after any line, as JSON (S5)", (tool, file) => {
    const lines = capture(file);
    const whole = readRun(tool, lines, 0);
    for (let at = 0; at <= lines.length; at++) {
      const first = profiles[tool].createReader();
      const before = lines.slice(0, at).flatMap((line) => first.read(line));
      const second = profiles[tool].createReader(JSON.parse(JSON.stringify(first.state())) as ReaderState);
      const after = lines.slice(at).flatMap((line) => second.read(line));
      expect({ ...tally(emptyTally, [...before, ...after]), ...second.end(0) }).toEqual(whole);
    }
  });

  it.each(captures)("of %s cut off before the last line is no success, whatever the exit code (S4)", (tool, file) => {
    const lines = capture(file).slice(0, -1);
    expect(readRun(tool, lines, 0)).toMatchObject({ exitClass: "EmptySuccess", success: undefined });
    expect(readRun(tool, lines, 1)).toMatchObject({ exitClass: "AgentError" });
    expect(readRun(tool, lines)).toMatchObject({ exitClass: undefined });
  });

  it.each(captures)(
    "of %s cut off within the last line: the piece is an unknown event, not an error (S4)",
    (tool, file) => {
      const lines = capture(file);
      const cut = [...lines.slice(0, -1), lines.at(-1)!.slice(0, 40)];
      const { errorLines, unknownEvents, exitClass } = readRun(tool, cut, 0);
      expect({ errorLines, unknownEvents, exitClass }).toEqual({
        errorLines: 0,
        unknownEvents: 1,
        exitClass: "EmptySuccess",
      });
    },
  );

  it.each(["claude", "codex", "opencode", "gemini"] as const)(
    "of %s: nothing with exit code 0 is no success (S4)",
    (tool) => {
      expect(readRun(tool, [], 0).exitClass).toBe("EmptySuccess");
      expect(readRun(tool, [], 1).exitClass).toBe("AgentError");
    },
  );
});

describe("any event reader", () => {
  const odd = [
    "",
    "   ",
    "null",
    "[]",
    "42",
    "{",
    "}",
    "{}",
    '{"type":null}',
    '{"type":"no_such_event","error":"fatal: failed"}',
    '{"type":"assistant","message":null}',
    '{"type":"assistant","message":{"content":null}}',
    '{"type":"assistant","message":{"content":[null,1,"x",{"type":null}]}}',
    '{"type":"user","message":{"content":"text"},"tool_result_meta":null}',
    '{"type":"result","usage":null,"result":null,"errors":null,"is_error":null}',
    '{"type":"result","stats":null,"error":null,"status":null}',
    '{"type":"system","subtype":null}',
    '{"type":"rate_limit_event","rate_limit_info":null}',
    '{"type":"item.completed","item":null}',
    '{"type":"turn.completed","usage":null}',
    '{"type":"turn.failed","error":null}',
    '{"type":"error","message":null,"error":null}',
    '{"type":"step_finish","part":null}',
    '{"type":"step_finish","part":{"tokens":{"input":-1,"output":"many","cache":null},"cost":null}}',
    '{"type":"tool_use","part":{"tool":"bash","state":{"metadata":null}}}',
    "\u001b[31mERROR codex_core: failed to start\u001b[0m",
    "thread 'main' panicked: fatal error",
    '\ufffd\ufffd{"type":"result"',
  ];

  it.each(["claude", "codex", "opencode", "gemini", "text"] as const)(
    "%s counts every line once, whatever it holds (S5, lesson 49)",
    (tool) => {
      const reader = profiles[tool].createReader();
      for (const line of odd) {
        expect(reader.read(line).filter(({ kind }) => kind === "line")).toHaveLength(1);
      }
      expect(JSON.stringify(reader.state()).length).toBeLessThan(1000);
    },
  );

  it.each(["claude", "codex", "opencode", "gemini"] as const)(
    "%s takes start-up chatter for what it is (S2, lesson 1)",
    (tool) => {
      const chatter = ["ERROR failed to load config", "fatal: not a git repository", "panic: oh", "Warning: 1 error"];
      expect(readRun(tool, chatter)).toMatchObject({ lines: 4, errorLines: 0, unknownEvents: 0 });
    },
  );

  it.each(["claude", "codex", "opencode", "gemini"] as const)(
    "%s counts an event that it does not know as unknown",
    (tool) => {
      const unknown = [
        '{"type":"brand_new","error":"fatal: it failed"}',
        '{"no":"type"}',
        '{"type":"item.completed","item":{"type":"new"}}',
      ];
      const { lines, errorLines, unknownEvents } = readRun(tool, unknown);
      expect({ lines, errorLines, unknownEvents }).toEqual({ lines: 3, errorLines: 0, unknownEvents: 3 });
    },
  );

  it("takes nothing within an event for a terminal's control sequence, and drops those around it", () => {
    const started = '{"type":"thread.started","thread_id":"a\u009b","x":"y"}';
    expect(readRun("codex", [started]).result.sessionID).toBe("a\u009b");
    const coloured = `\u001b[2m${started}\u001b[0m\r`;
    expect(readRun("codex", [coloured])).toEqual(readRun("codex", [started]));
  });
});
