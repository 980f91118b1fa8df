import { spawnSync } from "node:child_process";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it, vi } from "vitest";

// Each program that is started takes seconds on a machine that is busy with other tests.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** As a person types it in a checkout; without the npm hook that installs packages, which a test must not do. */
function darkfactory(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(
    "npm",
    ["run", "--silent", "--ignore-scripts", "darkfactory", "--", ...args],
    { cwd: root, encoding: "utf8" },
  );
  return { status, stdout, stderr };
}

describe("the darkfactory command", () => {
  it("prints occurrences on stdout and nothing else", () => {
    const span = ["--from", "2026-03-28T00:00:00Z", "--to", "2026-03-31T00:00:00Z"];
    expect(
      darkfactory("explain", "schedule", "0 3 * * 1-5", "--time-zone", "Europe/London", ...span, "-o", "json"),
    ).toEqual({ status: 0, stdout: '{"occurrences": ["2026-03-30T02:00:00Z"]}\n', stderr: "" });
  });

  it("ends with exit code 2 and one line on stderr for what is no schedule", () => {
    expect(darkfactory("explain", "schedule", "")).toEqual({
      status: 2,
      stdout: "",
      stderr: 'darkfactory: schedule "" is invalid: it is empty\n',
    });
  });

  it.each([
    ["of a file", "DARKFACTORY LOG"],
    ["of standard input", "DARKFACTORY - < LOG"],
    ["of a pipe that is gzip", "gzip -c LOG | DARKFACTORY -"],
  ])("reads the log %s", (_, words) => {
    const line = words
      .replace("DARKFACTORY", `"${process.execPath}" src/cli/main.ts explain log --tool codex -o json`)
      .replace("LOG", "test/fixtures/agent-cli/codex-ok.stdout.jsonl");
    const { status, stdout, stderr } = spawnSync("sh", ["-c", line], { cwd: root, encoding: "utf8" });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(JSON.parse(stdout)).toMatchObject({ lines: 11, commands: 3, failedCommands: 2 });
  });

  it.each([
    ["src", "it is a directory"],
    ["no/such/file", "there is no such file"],
    ["package.json/x", "a part of its path is no directory"],
  ])("says in one line why %s cannot be read", (file, problem) => {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      ["src/cli/main.ts", "explain", "log", "--tool", "text", file],
      { cwd: root, encoding: "utf8" },
    );
    expect({ status, stdout, stderr }).toEqual({
      status: 2,
      stdout: "",
      stderr: `darkfactory: "${file}" cannot be read: ${problem}\n`,
    });
  });

  it("ends quietly when its reader has read enough", () => {
    const line = `"${process.execPath}" src/cli/main.ts explain schedule '* * * * *' --count 10000 | head -n 1`;
    const { status, stdout, stderr } = spawnSync("sh", ["-c", line], { cwd: root, encoding: "utf8" });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toMatch(/^LOCAL .*\n$/);
  });
});
