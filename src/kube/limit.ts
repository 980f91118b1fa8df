import type { Readable } from "node:stream";
import type { KubeClock } from "./clock.ts";
import { TransportError } from "./errors.ts";
import type { RequestName } from "./errors.ts";

/** When a request must end. */
export interface Bounds {
  readonly deadlineMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** A signal that fires at the call's deadline or with the caller's own signal, with a TransportError as its reason. */
export function limited(
  bounds: Bounds,
  name: RequestName,
  clock: KubeClock,
): { readonly signal: AbortSignal; readonly release: () => void } {
  const controller = new AbortController();
  const onAbort = (): void => controller.abort(abortedError(name));
  if (bounds.signal?.aborted === true) onAbort();
  bounds.signal?.addEventListener("abort", onAbort, { once: true });
  const cancel = clock.after(bounds.deadlineMs, () => {
    controller.abort(new TransportError("deadline", name, `no answer within ${bounds.deadlineMs} ms`));
  });
  return {
    signal: controller.signal,
    release: () => {
      cancel();
      bounds.signal?.removeEventListener("abort", onAbort);
    },
  };
}

/** The promise's outcome, or the limit's reason if that comes first. */
export function within<T>(limit: AbortSignal, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const onLimit = (): void => reject(limit.reason as Error);
    if (limit.aborted) onLimit();
    limit.addEventListener("abort", onLimit, { once: true });
    promise.then(resolve, reject).finally(() => limit.removeEventListener("abort", onLimit));
  });
}

/** Lets the caller's signal end a stream at any time. */
export function endWith(stream: Readable, bounds: Bounds, name: RequestName): void {
  const { signal } = bounds;
  const end = (): void => {
    stream.destroy(abortedError(name));
  };
  if (signal?.aborted === true) end();
  signal?.addEventListener("abort", end, { once: true });
  stream.once("close", () => signal?.removeEventListener("abort", end));
}

function abortedError(name: RequestName): TransportError {
  return new TransportError("aborted", name, "aborted by the caller");
}
