import type { RequestTarget } from "../../src/kube/resource-path.ts";

/** A request as the proxy sees it. */
export interface SeenCall extends RequestTarget {
  /** Counts all requests from 1, in the order in which they came. */
  readonly number: number;
  readonly method: string;
  /** With its query. */
  readonly path: string;
}

/** What is done to one request. Event counts include bookmarks. */
export type Fault =
  /** The proxy answers and the server never sees the request. */
  | {
      readonly fault: "answer";
      readonly code: number;
      readonly reason?: string;
      readonly message?: string;
      readonly retryAfterSeconds?: number;
    }
  /** The server acts and answers, and the connection breaks before a byte of the answer arrives. */
  | { readonly fault: "lose-answer" }
  /** The connection breaks, and the server never sees the request. */
  | { readonly fault: "cut" }
  /** No answer ever comes. `afterCommit`: the server has acted all the same. */
  | { readonly fault: "hang"; readonly afterCommit?: boolean }
  /** The request goes on when the promise resolves, or after so many milliseconds. */
  | { readonly fault: "hold"; readonly until: Promise<void> }
  | { readonly fault: "delay"; readonly ms: number }
  /** The answer ends within its body: by a broken connection, or in order, as where what is behind the server broke off. */
  | { readonly fault: "end-answer"; readonly afterBytes: number; readonly how: "in-order" | "cut" }
  /** The watch ends after so many events: in order, by a broken connection, or in the middle of the next event. */
  | { readonly fault: "end-watch"; readonly afterEvents: number; readonly how: "in-order" | "cut" | "mid-line" }
  /** The watch ends with an ERROR event in place of the next one. */
  | { readonly fault: "error-event"; readonly afterEvents: number; readonly code: number; readonly reason: string }
  /** Nothing more passes after so many events, and the connection stays open. */
  | { readonly fault: "silence"; readonly afterEvents: number }
  /** Every event arrives twice. */
  | { readonly fault: "repeat-events" }
  /** Of two events that come close together the second arrives first. */
  | { readonly fault: "swap-events" }
  /** Every event arrives so much later: what the client knows is that old, as on a replica that lags. */
  | { readonly fault: "lag"; readonly ms: number }
  /** The answer comes in small parts, spread over so long. */
  | { readonly fault: "drip"; readonly ms: number };

/** Which requests a fault is for. What is absent matches any. */
export interface Match {
  readonly verb?: RequestTarget["verb"];
  /** The plural, such as "configmaps". */
  readonly resource?: string;
  readonly subresource?: string;
  readonly namespace?: string;
  readonly name?: string;
}

export interface Rule extends Match {
  /** Which of the matching requests since the rule was made, counted from 1; default the first. */
  readonly nth?: number | readonly number[] | "every";
  readonly fault: Fault;
}

/** Decides a fault for one request, for plans that rules cannot say (a seeded random one). */
export type Decide = (call: SeenCall) => Fault | undefined;

export function matches(match: Match, call: SeenCall): boolean {
  return (
    (match.verb === undefined || match.verb === call.verb) &&
    (match.resource === undefined || match.resource === call.resource) &&
    (match.subresource === undefined || match.subresource === call.subresource) &&
    (match.namespace === undefined || match.namespace === call.namespace) &&
    (match.name === undefined || match.name === call.name)
  );
}

/** The rule as a decision that counts. */
export function decider(rule: Rule): Decide {
  const { nth = 1, fault } = rule;
  let count = 0;
  return (call) => {
    if (!matches(rule, call)) return undefined;
    count += 1;
    const hit = nth === "every" || (typeof nth === "number" ? count === nth : nth.includes(count));
    return hit ? fault : undefined;
  };
}
