import type { Readable } from "node:stream";
import { createAgents } from "./agents.ts";
import { sleep, systemClock } from "./clock.ts";
import type { KubeClock, Random } from "./clock.ts";
import type { ClusterConfig } from "./cluster-config.ts";
import { TransportError } from "./errors.ts";
import type { RequestName } from "./errors.ts";
import { asTransportError, exchange } from "./exchange.ts";
import type { Incoming, Outgoing } from "./exchange.ts";
import { endWith, limited, within } from "./limit.ts";
import type { Bounds } from "./limit.ts";
import { mayHaveActed, retryDelay } from "./retry.ts";
import type { TryFailure } from "./retry.ts";

/** One try of one request, for metrics (rest_client_requests_total, rest_client_request_duration_seconds). */
export interface SeenRequest {
  readonly method: string;
  /** The HTTP status as text, or "<error>" when no answer came, as client-go labels it. */
  readonly code: string;
  readonly host: string;
  /** Without the query. */
  readonly path: string;
  /** Until the whole answer was read; for a watch or a log until its headers came. */
  readonly durationMs: number;
  /** 1 for the first try. */
  readonly attempt: number;
}

export interface TransportOptions {
  readonly userAgent?: string;
  /** Most connections for calls, and so most calls in flight; default 32. Watches and logs have their own. */
  readonly connections?: number;
  readonly clock?: KubeClock;
  readonly random?: Random;
  readonly onRequest?: (seen: SeenRequest) => void;
  /**
   * Runs before every try of every write (dry runs and access reviews are none), at most a second before its first byte
   * leaves; `n` counts tries from 1. If it throws, nothing is sent, and the call rejects with what it threw.
   */
  readonly beforeWrite?: (n: number, method: string, path: string) => void | Promise<void>;
  /** Runs after a try of a write: with the HTTP status, or undefined when no answer came. */
  readonly afterWrite?: (n: number, method: string, path: string, code: number | undefined) => void | Promise<void>;
}

/** `deadlineMs` bounds the whole call: credentials, hooks, every try and the waits between them. */
export interface Call extends Bounds {
  readonly method: Outgoing["method"];
  readonly path: string;
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly body?: string;
  readonly contentType?: string;
  /** False: one try only. */
  readonly retry: boolean;
}

/** What errors call it. */
export function requestName(call: Call): RequestName {
  return { method: call.method, path: call.query?.["watch"] === "true" ? `${call.path}?watch=true` : call.path };
}

export interface Answer extends Incoming {
  readonly retryAfterSeconds: number | undefined;
  /** Tries before this one that failed although the server may have acted on them. */
  readonly lostTries: number;
  readonly elapsedMs: number;
}

/** HTTP to one API server: connections, credentials, deadlines, retries, hooks. Knows nothing of resources. */
export interface Transport {
  readonly clock: KubeClock;
  /** The last answer, whatever its status. Rejects with TransportError, or with what a hook or a credential threw. */
  call(call: Call): Promise<Answer>;
  /** Opens a stream; it is there when the answer is 200. `deadlineMs` bounds the time until then, `signal` ends it. */
  open(call: Call): Promise<Answer & { readonly stream?: Readable }>;
  close(): Promise<void>;
}

type Headed = Pick<Incoming, "code" | "headers">;

/** A write that waited for a connection longer than this asks `beforeWrite` again. */
const APPROVAL_MS = 1000;
const ACCESS_REVIEWS = /^\/apis\/(authorization|authentication)\.k8s\.io\//;

class ApprovalExpired extends Error {}

export function createTransport(config: ClusterConfig, options: TransportOptions = {}): Transport {
  const { clock = systemClock, random = Math.random, userAgent = "darkfactory" } = options;
  const agents = createAgents(config, options.connections);
  const server = new URL(config.server);
  const base = server.pathname.replace(/\/$/, "");
  let writes = 0;
  let closed = false;

  const outgoing = async (call: Call): Promise<Outgoing> => {
    const authorization = await config.authorization();
    return {
      method: call.method,
      path: base + call.path + queryString(call.query),
      headers: {
        accept: "application/json",
        "user-agent": userAgent,
        ...(authorization === undefined ? {} : { authorization }),
        ...(call.body === undefined ? {} : { "content-type": call.contentType ?? "application/json" }),
      },
      ...(call.body === undefined ? {} : { body: call.body }),
    };
  };

  const observed = async <T extends { readonly code: number }>(
    call: Call,
    attempt: number,
    run: () => Promise<T>,
  ): Promise<T> => {
    const start = clock.monotonic();
    const see = (code: string): void =>
      options.onRequest?.({
        method: call.method,
        code,
        host: server.host,
        path: call.path,
        durationMs: clock.monotonic() - start,
        attempt,
      });
    try {
      const answer = await run();
      see(String(answer.code));
      return answer;
    } catch (error) {
      if (error instanceof TransportError) see("<error>");
      throw error;
    }
  };

  /** One try. A write that has to wait for its connection is approved anew, as often as that takes. */
  const attempt = async (call: Call, number: number, limit: AbortSignal): Promise<Incoming> => {
    const isWrite = writesSomething(call);
    for (;;) {
      const request = await within(limit, outgoing(call));
      if (!isWrite)
        return await observed(call, number, () => exchange(agents.calls, server.origin, request, limit, pass));
      const n = ++writes;
      await within(limit, Promise.resolve(options.beforeWrite?.(n, call.method, call.path)));
      const approved = clock.monotonic();
      const mayLeave = (): void => {
        if (clock.monotonic() - approved > APPROVAL_MS) throw new ApprovalExpired();
      };
      try {
        const answer = await observed(call, number, () =>
          exchange(agents.calls, server.origin, request, limit, mayLeave),
        );
        await options.afterWrite?.(n, call.method, call.path, answer.code);
        return answer;
      } catch (error) {
        if (error instanceof ApprovalExpired) continue;
        if (error instanceof TransportError) await options.afterWrite?.(n, call.method, call.path, undefined);
        throw error;
      }
    }
  };

  /** Tries until an answer is final: good, refused for good, or past the deadline. Throws what no try could mend. */
  const retried = async <T extends Headed>(
    call: Call,
    limit: AbortSignal,
    run: (tries: number) => Promise<T>,
  ): Promise<T & Pick<Answer, "retryAfterSeconds" | "lostTries" | "elapsedMs">> => {
    const start = clock.monotonic();
    let lostTries = 0;
    let renewed = false;
    for (let tries = 1; ; tries++) {
      if (closed) throw new TransportError("closed", requestName(call), "the client was closed");
      const outcome = await run(tries).catch((error: unknown) => {
        if (error instanceof TransportError) return error;
        throw error;
      });
      if (!(outcome instanceof TransportError) && outcome.code === 401 && !renewed) {
        // A token may have been rotated under us: once more with what is there now.
        renewed = true;
        config.renew();
        continue;
      }
      const failure = failureOf(outcome);
      const delay = failure && call.retry ? retryDelay(failure, tries, random) : undefined;
      const elapsedMs = clock.monotonic() - start;
      if (delay === undefined || elapsedMs + delay >= call.deadlineMs) {
        if (outcome instanceof TransportError) throw outcome;
        return { ...outcome, retryAfterSeconds: retryAfter(outcome), lostTries, elapsedMs };
      }
      if (failure && mayHaveActed(failure)) lostTries += 1;
      await sleep(clock, delay, limit);
      if (limit.aborted) throw limit.reason;
    }
  };

  /** Opens a stream once; an answer other than 200 is read to its end. */
  const openOnce = async (call: Call, tries: number, limit: AbortSignal): Promise<Incoming & { stream?: Readable }> => {
    const request = await within(limit, outgoing(call));
    return await observed(call, tries, async () => {
      const response = await within(limit, agents.streams.request({ origin: server.origin, ...request, signal: limit }))
        // A try that failed before its headers did nothing: streams only read.
        .catch((error: unknown) => Promise.reject(asTransportError(error, requestName(call), false)));
      const { statusCode: code, headers, body } = response;
      // A stream that is ended early emits an error which nobody may be listening to any more.
      body.on("error", pass);
      if (code === 200) return { code, headers, text: "", stream: body };
      return { code, headers, text: await within(limit, body.text()) };
    });
  };

  return {
    clock,
    call: async (call) => {
      const limit = limited(call, requestName(call), clock);
      try {
        return await retried(call, limit.signal, (tries) => attempt(call, tries, limit.signal));
      } finally {
        limit.release();
      }
    },
    open: async (call) => {
      const limit = limited(call, requestName(call), clock);
      try {
        const answer = await retried(call, limit.signal, (tries) => openOnce(call, tries, limit.signal));
        if (answer.stream !== undefined) endWith(answer.stream, call, requestName(call));
        return answer;
      } finally {
        limit.release();
      }
    },
    close: async () => {
      closed = true;
      await Promise.all([agents.calls.destroy(), agents.streams.destroy()]);
    },
  };
}

function pass(): void {
  // Nothing to check: a read may always leave.
}

function writesSomething(call: Call): boolean {
  return call.method !== "GET" && call.query?.["dryRun"] !== "All" && !ACCESS_REVIEWS.test(call.path);
}

function failureOf(outcome: Headed | TransportError): TryFailure | undefined {
  if (outcome instanceof TransportError) return { fault: outcome.fault };
  return outcome.code < 400 ? undefined : { code: outcome.code, retryAfterSeconds: retryAfter(outcome) };
}

function retryAfter(answer: Pick<Incoming, "headers">): number | undefined {
  const header = answer.headers["retry-after"];
  return typeof header === "string" && /^\d{1,6}$/.test(header) ? Number(header) : undefined;
}

function queryString(query: Call["query"]): string {
  const parts = Object.entries(query ?? {}).flatMap(([key, value]) =>
    value === undefined ? [] : [`${key}=${encodeURIComponent(value)}`],
  );
  return parts.length === 0 ? "" : `?${parts.join("&")}`;
}
