import { geminiEvents } from "./gemini-events.ts";
import { promptTool } from "./profile.ts";

/** Gemini CLI, headless. As measured with 0.61.0: unless the relaunch is off, a SIGTERM does not reach the child that works. */
export const gemini = promptTool({
  before: ["gemini", "--output-format", "stream-json", "--approval-mode", "yolo", "--skip-trust"],
  modelFlag: "--model",
  promptFlag: "-p",
  env: { GEMINI_CLI_NO_RELAUNCH: "true" },
  events: geminiEvents,
  shows: { commands: false, apiErrors: true },
});
