import type { Decide, Fault, SeenCall } from "../faults/plan.ts";
import { choice, oneOf } from "./seeded-choice.ts";

/** A fault by the name under which the table counts it. */
interface Named {
  readonly name: string;
  readonly fault: Fault;
  /** Of which requests; default: of all but watches. */
  readonly of?: (call: SeenCall) => boolean;
  /** One that stalls what it meets for half a minute or more is rare, and left out where little time is. */
  readonly isLong?: true;
}

const conflicts = ({ verb }: SeenCall): boolean => verb === "patch" || verb === "update";
const lists = ({ verb }: SeenCall): boolean => verb === "list" || verb === "get";
const answer = (code: number, reason: string, retryAfterSeconds?: number): Fault => ({
  fault: "answer",
  code,
  reason,
  ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
});

const requestFaults: readonly Named[] = [
  { name: "429, Retry-After", fault: answer(429, "TooManyRequests", 1) },
  { name: "429, no Retry-After", fault: answer(429, "TooManyRequests") },
  { name: "500", fault: answer(500, "InternalError") },
  { name: "503", fault: answer(503, "ServiceUnavailable") },
  { name: "504", fault: answer(504, "Timeout") },
  { name: "401, expired token", fault: answer(401, "Unauthorized") },
  { name: "409, in a storm", fault: answer(409, "Conflict"), of: conflicts },
  { name: "reply lost after commit", fault: { fault: "lose-answer" } },
  { name: "connection reset", fault: { fault: "cut" } },
  { name: "answer cut in its body", fault: { fault: "end-answer", afterBytes: 40, how: "cut" } },
  { name: "late request", fault: { fault: "delay", ms: 400 } },
  { name: "slow page", fault: { fault: "drip", ms: 400 }, of: lists },
  { name: "hang", fault: { fault: "hang" }, isLong: true },
  { name: "hang after commit", fault: { fault: "hang", afterCommit: true }, isLong: true },
];

const watchFaults: readonly ((events: number) => Named)[] = [
  (afterEvents) => ({ name: "watch ended", fault: { fault: "end-watch", afterEvents, how: "in-order" } }),
  (afterEvents) => ({ name: "watch cut", fault: { fault: "end-watch", afterEvents, how: "cut" } }),
  (afterEvents) => ({ name: "watch line cut short", fault: { fault: "end-watch", afterEvents, how: "mid-line" } }),
  (afterEvents) => ({
    name: "410 in a watch",
    fault: { fault: "error-event", afterEvents, code: 410, reason: "Expired" },
  }),
  () => ({ name: "events twice", fault: { fault: "repeat-events" } }),
  () => ({ name: "events swapped", fault: { fault: "swap-events" } }),
  () => ({ name: "watch lags (stale reads)", fault: { fault: "lag", ms: 700 } }),
  (afterEvents) => ({ name: "half-open watch", fault: { fault: "silence", afterEvents }, isLong: true }),
];

/** How often a request is spoilt; one that was is spoilt again as often once more. */
const SHARE = 0.3;
/** So often in a row one request is spoilt at most: every retry comes through in the end. */
const MOST_IN_A_ROW = 4;
/** So many of each kind that stalls for long at most. */
const MOST_LONG = 2;
/** A watch lives for so many events at most. */
const MOST_EVENTS = 30;

export interface FaultPlan {
  readonly decide: Decide;
  /** How many so far, by name. */
  readonly counts: ReadonlyMap<string, number>;
  total(): number;
  /** Counts one that happened elsewhere, such as a kill. */
  count(name: string): void;
}

export interface FaultOptions {
  readonly seed: number;
  /** No more requests than this; what is counted from elsewhere comes on top. */
  readonly most: number;
  /** Whether faults may be among them that stall what they meet for half a minute or more. */
  readonly allowLong: boolean;
  /** How often a request is spoilt, and how many events a watch lives for at most; default: often, and few. */
  readonly share?: number;
  readonly mostEvents?: number;
}

/** Which request is spoilt how: the n-th of a verb on an object meets what the seed says, in whatever order all came. */
export function planFaults(options: FaultOptions): FaultPlan {
  const { seed, most, allowLong, share = SHARE, mostEvents = MOST_EVENTS } = options;
  const counts = new Map<string, number>();
  const calls = new Map<string, number>();
  const inARow = new Map<string, number>();
  let [total, spoilt] = [0, 0];
  const count = (name: string): void => {
    counts.set(name, (counts.get(name) ?? 0) + 1);
    total += 1;
  };
  const decide = (call: SeenCall): Fault | undefined => {
    const { verb, resource, subresource = "", name = "" } = call;
    if (resource === undefined || spoilt >= most) return undefined;
    // Who leads is decided by freezing, not by chance.
    if (resource === "leases") return undefined;
    // An event is tried again after ten seconds, which a short run has not.
    if (resource === "events" && !allowLong) return undefined;
    const key = `${verb} ${resource}/${subresource} ${name}`;
    const n = (calls.get(key) ?? 0) + 1;
    calls.set(key, n);
    const row = inARow.get(key) ?? 0;
    const isSpoilt = row < MOST_IN_A_ROW && choice(seed, key, n) < (row > 0 ? 2 * share : share);
    inARow.set(key, isSpoilt ? row + 1 : 0);
    const chosen = isSpoilt || verb === "watch" ? faultFor(call, { seed, key, n, mostEvents }) : undefined;
    if (chosen === undefined) return undefined;
    const { name: fault, isLong = false } = chosen;
    if (isLong && (!allowLong || (counts.get(fault) ?? 0) >= MOST_LONG)) return undefined;
    count(chosen.name);
    spoilt += 1;
    return chosen.fault;
  };
  return { decide, counts, total: () => total, count };
}

interface Question {
  readonly seed: number;
  readonly key: string;
  readonly n: number;
  readonly mostEvents: number;
}

function faultFor(call: SeenCall, { seed, key, n, mostEvents }: Question): Named | undefined {
  if (call.verb === "watch") {
    const events = 1 + Math.floor(choice(seed, key, n, "events") * mostEvents);
    return oneOf(watchFaults, seed, key, n, "watch")?.(events);
  }
  const possible = requestFaults.filter(({ of }) => of?.(call) ?? true);
  return oneOf(possible, seed, key, n, "request");
}
