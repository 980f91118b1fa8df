import type { Clock, Instant } from "./contract.ts";

/** A clock that stands still until a test moves it. */
export interface FakeClock extends Clock {
  /** Moves both clocks on by `ms` and runs what falls due, in order of time, then of registration. */
  advance(ms: number): void;
  /** As advance, and lets promises settle before, between and after the callbacks. */
  advanceAndSettle(ms: number): Promise<void>;
  /** Moves the wall clock alone, as an administrator or NTP does; runs nothing. */
  jump(ms: number): void;
  /** Moves both clocks and runs nothing, as for a process that was frozen; the next advance runs what is overdue. */
  stall(ms: number): void;
  /** How many callbacks wait. */
  readonly pending: number;
}

interface Timer {
  readonly at: number;
  readonly callback: () => void;
}

/** A fake clock whose wall time begins at `start` (default 2026-01-01T00:00:00Z) and whose monotonic time begins at 0. */
export function createFakeClock(start: Instant = Date.UTC(2026, 0, 1)): FakeClock {
  let monotonic = 0;
  let offset = start;
  const timers = new Set<Timer>();

  function nextUpTo(end: number): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of timers) if (timer.at <= end && (next === undefined || timer.at < next.at)) next = timer;
    return next;
  }

  function runNext(end: number): boolean {
    const timer = nextUpTo(end);
    if (timer === undefined) {
      monotonic = end;
      return false;
    }
    timers.delete(timer);
    monotonic = Math.max(monotonic, timer.at);
    timer.callback();
    return true;
  }

  return {
    now: () => offset + monotonic,
    monotonic: () => monotonic,
    after(ms, callback) {
      const timer = { at: monotonic + Math.max(0, ms), callback };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    advance(ms) {
      const end = monotonic + ms;
      while (runNext(end));
    },
    async advanceAndSettle(ms) {
      const end = monotonic + ms;
      do await settle();
      while (runNext(end));
      await settle();
    },
    jump(ms) {
      offset += ms;
    },
    stall(ms) {
      monotonic += ms;
    },
    get pending() {
      return timers.size;
    },
  };
}

/** Lets every promise that can go on without time or I/O do so: setImmediate comes after all microtasks. */
export async function settle(): Promise<void> {
  // Twice: work that gives way to the event loop (turns.ts) goes on in its next turn.
  for (let turn = 0; turn < 2; turn++) await new Promise<void>((resolve) => setImmediate(resolve));
}
