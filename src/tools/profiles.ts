import { claude } from "./claude.ts";
import { codex } from "./codex.ts";
import { gemini } from "./gemini.ts";
import { opencode } from "./opencode.ts";
import type { ToolProfile } from "./profile.ts";
import { text } from "./text.ts";

/** Every tool that an agent may name in spec.tool. */
export const profiles = { claude, codex, opencode, gemini, text } as const satisfies Record<string, ToolProfile>;

export type ToolName = keyof typeof profiles;
