import { sleep, systemClock } from "./clock.ts";
import type { WatchEvent } from "./client.ts";
import { isInvalid, TransportError } from "./errors.ts";
import { keptPart } from "./kept-part.ts";
import type { Change, ReflectorOptions, ReflectorState, RelistReason } from "./reflector-contract.ts";
import { collectionPath } from "./resource-path.ts";
import { compareResourceVersions } from "./resource-version.ts";
import type { KubeObject, Stored } from "./types.ts";
import { judge } from "./watch-verdict.ts";

/** client-go: a watch ends after a random 5 to 10 minutes. */
const WATCH_SECONDS = 300;

/** The sink threw, which is no fault of server or network. */
class SinkError extends Error {}

/** An event came that is older than one before it: a server sends them in order, so whoever stands between does not. */
class DisorderError extends Error {}

/** How the whole state is to be read: "list-once" after a stream failed half-way, "list" where the server has no streams. */
type Reading = "stream" | "list-once" | "list";

/**
 * Lists and watches one type into `sink` until the signal fires; resolves then and never rejects. Faithful to client-go's
 * reflector: the whole state comes as a stream (sendInitialEvents) where the server can, else as a paged list; a watch
 * that ends is resumed from the last event or bookmark; a version that is gone leads to a new whole read. An event of the
 * version where the cache stands was seen already and is dropped; one of an older version leads to a new whole read too,
 * for to drop it could be to miss it for ever.
 */
export async function runReflector<T extends KubeObject>(options: ReflectorOptions<T>): Promise<void> {
  const { client, type, sink, signal, clock = systemClock, random = Math.random } = options;
  const scope = scopeOf(options);
  let reading: Reading = "stream";
  /** What to resume from; undefined: the whole state is to be read. */
  let version: string | undefined;
  let readAt = 0;
  let steps = 0;
  let opened = false;
  let events = 0;
  let state = firstState;

  const report = (change: Partial<ReflectorState>): void => {
    state = { ...state, ...change };
    options.onState?.(state);
  };
  const recovered = (): void => report({ phase: "watching", failuresInARow: 0, lastError: undefined });

  const replace = (objects: readonly Stored<T>[], at: string): void => {
    deliver(() => sink.replace(objects, at));
    version = at;
    readAt = clock.monotonic();
    if (reading === "list-once") reading = "stream";
    recovered();
  };

  const readList = async (): Promise<void> => {
    report({ phase: "listing", lists: state.lists + 1 });
    const objects: Stored<T>[] = [];
    let at = "";
    for await (const page of client.list(type, { ...scope, signal })) {
      for (const object of page.items) objects.push(keptPart(object, options.transform));
      at = page.resourceVersion;
    }
    if (!signal.aborted) replace(objects, at);
  };

  const readStream = async (): Promise<void> => {
    report({ phase: "listing", lists: state.lists + 1, watches: state.watches + 1 });
    const objects = new Map<string, Stored<T>>();
    for await (const event of watch({ sendInitialEvents: true })) {
      if (version !== undefined) follow(event, version);
      else if (event.type !== "BOOKMARK") collect(objects, event.type, keptPart(event.object, options.transform));
      else if (event.initialEventsEnd) replace([...objects.values()], event.resourceVersion);
    }
    if (version === undefined && !signal.aborted) {
      const request = { method: "GET", path: collectionPath(type, options.namespace) };
      throw new TransportError("cut", request, "the stream ended before the whole state had come");
    }
  };

  const resume = async (from: string): Promise<void> => {
    report({ watches: state.watches + 1 });
    for await (const event of watch({ resourceVersion: from }, recovered)) follow(event, version ?? from);
  };

  const watch = async function* (
    start: { readonly sendInitialEvents: true } | { readonly resourceVersion: string },
    onAccepted?: () => void,
  ): AsyncGenerator<WatchEvent<T>> {
    const timeoutSeconds = Math.max(1, Math.round((options.watchSeconds ?? WATCH_SECONDS) * (1 + random())));
    const onOpen = (): void => {
      opened = true;
      onAccepted?.();
    };
    const idle = options.idleMs === undefined ? {} : { idleMs: options.idleMs };
    for await (const event of client.watch(type, { ...scope, ...start, ...idle, signal, timeoutSeconds, onOpen })) {
      events += 1;
      yield event;
    }
  };

  const follow = (event: WatchEvent<T>, standing: string): void => {
    const next = event.type === "BOOKMARK" ? event.resourceVersion : event.object.metadata.resourceVersion;
    const order = compareResourceVersions(next, standing);
    if (order < 0 && event.type !== "BOOKMARK") throw new DisorderError(`an event of ${next} came after ${standing}`);
    if (order <= 0) return;
    deliver(() => {
      if (event.type === "BOOKMARK") sink.bookmark(next);
      else sink.apply({ type: event.type, object: keptPart(event.object, options.transform) });
    });
    version = next;
  };

  const relist = (reason: RelistReason): void => {
    version = undefined;
    report({ relists: { ...state.relists, [reason]: state.relists[reason] + 1 } });
  };

  /** Draws the conclusions from an ended watch or a failed list; returns how long to wait. */
  const conclude = (failure: unknown, livedMs: number): number => {
    if (failure instanceof TransportError && failure.fault === "idle") report({ idleAborts: state.idleAborts + 1 });
    if (version === undefined && reading === "stream") {
      if (isInvalid(failure)) reading = "list";
      else if (opened) reading = "list-once";
    }
    const readAgeMs = version === undefined ? undefined : clock.monotonic() - readAt;
    const { relistMs = Infinity } = options;
    const verdict = judge({ failure, opened, events, livedMs, readAgeMs, relistMs, steps }, random);
    steps = verdict.steps;
    if (!verdict.orderly) {
      const failuresInARow = state.failuresInARow + 1;
      report({ phase: "waiting", failuresInARow, lastError: errorOf(failure) });
    }
    if (failure instanceof SinkError) relist("sink-failed");
    else if (failure instanceof DisorderError) relist("out-of-order");
    else if (verdict.relist !== undefined) relist(verdict.relist);
    return verdict.delayMs;
  };

  while (!signal.aborted) {
    const startedAt = clock.monotonic();
    opened = false;
    events = 0;
    let failure: unknown;
    try {
      if (version !== undefined) await resume(version);
      else if (reading === "stream") await readStream();
      else {
        await readList();
        continue;
      }
    } catch (error) {
      failure = error;
    }
    if (signal.aborted) break;
    await sleep(clock, conclude(failure, clock.monotonic() - startedAt), signal);
  }
  report({ phase: "stopped" });
}

const firstState: ReflectorState = {
  phase: "listing",
  lists: 0,
  watches: 0,
  relists: { expired: 0, safety: 0, "watch-failed": 0, "sink-failed": 0, "out-of-order": 0 },
  idleAborts: 0,
  failuresInARow: 0,
  lastError: undefined,
};

type Scope = Pick<ReflectorOptions<KubeObject>, "namespace" | "labelSelector" | "fieldSelector">;

function scopeOf({ namespace, labelSelector, fieldSelector }: Scope): Scope {
  return {
    ...(namespace === undefined ? {} : { namespace }),
    ...(labelSelector === undefined ? {} : { labelSelector }),
    ...(fieldSelector === undefined ? {} : { fieldSelector }),
  };
}

/** Applies one event to a state that is still streaming in: objects may change and go meanwhile. */
function collect<T extends KubeObject>(
  objects: Map<string, Stored<T>>,
  change: Change<T>["type"],
  object: Stored<T>,
): void {
  if (change === "DELETED") objects.delete(object.metadata.uid);
  else objects.set(object.metadata.uid, object);
}

function deliver(run: () => void): void {
  try {
    run();
  } catch (error) {
    throw new SinkError("the cache could not take what was seen", { cause: error });
  }
}

function errorOf(failure: unknown): Error {
  if (failure instanceof SinkError && failure.cause instanceof Error) return failure.cause;
  if (failure instanceof Error) return failure;
  return new Error(failure === undefined ? "the watch ended at once, without an event" : "it failed without an Error");
}
