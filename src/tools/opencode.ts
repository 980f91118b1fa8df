import { opencodeEvents } from "./opencode-events.ts";
import { promptTool } from "./profile.ts";

/** OpenCode, headless. As measured with 1.18.33: events as JSON lines, approvals given, and nothing downloaded at start. */
export const opencode = promptTool({
  before: ["opencode", "run", "--format", "json", "--auto"],
  modelFlag: "--model",
  env: {
    OPENCODE_DISABLE_AUTOUPDATE: "1",
    OPENCODE_DISABLE_MODELS_FETCH: "1",
    OPENCODE_DISABLE_LSP_DOWNLOAD: "1",
  },
  events: opencodeEvents,
  shows: { commands: true, apiErrors: true },
});
