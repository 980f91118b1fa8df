import { describe, expect, it } from "vitest";
import type { StartInput } from "./profile.ts";
import { profiles } from "./profiles.ts";

const input = (parts: Partial<StartInput> = {}): StartInput => ({
  task: "scan",
  runTask: "",
  model: undefined,
  command: [],
  args: [],
  ...parts,
});

describe("how an agent CLI is started", () => {
  it.each([
    ["claude", "claude --output-format stream-json --verbose --dangerously-skip-permissions --model m --extra -p scan"],
    [
      "codex",
      "codex exec --json --skip-git-repo-check --dangerously-bypass-approvals-and-sandbox " +
        "-c features.unbounded_connection_retries=false -c analytics.enabled=false --model m --extra scan",
    ],
    ["opencode", "opencode run --format json --auto --model m --extra scan"],
    ["gemini", "gemini --output-format stream-json --approval-mode yolo --skip-trust --model m --extra -p scan"],
  ] as const)("%s runs unattended, with model and extra args before the prompt", (tool, line) => {
    const { command, args } = profiles[tool].start(input({ model: "m", args: ["--extra"] }));
    expect([...command, ...args].join(" ")).toBe(line);
  });

  it.each(["claude", "codex", "opencode", "gemini"] as const)("%s gives no model flag without a model", (tool) => {
    expect(profiles[tool].start(input()).args).not.toContain("--model");
  });

  it.each(["claude", "codex", "opencode", "gemini"] as const)(
    "%s leaves the whole line to an agent that sets its own command, and keeps its variables",
    (tool) => {
      const start = profiles[tool].start(input({ command: ["mine"], args: ["a"] }));
      expect(start).toMatchObject({ command: ["mine"], args: ["a"] });
      expect(start.env).toEqual(profiles[tool].start(input()).env);
    },
  );

  it("adds a run's task to the agent's own", () => {
    expect(profiles.claude.start(input({ runTask: "PR 42" })).args.at(-1)).toBe("scan\n\nPR 42");
    expect(profiles.claude.start(input({ task: "", runTask: "PR 42" })).args.at(-1)).toBe("PR 42");
  });

  it("never lets a task that begins with a dash pass for a flag", () => {
    expect(profiles.codex.start(input({ task: "- scan\n- report" })).args.at(-1)).toBe("\n- scan\n- report");
  });
});

describe("how any program is started (tool text)", () => {
  it.each<[string, Partial<StartInput>, readonly string[], readonly string[]]>([
    ["the task is the script after -c", { command: ["/bin/sh", "-c"] }, ["/bin/sh", "-c"], ["scan"]],
    ["the -c may stand in args", { command: ["/bin/sh"], args: ["-c"] }, ["/bin/sh"], ["-c", "scan"]],
    ["a program with its own line gets no argument", { command: ["scan", "-v"] }, ["scan", "-v"], []],
    ["a script that is already there stays", { command: ["/bin/sh", "-c"], args: ["x"] }, ["/bin/sh", "-c"], ["x"]],
    ["without a task nothing is added", { command: ["/bin/sh", "-c"], task: "" }, ["/bin/sh", "-c"], []],
    [
      "a run's task is no script beside the agent's",
      { command: ["/bin/sh", "-c"], runTask: "r" },
      ["/bin/sh", "-c"],
      ["scan"],
    ],
    [
      "a run's task is the script where there is no other",
      { command: ["/bin/sh", "-c"], task: "", runTask: "r" },
      ["/bin/sh", "-c"],
      ["r"],
    ],
  ])("%s", (_, parts, command, args) => {
    expect(profiles.text.start(input(parts))).toEqual({ command, args, env: {} });
  });
});
