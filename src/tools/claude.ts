import { claudeEvents } from "./claude-events.ts";
import { promptTool } from "./profile.ts";

/**
 * Claude Code, headless. Flags and variables as measured with 2.1.330: stream-json wants --verbose; the sandbox variable
 * lets permissions be skipped, because the Pod is the sandbox; without the traffic variable it asks for its vendor's host
 * even when another base URL is set.
 */
export const claude = promptTool({
  before: ["claude", "--output-format", "stream-json", "--verbose", "--dangerously-skip-permissions"],
  modelFlag: "--model",
  promptFlag: "-p",
  env: { IS_SANDBOX: "1", CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1" },
  events: claudeEvents,
  shows: { commands: true, apiErrors: true },
});
