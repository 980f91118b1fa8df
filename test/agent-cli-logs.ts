import { readFileSync } from "node:fs";
import { emptyTally, tally, type Tally } from "../src/nightwatch/tally.ts";
import { profiles, type ToolName } from "../src/tools/profiles.ts";
import type { LineOrigin, RunVerdict } from "../src/tools/reader.ts";

/** The lines of one capture of a real agent CLI; test/fixtures/agent-cli/README.md says what happened in each. */
export function capture(name: string): readonly string[] {
  return readFileSync(new URL(`fixtures/agent-cli/${name}`, import.meta.url), "utf8")
    .trimEnd()
    .split("\n");
}

/** An event as the CLI prints it. */
export const event = (fields: Readonly<Record<string, unknown>>): string => JSON.stringify(fields);

/** What a fresh reader of that tool makes of lines, added up, and how the run ended. */
export function readRun(
  tool: ToolName,
  lines: readonly string[],
  exitCode?: number,
  origin: LineOrigin = {},
): Tally & RunVerdict {
  const reader = profiles[tool].createReader();
  const signals = lines.flatMap((line) => reader.read(line, origin));
  return { ...tally(emptyTally, signals), ...reader.end(exitCode) };
}
