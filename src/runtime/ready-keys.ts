import type { Key } from "./contract.ts";

/** "low" is for initial lists and resyncs: it waits behind everything that somebody is waiting for. */
export type Priority = "normal" | "low";

export interface ReadyKey {
  readonly key: Key;
  readonly priority: Priority;
  /** Monotonic milliseconds when the key was added first. */
  readonly since: number;
}

/** Keys that wait for a worker: each once, first in first out within its priority. Every operation costs O(1). */
export interface ReadyKeys {
  readonly size: number;
  count(priority: Priority): number;
  /** Adds the key; one that waits already stays, or rises to the end of "normal". */
  add(entry: ReadyKey): void;
  take(): ReadyKey | undefined;
  clear(): void;
}

export function createReadyKeys(): ReadyKeys {
  const waiting = new Map<Key, ReadyKey>();
  const lanes = { normal: createLane(), low: createLane() };
  const counts = { normal: 0, low: 0 };

  function push(entry: ReadyKey): void {
    waiting.set(entry.key, entry);
    counts[entry.priority]++;
    lanes[entry.priority].push(entry);
  }

  return {
    get size() {
      return waiting.size;
    },
    count: (priority) => counts[priority],
    add(entry) {
      const known = waiting.get(entry.key);
      if (known === undefined) return push(entry);
      if (known.priority === "normal" || entry.priority === "low") return;
      counts.low--;
      push({ ...entry, since: known.since });
    },
    take() {
      for (const lane of [lanes.normal, lanes.low]) {
        for (let entry = lane.shift(); entry !== undefined; entry = lane.shift()) {
          // A key that rose left its old entry behind in the low lane.
          if (waiting.get(entry.key) !== entry) continue;
          waiting.delete(entry.key);
          counts[entry.priority]--;
          return entry;
        }
      }
      return undefined;
    },
    clear() {
      waiting.clear();
      counts.normal = counts.low = 0;
    },
  };
}

interface Lane {
  push(entry: ReadyKey): void;
  shift(): ReadyKey | undefined;
}

/** A queue on an array: Array.shift alone moves all that follow, so taken places are cut off in bulk. */
function createLane(): Lane {
  let entries: ReadyKey[] = [];
  let head = 0;
  return {
    push: (entry) => void entries.push(entry),
    shift() {
      const entry = entries[head];
      if (entry === undefined) return undefined;
      head++;
      if (head > 1_000 && head * 2 > entries.length) {
        entries = entries.slice(head);
        head = 0;
      }
      return entry;
    },
  };
}
