import { createHash } from "node:crypto";
import type { KubeClient } from "./client.ts";
import { sleep, systemClock } from "./clock.ts";
import type { KubeClock, Random } from "./clock.ts";
import { isAlreadyExists, isNotFound, isTransient } from "./errors.ts";
import { cutNote, microTime } from "./event-note.ts";
import { apiVersionOf } from "./resource-path.ts";
import { createTokenBuckets } from "./token-bucket.ts";
import type { KubeObject, ResourceType, Stored } from "./types.ts";

/** core/v1 ObjectReference: whom an event is about. */
export interface EventReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
  readonly uid: string;
}

export interface EventText {
  readonly regarding: EventReference;
  readonly related?: EventReference;
  readonly type: "Normal" | "Warning";
  /** CamelCase, at most 128 characters: why. */
  readonly reason: string;
  /** CamelCase, at most 128 characters: what was done about it. */
  readonly action: string;
  /** A sentence for a human; cut at 1 KiB. */
  readonly note: string;
}

export interface EventRecorder {
  /**
   * Returns at once; the event is written when its turn comes. An urgent one comes before all others that wait, and is never
   * dropped for their number: one that speaks for a thousand must not be lost among theirs.
   */
  event(text: EventText, urgency?: "urgent"): void;
  /** Resolves when all is written, or after `deadlineMs`: for shutdown. */
  flush(deadlineMs: number): Promise<void>;
}

export interface EventRecorderOptions {
  readonly client: Pick<KubeClient, "create" | "mergePatch">;
  /** reportingController: a qualified name such as "darkfactory.dev/operator". */
  readonly component: string;
  /** reportingInstance: this process, such as the Pod's name. */
  readonly instance: string;
  readonly clock?: KubeClock;
  readonly random?: Random;
  /** Told of every event that will never be written. */
  readonly onDropped?: (text: EventText, because: "too-many" | "queue-full" | "refused" | "unreachable") => void;
}

/** events.k8s.io/v1 Event, as far as it is written here. */
export interface KubeEvent extends KubeObject {
  readonly eventTime: string;
  readonly reportingController: string;
  readonly reportingInstance: string;
  readonly type: EventText["type"];
  readonly reason: string;
  readonly action: string;
  readonly note: string;
  readonly regarding: EventReference;
  readonly related?: EventReference;
  readonly series?: { readonly count: number; readonly lastObservedTime: string };
}

export const EVENT: ResourceType<KubeEvent> = {
  group: "events.k8s.io",
  version: "v1",
  kind: "Event",
  plural: "events",
  namespaced: true,
};

/** client-go tools/events: a repeat within 6 minutes joins its series; 1,000 may wait; 12 tries 10 s (± 25 %) apart. */
const SERIES_MS = 6 * 60_000;
const QUEUE_LENGTH = 1000;
const TRIES = 12;
const RETRY_MS = 10_000;
/** Events remembered for repeats, and objects remembered for their budget (client-go tools/record: LRU of 4096). */
const MEMORY = 4096;

/** One event and its repeats. */
interface Series {
  readonly text: EventText;
  readonly key: string;
  readonly isUrgent: boolean;
  name: string;
  since: number;
  last: number;
  count: number;
  /** The count that the server knows; 0 before the event was created. */
  written: number;
  /** The count that is on its way; 0 while none is. */
  sending: number;
  waiting: boolean;
}

/**
 * Records events as Kubernetes' own controllers do, without ever making its caller wait. The same words about the same
 * object become one event with a count; an object that causes too many loses the rest; names are settled before the
 * first try, so that a retry never makes a second event.
 */
export function createEventRecorder(options: EventRecorderOptions): EventRecorder {
  const { client, clock = systemClock, random = Math.random, onDropped } = options;
  const known = new Map<string, Series>();
  const buckets = createTokenBuckets(MEMORY);
  const queue: Series[] = [];
  const urgent: Series[] = [];
  /** Fires when flush begins: who waits for a better moment waits no longer. */
  const hurry = new AbortController();
  /** Fires at flush's deadline. */
  const end = new AbortController();
  let draining: Promise<void> | undefined;
  let cancelSweep: (() => void) | undefined;

  const enqueue = (series: Series): void => {
    if (series.waiting) return;
    series.waiting = true;
    (series.isUrgent ? urgent : queue).push(series);
    if (queue.length > QUEUE_LENGTH) {
      const oldest = queue.shift();
      if (oldest) drop(oldest, "queue-full");
    }
    draining ??= drain();
  };

  const drop = (series: Series, because: "queue-full" | "refused" | "unreachable"): void => {
    series.waiting = false;
    if (series.written === 0) known.delete(series.key);
    onDropped?.(series.text, because);
  };

  const drain = async (): Promise<void> => {
    const next = (): Series | undefined => urgent.shift() ?? queue.shift();
    for (let series = next(); series !== undefined; series = next()) {
      series.waiting = false;
      await write(series);
      series.sending = 0;
    }
    draining = undefined;
  };

  const write = async (series: Series): Promise<void> => {
    for (let tries = 1; ; tries++) {
      try {
        await writeOnce(series);
        return;
      } catch (error) {
        if (!isTransient(error) && !end.signal.aborted) return drop(series, "refused");
        if (tries === TRIES || hurry.signal.aborted) return drop(series, "unreachable");
      }
      await sleep(clock, RETRY_MS * (0.75 + random() / 2), hurry.signal);
    }
  };

  const writeOnce = async (series: Series): Promise<void> => {
    const { count } = series;
    series.sending = count;
    const namespace = series.text.regarding.namespace ?? "default";
    const { signal } = end;
    if (series.written === 0) {
      try {
        await client.create(EVENT, eventOf(series, namespace), { signal });
      } catch (error) {
        if (!isAlreadyExists(error)) throw error;
      }
    } else {
      try {
        await client.mergePatch(EVENT, { namespace, name: series.name }, { series: seriesOf(series) }, { signal });
      } catch (error) {
        if (!isNotFound(error)) throw error;
        // The server forgets events after an hour: begin anew.
        Object.assign(series, { name: nameOf(series.text, series.key, clock.now()), since: clock.now(), written: 0 });
        await writeOnce(series);
        return;
      }
    }
    series.written = count;
  };

  const eventOf = (series: Series, namespace: string): KubeEvent => ({
    metadata: { name: series.name, namespace },
    eventTime: microTime(series.since),
    reportingController: options.component,
    reportingInstance: options.instance,
    ...series.text,
    ...(series.count > 1 ? { series: seriesOf(series) } : {}),
  });

  /** Writes counts that grew since they were last written. */
  const sweep = (): void => {
    cancelSweep?.();
    cancelSweep = undefined;
    for (const series of known.values()) {
      if (series.count > Math.max(series.written, series.sending)) enqueue(series);
    }
  };

  const repeat = (series: Series, now: number): void => {
    series.count += 1;
    series.last = now;
    // The first repeat shows at once; how often it goes on happening can wait.
    if (series.count === 2) enqueue(series);
    else cancelSweep ??= clock.after(SERIES_MS, sweep);
  };

  return {
    event: (given, urgency) => {
      const text = { ...given, note: cutNote(given.note) };
      const now = clock.now();
      const key = keyOf(text);
      const series = known.get(key);
      if (series && now - series.last < SERIES_MS) {
        repeat(series, now);
        return;
      }
      if (!buckets.take(text.regarding.uid, now)) {
        onDropped?.(text, "too-many");
        return;
      }
      const name = nameOf(text, key, now);
      const fresh: Series = {
        text,
        key,
        isUrgent: urgency === "urgent",
        name,
        since: now,
        last: now,
        count: 1,
        written: 0,
        sending: 0,
        waiting: false,
      };
      known.delete(key);
      known.set(key, fresh);
      const [oldest] = known.keys();
      if (known.size > MEMORY && oldest !== undefined) known.delete(oldest);
      enqueue(fresh);
    },
    flush: async (deadlineMs) => {
      hurry.abort();
      const cancel = clock.after(deadlineMs, () => end.abort());
      sweep();
      await draining;
      cancel();
    },
  };
}

/** The reference to an object that an event is about. */
export function referenceTo<T extends KubeObject>(type: ResourceType<T>, object: Stored<T>): EventReference {
  const { name, namespace, uid } = object.metadata;
  return {
    apiVersion: apiVersionOf(type),
    kind: type.kind,
    name,
    uid,
    ...(namespace === undefined ? {} : { namespace }),
  };
}

function seriesOf(series: Series): { readonly count: number; readonly lastObservedTime: string } {
  return { count: series.count, lastObservedTime: microTime(series.last) };
}

/** What makes two events the same. The note is part of it: the server lets no event change its note. */
function keyOf({ regarding, related, type, reason, action, note }: EventText): string {
  return JSON.stringify([regarding.uid, related?.uid, type, reason, action, note]);
}

/** Unique in time, and settled before the first try. An object's name may be as long as an event's, hence the cut. */
function nameOf(text: EventText, key: string, now: number): string {
  const digest = createHash("sha256").update(`${key}@${now}`).digest("hex").slice(0, 16);
  return `${text.regarding.name.slice(0, 230).replace(/[-.]+$/, "")}.${digest}`;
}
