import { parseArgs, type ParseArgsConfig } from "node:util";

/** All that a command may touch of the world it was started in. */
export interface Io {
  stdout(text: string): void;
  stderr(text: string): void;
  /** The bytes of a file, or of standard input for "-". What cannot be read fails as it is read. */
  read(file: string): AsyncIterable<Uint8Array>;
  /** Milliseconds since the epoch. */
  now(): number;
}

/** One command: one file. */
export interface Command {
  readonly name: string;
  /** One line for the list of its group. */
  readonly summary: string;
  /** What --help prints, without the last line's end. */
  readonly help: string;
  /** Takes what stands after the command's name. Throws UsageError for what the user must change. */
  run(args: readonly string[], io: Io): void | Promise<void>;
}

/** Commands under one word, such as `explain`. */
export interface CommandGroup {
  readonly name: string;
  readonly summary: string;
  readonly commands: readonly (Command | CommandGroup)[];
}

/** What the user typed cannot be done; the message, one sentence, is all that is printed. Exit code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** Reads flags and positional arguments. @throws UsageError for a flag that there is not, or one without its value */
export function readFlags<const O extends NonNullable<ParseArgsConfig["options"]>>(
  args: readonly string[],
  options: O,
) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
  } catch (error) {
    // Node's first sentence says it; the rest is advice about dashes, over several lines.
    const [sentence = "bad flags"] = (error instanceof Error ? error.message : String(error)).split(
      /\. To specify |\.\nDid you /,
    );
    throw new UsageError(
      sentence.replace(/^\w/, (c) => c.toLowerCase()),
      { cause: error },
    );
  }
}
