import * as z from "zod";
import { READER_MAX } from "../api/v1alpha1/agent-status.ts";
import type { ReaderState } from "../tools/reader.ts";
import { secondBefore, timeOf } from "./log-time.ts";
import type { LogStream } from "./log-stream.ts";

/** Where counting stands in one container's log (S5): plain JSON, as it stands in status. */
export interface LogCursor {
  /** The Pod's name. */
  readonly pod: string;
  /** LogStream.container: which container's log it is. */
  readonly container: string;
  /** Stamp of the last line that was counted, as the log says it. Absent while none was. */
  readonly time?: string;
  /** How many lines with exactly that stamp were counted. */
  readonly lines?: number;
  /** The ReaderState after that line, as JSON. Absent where there is nothing to remember. */
  readonly reader?: string;
}

/** A cursor as a status may hold it. */
export type SavedCursor = { readonly [Name in keyof LogCursor]?: LogCursor[Name] | undefined };

/** Where counting goes on in a stream: at its start, unless what was saved is of this very stream. */
export function cursorIn({ pod, container }: LogStream, saved: SavedCursor | undefined): LogCursor {
  if (saved?.container !== container) return { pod, container };
  const { time, lines, reader } = saved;
  return {
    pod,
    container,
    ...(time === undefined ? {} : { time }),
    ...(lines === undefined ? {} : { lines }),
    ...(reader === undefined ? {} : { reader }),
  };
}

/**
 * From when on to ask for lines; undefined for all of them. A second early: the API server cuts to whole seconds and the
 * kubelet filters line by line, while stdout and stderr are stamped before they are written, by one goroutine each, so that
 * a line that follows the cursor may be stamped a moment before it.
 */
export function sinceTimeOf({ time }: LogCursor): string | undefined {
  const instant = time === undefined ? undefined : timeOf(time);
  return instant === undefined ? undefined : secondBefore(instant);
}

/** Keys are checked against ReaderState by the compiler: a new one must be added here. */
const readerStateSchema = z.object({
  sessionID: z.string().optional(),
  pendingCommands: z.array(z.string()).optional(),
  isRateLimited: z.boolean().optional(),
  isLimitAnnounced: z.boolean().optional(),
  isFailureTold: z.boolean().optional(),
  lastFailure: z.string().optional(),
  success: z.boolean().optional(),
  lastMessageID: z.string().optional(),
  totals: z.record(z.string(), z.number()).optional(),
  words: z.string().optional(),
  linesSinceLimit: z.number().optional(),
} satisfies Record<keyof ReaderState, z.ZodType>);

/** What the reader knew at the cursor. A state that is damaged, or of another version, is none: reading begins anew. */
export function readerStateOf({ reader }: Pick<SavedCursor, "reader">): ReaderState | undefined {
  if (reader === undefined) return undefined;
  try {
    return readerStateSchema.safeParse(JSON.parse(reader)).data;
  } catch {
    return undefined;
  }
}

/**
 * The reader's state as a cursor keeps it; undefined where there is nothing to remember. A state that a status cannot hold
 * is dropped: to read on without it costs a detail, a status that is refused would stop all counting.
 */
export function savedReader(state: ReaderState): string | undefined {
  const json = JSON.stringify(state);
  return json === "{}" || json.length > READER_MAX ? undefined : json;
}
