import { eventReader, type EventFormat } from "./event-reader.ts";
import type { LineReader, ReaderState } from "./reader.ts";

/** What a tool is started for. Both tasks may be empty. */
export interface StartInput {
  /** The agent's own. */
  readonly task: string;
  /** What a run adds to it. */
  readonly runTask: string;
  readonly model: string | undefined;
  /** The agent's own command and args, where it sets any. */
  readonly command: readonly string[];
  readonly args: readonly string[];
}

/** How a container starts a tool: its argument vector and the environment that the tool needs to behave unattended. */
export interface StartCommand {
  readonly command: readonly string[];
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** Which signals a tool's output holds at all. */
export interface Shows {
  /** Commands and how they ended. */
  readonly commands: boolean;
  /** Requests to the provider that failed. */
  readonly apiErrors: boolean;
}

/** One agent CLI: how to start it and how to read what it prints. */
export interface ToolProfile {
  /**
   * The start command. An agent's own `command` replaces the profile's whole argument vector; its `args` alone are added
   * before the prompt, so that a flag can be given without repeating the rest.
   */
  start(input: StartInput): StartCommand;
  /** What its output can tell. Where it cannot, none seen is not none: the count is unknown, and so is what follows from it. */
  readonly shows: Shows;
  /** Reads a stream of its output from the container's start, or from where another reader's state was taken. */
  createReader(saved?: ReaderState): LineReader;
}

/** Builds a profile whose command line is fixed but for model, extra args and prompt, and whose output is events. */
export function promptTool(parts: {
  readonly before: readonly string[];
  readonly modelFlag: string;
  readonly promptFlag?: string;
  readonly env: Readonly<Record<string, string>>;
  readonly events: EventFormat;
  readonly shows: Shows;
}): ToolProfile {
  return {
    shows: parts.shows,
    createReader: (saved) => eventReader(parts.events, saved),
    start({ task, runTask, model, command, args }) {
      if (command.length > 0) return { command, args, env: parts.env };
      const chosenModel = model === undefined ? [] : [parts.modelFlag, model];
      const text = [task, runTask].filter((part) => part !== "").join("\n\n");
      const prompt = parts.promptFlag === undefined ? [noFlag(text)] : [parts.promptFlag, noFlag(text)];
      return { command: [...parts.before], args: [...chosenModel, ...args, ...prompt], env: parts.env };
    },
  };
}

/** A prompt that begins with a dash (a Markdown list does) would be read as a flag: a line break in front says it is none. */
function noFlag(prompt: string): string {
  return prompt.startsWith("-") ? `\n${prompt}` : prompt;
}
