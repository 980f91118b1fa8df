/** Lets a limited number of holders in at a time, in the order in which they came. */
export interface Slots {
  /** Gives how to leave again; undefined when the signal fired first, or when too many wait already. */
  enter(signal?: AbortSignal): Promise<(() => void) | undefined>;
}

export function createSlots(most: number, mostWaiting = Infinity): Slots {
  let free = most;
  const waiting = new Set<() => void>();
  const leave = (): void => {
    const [next] = waiting;
    if (next === undefined) free += 1;
    else next();
  };
  /** One place is left once, however often its holder says so. */
  const place = (): (() => void) => {
    let isHeld = true;
    return () => {
      if (isHeld) leave();
      isHeld = false;
    };
  };
  return {
    enter(signal) {
      if (signal?.aborted === true) return Promise.resolve(undefined);
      if (free > 0) {
        free -= 1;
        return Promise.resolve(place());
      }
      if (waiting.size >= mostWaiting) return Promise.resolve(undefined);
      return new Promise((resolve) => {
        const settle = (outcome: (() => void) | undefined): void => {
          waiting.delete(enter);
          signal?.removeEventListener("abort", giveUp);
          resolve(outcome);
        };
        const enter = (): void => settle(place());
        const giveUp = (): void => settle(undefined);
        waiting.add(enter);
        signal?.addEventListener("abort", giveUp, { once: true });
      });
    },
  };
}
