import type { ExitClass } from "../api/v1alpha1/exit.ts";
import type { Signal } from "../nightwatch/signal.ts";
import { isObject, type JsonObject } from "./json.ts";
import { plainLine } from "./plain-line.ts";
import {
  anUnknownEvent,
  justALine,
  type LineOrigin,
  type LineReader,
  type Memory,
  type ReaderState,
  type RunVerdict,
} from "./reader.ts";

/** How to read a tool that prints one JSON object a line. */
export interface EventFormat {
  /** The signals of one event, its `line` among them; undefined for one of an unknown kind. */
  read(event: JsonObject, memory: Memory, origin: LineOrigin): readonly Signal[] | undefined;
  /** The signals of a line that is no event. Without it such a line is chatter, whatever words it holds (S2, lesson 1). */
  chatter?(text: string, memory: Memory, origin: LineOrigin): readonly Signal[];
  /** Exit codes by which the tool says more than "failed". */
  readonly exitCodes?: Readonly<Record<number, ExitClass>>;
}

/** Reads a tool's events, from the start of its stream or from where `saved` was taken. */
export function eventReader(format: EventFormat, saved: ReaderState = {}): LineReader {
  const memory: Memory = structuredClone(saved);
  return {
    read(line, origin = {}) {
      const text = plainLine(line);
      const event = parse(text);
      if (event !== undefined) return format.read(event, memory, origin) ?? anUnknownEvent;
      // What begins like an event and is none was cut off.
      if (/^\s*\{"/.test(text)) return anUnknownEvent;
      return format.chatter?.(text, memory, origin) ?? justALine;
    },
    end: (exitCode) => verdict(memory, exitCode, format.exitCodes ?? {}),
    state: () => structuredClone(memory),
  };
}

function parse(line: string): JsonObject | undefined {
  if (!/^\s*\{/.test(line)) return undefined;
  try {
    const event: unknown = JSON.parse(line);
    return isObject(event) ? event : undefined;
  } catch {
    return undefined;
  }
}

/** S4: a stream without a verdict is empty or was cut off, and exit code 0 does not make it a success. */
function verdict(
  { success, isRateLimited = false }: ReaderState,
  exitCode: number | undefined,
  exitCodes: Readonly<Record<number, ExitClass>>,
): RunVerdict {
  const failure: ExitClass = isRateLimited ? "RateLimited" : "AgentError";
  const told = success === undefined ? undefined : success ? "Success" : failure;
  if (exitCode === undefined) return { exitClass: told, success };
  if (exitCode === 0) return { exitClass: told ?? "EmptySuccess", success };
  return { exitClass: exitCodes[exitCode] ?? failure, success };
}
