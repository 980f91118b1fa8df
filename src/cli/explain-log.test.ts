import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { capture } from "../../test/agent-cli-logs.ts";
import { runCli, type Files } from "../../test/cli.ts";

async function explain(tool: string, file: Files[string], ...args: string[]): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await runCli(["explain", "log", "--tool", tool, "log", "-o", "json", ...args], {
    log: file,
  });
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return JSON.parse(stdout) as Record<string, unknown>;
}

const fileOf = (name: string) => `${capture(name).join("\n")}\n`;
const bytes = (text: string) => new TextEncoder().encode(text);

describe("darkfactory explain log", () => {
  it("prints exactly one JSON object for programs", async () => {
    expect(await explain("claude", fileOf("claude-r429.stdout.jsonl"), "--exit-code", "0")).toEqual({
      lines: 14,
      errorLines: 0,
      commands: 3,
      failedCommands: 2,
      apiErrors: 0,
      rateLimits: 2,
      unknownEvents: 0,
      usage: { inputTokens: 4800, outputTokens: 320, cacheReadTokens: 1200, costMicroUSD: 21060 },
      result: {
        success: true,
        summary: "MOCK-FINAL: all steps done.",
        sessionID: "47bac4c4-a1fe-44ac-b612-0d5ff0932f65",
      },
      exitClass: "Success",
      drift: { score: 0.19999999999999998, scorePercent: 19, level: "Minor" },
    });
  });

  it("says null where a tool cannot tell", async () => {
    expect(await explain("gemini", fileOf("gem-ok.stdout.jsonl"))).toMatchObject({
      commands: null,
      failedCommands: null,
      usage: { inputTokens: 6000, costMicroUSD: null },
    });
    expect(await explain("text", "error: x\n")).toEqual({
      lines: 1,
      errorLines: 1,
      commands: null,
      failedCommands: null,
      apiErrors: null,
      rateLimits: 0,
      unknownEvents: 0,
      usage: { inputTokens: null, outputTokens: null, cacheReadTokens: null, costMicroUSD: null },
      result: { success: null, summary: null, sessionID: null },
      exitClass: null,
      drift: { score: 0.7, scorePercent: null, level: "Normal" },
    });
  });

  it.each([
    ["text", "fatal error\n", "0", "Success"],
    ["text", "all is well\n", "1", "AgentError"],
    ["codex", "", "0", "EmptySuccess"],
    ["gemini", "", "173", "RateLimited"],
  ])("%s printing %j with exit code %s is %s (S4)", async (tool, log, exitCode, exitClass) => {
    expect(await explain(tool, log, "--exit-code", exitCode)).toMatchObject({ exitClass });
  });

  it("prints a sentence and a table for people", async () => {
    const files = { log: fileOf("oc-ok.stdout.jsonl") };
    const { code, stdout } = await runCli(["explain", "log", "--tool", "opencode", "--exit-code", "0", "log"], files);
    expect(code).toBe(0);
    expect(stdout.split("\n")).toEqual([
      "Minor, 19 %: 0 of 12 lines were errors; 2 of 3 commands failed",
      "",
      "lines            12, 0 of them errors",
      "commands         3, 2 of them failed",
      "API errors       0",
      "rate limits      0",
      "unknown events   0",
      "tokens           4800 in, 320 out, 1200 read from cache",
      "cost             0.019560 USD",
      "verdict          success",
      'summary          "MOCK-FINAL: all steps done."',
      'session          "ses_dfba65199ffeA13GTSrAw4WjxT"',
      "exit             Success",
      "",
    ]);
  });

  it("tells people what is unknown, and when a limit ends", async () => {
    const log = "2026-11-22T18:00:00.123456789Z You've hit your limit · resets 6:20pm (UTC)\n";
    const { stdout } = await runCli(["explain", "log", "--tool", "text", "log"], { log });
    expect(stdout).toContain("commands         unknown: text does not show them\n");
    expect(stdout).toContain("rate limits      1, until 2026-11-22T18:20:00Z\n");
    expect(stdout).toContain("exit             not known\n");
  });

  it("lets no log play with the terminal", async () => {
    const log = JSON.stringify({
      type: "result",
      subtype: "success",
      is_error: false,
      result: "\u001b[2J\nboo\u009b31m",
    });
    const { stdout } = await runCli(["explain", "log", "--tool", "claude", "log"], { log });
    expect(stdout).toContain('summary          "\\u001b[2J\\nboo\\u009b31m"\n');
  });

  const plain = fileOf("codex-r429.stdout.jsonl");
  const stamped = capture("codex-r429.stdout.jsonl").map(
    (line, n) => `2026-11-22T22:18:0${n % 10}.25615351${n % 10}Z ${line}`,
  );
  it.each<[string, Files[string]]>([
    ["with timestamps", `${stamped.join("\n")}\n`],
    ["with Windows' line ends", plain.replaceAll("\n", "\r\n")],
    ["without a last line break", plain.trimEnd()],
    ["as gzip", gzipSync(plain)],
    ["as gzip in small pieces", Array.from(gzipSync(plain), (byte) => Uint8Array.of(byte))],
    ["in pieces of one byte", Array.from(bytes(plain), (byte) => Uint8Array.of(byte))],
    ["after an empty piece", [new Uint8Array(), bytes(plain)]],
    ["with colours", plain.replaceAll(/^(.+)$/gm, "\u001b[2m$1\u001b[0m")],
  ])("reads the same log %s", async (_, file) => {
    expect(await explain("codex", file)).toEqual(await explain("codex", plain));
  });

  it("reads standard input for a dash", async () => {
    const { code, stdout } = await runCli(["explain", "log", "--tool", "text", "-", "-o", "json"], { "-": "a\nb\n" });
    expect({ code, lines: (JSON.parse(stdout) as { lines: number }).lines }).toEqual({ code: 0, lines: 2 });
  });

  it("reads bytes that are no UTF-8, empty lines, and nothing at all", async () => {
    expect(await explain("text", Uint8Array.of(0xff, 0xfe, 0x0a, 0x0a, 0xc3))).toMatchObject({
      lines: 3,
      errorLines: 0,
    });
    expect(await explain("text", "")).toMatchObject({ lines: 0, drift: { score: 0, scorePercent: null } });
    expect(await explain("text", Uint8Array.of(0x1f))).toMatchObject({ lines: 1 });
  });

  it("counts a huge line once, and holds only its begin", async () => {
    const chunk = bytes("x".repeat(1 << 20));
    const log = [bytes("error: "), ...Array.from({ length: 64 }, () => chunk), bytes(" failed\nfine\n")];
    expect(await explain("text", log)).toMatchObject({ lines: 2, errorLines: 1 });
  });

  const gzip = gzipSync(plain);
  it.each<[string[], Files, string]>([
    [["--tool", "text", "missing"], {}, '"missing" cannot be read: there is no such file'],
    [["--tool", "text", "log"], { log: gzip.subarray(0, 200) }, '"log" cannot be read: the gzip is cut off'],
    [
      ["--tool", "text", "-"],
      { "-": gzip.map((byte, at) => (at > 40 ? ~byte : byte)) },
      "standard input cannot be read: the gzip is damaged",
    ],
    [["log"], {}, "--tool is missing; it is one of claude, codex, opencode, gemini, text"],
    [["--tool", "cursor", "log"], {}, '--tool "cursor" is none of claude, codex, opencode, gemini, text'],
    [["--tool", "toString", "log"], {}, '--tool "toString" is none of claude, codex, opencode, gemini, text'],
    [["--tool", "text"], {}, "a file is missing (- is standard input); see darkfactory explain log --help"],
    [["--tool", "text", "a", "b"], {}, "one file is expected, not 2 arguments"],
    [["--tool", "text", "--exit-code", "256", "a"], {}, '--exit-code "256" is not a whole number from 0 to 255'],
    [["--tool", "text", "--exit-code=-1", "a"], {}, '--exit-code "-1" is not a whole number from 0 to 255'],
    [["--tool", "text", "-o", "yaml", "a"], {}, '--output "yaml" is neither text nor json'],
    [["--tool", "text", "--follow", "a"], {}, "unknown option '--follow'"],
  ])("refuses %j in one line on stderr, with exit code 2", async (args, files, problem) => {
    expect(await runCli(["explain", "log", ...args], files)).toEqual({
      code: 2,
      stdout: "",
      stderr: `darkfactory: ${problem}\n`,
    });
  });

  it("prints its help", async () => {
    const { code, stdout } = await runCli(["explain", "log", "--help"]);
    expect(code).toBe(0);
    for (const flag of ["--tool", "--exit-code", "-o, --output"]) expect(stdout).toContain(flag);
  });
});
