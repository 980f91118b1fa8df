import { codexEvents } from "./codex-events.ts";
import { promptTool } from "./profile.ts";

/**
 * Codex CLI, headless. As measured with 0.169.0: its own sandbox silently runs nothing where user namespaces are blocked,
 * so it is bypassed (the Pod is the sandbox); without a bound on connection retries it waits for a network for ever.
 */
export const codex = promptTool({
  before: [
    "codex",
    "exec",
    "--json",
    "--skip-git-repo-check",
    "--dangerously-bypass-approvals-and-sandbox",
    "-c",
    "features.unbounded_connection_retries=false",
    "-c",
    "analytics.enabled=false",
  ],
  modelFlag: "--model",
  env: {},
  events: codexEvents,
  shows: { commands: true, apiErrors: true },
});
