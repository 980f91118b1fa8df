import type { IncomingHttpHeaders } from "node:http";
import type { Agent } from "undici";
import { TransportError } from "./errors.ts";
import type { RequestName } from "./errors.ts";

/** One HTTP request, ready to send. */
export interface Outgoing {
  readonly method: "GET" | "POST" | "PATCH" | "PUT" | "DELETE";
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body?: string;
}

export interface Incoming {
  readonly code: number;
  readonly text: string;
  readonly headers: IncomingHttpHeaders;
}

/**
 * Sends one request and reads the whole answer. `mayLeave` runs at the very moment when a connection is ready to carry it
 * and the first byte is about to be written; if it throws, nothing is sent and the connection stays. Rejects with
 * TransportError, with what `mayLeave` threw, or with `limit`'s reason as soon as that fires.
 */
export function exchange(
  agent: Agent,
  origin: string,
  request: Outgoing,
  limit: AbortSignal,
  mayLeave: () => void,
): Promise<Incoming> {
  return new Promise((resolve, reject) => {
    let sent = false;
    let abort: ((reason: Error) => void) | undefined;
    const settle = (finish: () => void): void => {
      limit.removeEventListener("abort", onLimit);
      finish();
    };
    const onLimit = (): void => {
      const reason = limit.reason as Error;
      settle(() => reject(reason));
      abort?.(reason);
    };
    if (limit.aborted) {
      reject(limit.reason as Error);
      return;
    }
    limit.addEventListener("abort", onLimit, { once: true });
    const chunks: Buffer[] = [];
    let code = 0;
    let headers: IncomingHttpHeaders = {};
    agent.dispatch(
      { origin, ...request, body: request.body ?? null },
      {
        onRequestStart: (controller) => {
          // Throwing here drops this request alone; controller.abort would close the connection with it.
          if (limit.aborted) throw limit.reason;
          mayLeave();
          sent = true;
          abort = (reason) => controller.abort(reason);
        },
        onResponseStart: (_controller, statusCode, responseHeaders) => {
          code = statusCode;
          headers = responseHeaders;
        },
        onResponseData: (_controller, chunk) => {
          chunks.push(chunk);
        },
        onResponseEnd: () => {
          const text = (chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)).toString("utf8");
          settle(() => resolve({ code, text, headers }));
        },
        onResponseError: (_controller, error) => {
          settle(() => reject(asTransportError(error, request, sent)));
        },
      },
    );
  });
}

/** undici's errors as ours. Only code and text are kept: the original may hold sockets, and headers with them. */
export function asTransportError(error: unknown, request: RequestName, sent: boolean): Error {
  if (!(error instanceof Error)) return new TransportError("cut", request, String(error));
  const code = codeOf(error);
  if (code === undefined) return error;
  const text =
    error.message === "" || error.message.includes(code) ? error.message || code : `${error.message} (${code})`;
  if (code === "UND_ERR_DESTROYED" || code === "UND_ERR_CLOSED") {
    return new TransportError("closed", request, "the client was closed");
  }
  return new TransportError(sent ? "cut" : "unsent", request, text);
}

/** Errors of sockets, TLS and undici carry a code; errors of this program (a fence, a credential) do not. */
function codeOf(error: Error): string | undefined {
  return "code" in error && typeof error.code === "string" ? error.code : undefined;
}
