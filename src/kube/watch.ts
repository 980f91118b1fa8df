import type { Readable } from "node:stream";
import type { WatchEvent } from "./client.ts";
import type { KubeClock } from "./clock.ts";
import { TransportError } from "./errors.ts";
import type { RequestName } from "./errors.ts";
import { asTransportError } from "./exchange.ts";
import { errorFromEvent } from "./status.ts";
import type { KubeObject, Stored } from "./types.ts";

const NEWLINE = 0x0a;

/** What the server writes on one line of a watch. */
interface WireEvent<T extends KubeObject> {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";
  readonly object: Stored<T>;
}

/**
 * Reads a watch's stream. Returns at its clean end; throws KubeError for an ERROR event, TransportError when the
 * connection breaks (a half line is dropped: the server sends that event again) or no byte comes for `idleMs`.
 */
export async function* readWatch<T extends KubeObject>(
  stream: Readable,
  request: RequestName,
  clock: KubeClock,
  idleMs: number,
): AsyncGenerator<WatchEvent<T>> {
  const watchdog = startWatchdog(clock, idleMs, () => {
    stream.destroy(new TransportError("idle", request, `nothing came for ${idleMs} ms`));
  });
  try {
    let partial: Buffer[] = [];
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      watchdog.reset();
      let start = 0;
      for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
        const line = chunk.subarray(start, end);
        start = end + 1;
        yield parseEvent<T>(partial.length === 0 ? line : Buffer.concat([...partial, line]), request);
        if (partial.length > 0) partial = [];
      }
      if (start < chunk.length) partial.push(chunk.subarray(start));
    }
    if (partial.length > 0) throw new TransportError("cut", request, "the watch ended in the middle of an event");
  } catch (error) {
    throw asTransportError(error, request, true);
  } finally {
    watchdog.stop();
    stream.destroy();
  }
}

function parseEvent<T extends KubeObject>(line: Buffer, request: RequestName): WatchEvent<T> {
  const event = parseLine<T>(line, request);
  switch (event.type) {
    case "ADDED":
    case "MODIFIED":
    case "DELETED":
      return { type: event.type, object: event.object };
    case "BOOKMARK": {
      const { resourceVersion, annotations } = event.object.metadata;
      const initialEventsEnd = annotations?.["k8s.io/initial-events-end"] === "true";
      return { type: "BOOKMARK", resourceVersion, initialEventsEnd };
    }
    case "ERROR":
      throw errorFromEvent(request, event.object);
    default:
      throw new TransportError("malformed", request, "the watch sent an event of an unknown type");
  }
}

function parseLine<T extends KubeObject>(line: Buffer, request: RequestName): WireEvent<T> {
  try {
    const event = JSON.parse(line.toString("utf8")) as WireEvent<T> | null;
    if (typeof event?.object === "object" && event.object !== null) return event;
  } catch {
    // Reported below: the parser's own message would quote the object.
  }
  throw new TransportError("malformed", request, "the watch sent a line that is no event");
}

/** Calls `onIdle` once when `reset` was not called for `ms`. Re-arms itself lazily: reset costs one clock read. */
function startWatchdog(clock: KubeClock, ms: number, onIdle: () => void): { reset(): void; stop(): void } {
  let last = clock.monotonic();
  const check = (): void => {
    const left = last + ms - clock.monotonic();
    if (left <= 0) onIdle();
    else cancel = clock.after(left, check);
  };
  let cancel = clock.after(ms, check);
  return {
    reset: () => {
      last = clock.monotonic();
    },
    stop: () => cancel(),
  };
}
