import { nextEvaluation } from "../nightwatch/evaluation-time.ts";
import type { Instant } from "../runtime/contract.ts";
import { shareOf } from "../workloads/hash.ts";

/** behaviour.md S5: an agent that wrote more than this since the last read is read again sooner, down to every 5 s. */
const MUCH_BYTES = 1024 * 1024;
const SOON_MS = 5_000;

/** How soon what could not be read, because too much else was, is looked at again: the many of them spread over a second. */
const BUSY_MS = 1_000;

/** The grid that an agent's evaluations stand on (D10). */
export interface Grid {
  readonly agentUID: string;
  readonly intervalSeconds: number;
}

/** What a look at what runs came to. Absent: nothing was read. */
export interface Looked {
  readonly what: "evaluation" | "reading";
  /** Bytes that the read brought. */
  readonly bytes?: number;
  /** A bound was met: there is more to read at once. */
  readonly hasMore?: boolean;
  /** When the evidence was had that this look went by; absent: it had none that is newer than before. */
  readonly freshAt?: Instant | undefined;
}

/** When what runs was last looked at, and when it is next: in memory, for the grid itself survives a restart. */
export interface Ticks {
  /** What is due for it now; nothing the first time, which begins its grid. */
  due(uid: string, grid: Grid, now: Instant): "evaluation" | "reading" | undefined;
  /** When something is due next. */
  next(uid: string, grid: Grid, now: Instant): Instant;
  /** It was looked at; where it wrote much it is read again soon. */
  done(uid: string, looked: Looked, now: Instant): void;
  /** Nothing could be done about it now, for too much else was: what is due is due again within a second or so. */
  postpone(uid: string, now: Instant): void;
  /** When evidence of it was last had, or since when it is looked at (D9); undefined for what is not. */
  freshAt(uid: string): Instant | undefined;
  /** When it was last evaluated, or since when it is looked at; undefined for what is not. */
  evaluatedAt(uid: string): Instant | undefined;
  /** Evaluates it as soon as it is looked at at this instant or later, whatever the grid says. */
  ask(uid: string, now: Instant): void;
  /** It runs no more: when it does again, it is looked at as if for the first time. */
  forget(uid: string): void;
}

interface Tick {
  readonly last: Instant;
  readonly lastLook: Instant;
  readonly freshAt: Instant;
  readonly readAt?: Instant | undefined;
  readonly askedAt?: Instant | undefined;
  readonly notBefore?: Instant | undefined;
}

export function createTicks(): Ticks {
  const ticks = new Map<string, Tick>();
  const tickOf = (uid: string, now: Instant): Tick => {
    const known = ticks.get(uid);
    if (known !== undefined) return known;
    const first = { last: now, lastLook: now, freshAt: now };
    ticks.set(uid, first);
    return first;
  };
  // A clock that was set back must not hold evaluations up until it is where it was.
  const onGrid = ({ last }: Tick, { agentUID, intervalSeconds }: Grid, now: Instant): Instant =>
    nextEvaluation(agentUID, intervalSeconds, Math.min(last, now));
  return {
    due(uid, grid, now) {
      const tick = tickOf(uid, now);
      const { readAt = Infinity, askedAt = Infinity, notBefore = -Infinity } = tick;
      if (now < notBefore) return undefined;
      if (askedAt <= now || onGrid(tick, grid, now) <= now) return "evaluation";
      return readAt <= now ? "reading" : undefined;
    },
    next(uid, grid, now) {
      const tick = tickOf(uid, now);
      const { readAt = Infinity, askedAt = Infinity, notBefore = -Infinity } = tick;
      return Math.max(Math.min(onGrid(tick, grid, now), readAt, askedAt), notBefore);
    },
    done(uid, { what, bytes = 0, hasMore = false, freshAt }, now) {
      const before = tickOf(uid, now);
      ticks.set(uid, {
        last: what === "evaluation" ? now : before.last,
        lastLook: now,
        freshAt: Math.max(before.freshAt, freshAt ?? -Infinity),
        readAt: readAgainAt(hasMore ? Infinity : bytes, now - before.lastLook, now),
        askedAt: what === "evaluation" ? undefined : before.askedAt,
      });
    },
    postpone(uid, now) {
      const tick = ticks.get(uid);
      const spread = Math.floor(shareOf(`${uid} ${now}`) * BUSY_MS);
      if (tick !== undefined) ticks.set(uid, { ...tick, notBefore: now + BUSY_MS / 4 + spread });
    },
    freshAt: (uid) => ticks.get(uid)?.freshAt,
    evaluatedAt: (uid) => ticks.get(uid)?.last,
    ask(uid, now) {
      const tick = ticks.get(uid);
      if (tick !== undefined) ticks.set(uid, { ...tick, askedAt: now });
    },
    forget: (uid) => void ticks.delete(uid),
  };
}

/** At the rate of the last read, when there will be much to read again. */
function readAgainAt(bytes: number, afterMs: number, now: Instant): Instant | undefined {
  if (bytes <= MUCH_BYTES) return undefined;
  return now + Math.max(SOON_MS, Math.floor((afterMs * MUCH_BYTES) / bytes));
}
