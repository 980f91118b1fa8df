import { describe, expect, it } from "vitest";
import packageJson from "../../package.json" with { type: "json" };
import { type CommandGroup, type Io, UsageError } from "./command.ts";
import { runCommandLine } from "./run.ts";

const tool: CommandGroup = {
  name: "tool",
  summary: "Does things.",
  commands: [
    {
      name: "deep",
      summary: "Holds more.",
      commands: [
        { name: "echo", summary: "Says it.", help: "How to echo.", run: (args, io) => io.stdout(args.join("|")) },
        {
          name: "refuse",
          summary: "Refuses.",
          help: "How to be refused.",
          run: async () => {
            throw new UsageError("not\nlike\u001b[31m this");
          },
        },
        {
          name: "break",
          summary: "Breaks.",
          help: "How it breaks.",
          run: () => {
            throw new TypeError("a bug");
          },
        },
      ],
    },
  ],
};

async function run(...args: string[]) {
  const out = { stdout: "", stderr: "" };
  const io: Io = {
    stdout: (text) => void (out.stdout += text),
    stderr: (text) => void (out.stderr += text),
    read: () => {
      throw new Error("reads no file");
    },
    now: () => 0,
  };
  return { code: await runCommandLine(tool, args, io), ...out };
}

describe("a command line", () => {
  it("hands a command what stands after its name", async () => {
    expect(await run("deep", "echo", "a", "--b")).toEqual({ code: 0, stdout: "a|--b", stderr: "" });
  });

  it.each([[[]], [["--help"]], [["-h"]]])("lists its commands for %j", async (args) => {
    const { code, stdout } = await run(...args);
    expect(code).toBe(0);
    expect(stdout).toContain("Usage: tool <command>");
    expect(stdout).toContain("deep  Holds more.");
  });

  it("lists a group's commands, and prints a command's own help", async () => {
    expect((await run("deep", "--help")).stdout).toContain("Usage: tool deep <command>");
    expect((await run("deep")).stdout).toContain("refuse  Refuses.");
    expect(await run("deep", "refuse", "x", "-h")).toEqual({ code: 0, stdout: "How to be refused.\n", stderr: "" });
  });

  it("leaves --help alone after --", async () => {
    expect((await run("deep", "echo", "--", "--help")).stdout).toBe("--|--help");
  });

  it("prints the package's version", async () => {
    expect(await run("--version")).toEqual({ code: 0, stdout: `tool ${packageJson.version}\n`, stderr: "" });
  });

  it.each([
    [["dep"], 'unknown command "dep"; see tool --help'],
    [["deep", "ech\no"], 'unknown command "deep ech\\no"; see tool deep --help'],
    [["--verbose"], "unknown option '--verbose'"],
    [["deep", "--version"], "unknown option '--version'"],
    [["--help", "deep"], 'flags stand after the command, but "--help" is first'],
    [["deep", "refuse"], "not like [31m this"],
  ])("refuses %j in one line on stderr, with exit code 2", async (args, problem) => {
    expect(await run(...args)).toEqual({ code: 2, stdout: "", stderr: `tool: ${problem}\n` });
  });

  it("does not pass a bug off as the user's mistake", async () => {
    await expect(run("deep", "break")).rejects.toThrow(TypeError);
  });
});
