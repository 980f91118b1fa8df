import { addCounters, countersOf, isEmpty, noCounts, subtractCounters, type Counters } from "./counters.ts";

/** Most parts that a window is kept in (api.md, status.drift.buckets). */
const MOST_BUCKETS = 12;

/** What was counted in one part of the window. */
export interface Bucket extends Counters {
  /** When this part begins. RFC 3339. */
  readonly start: string;
}

/** The evidence against one agent over the last windowSeconds (D1): plain JSON, as it stands in Agent.status.drift. */
export interface DriftWindow {
  /** When counting began: a restart or a resume begins a new window (D7). RFC 3339. */
  readonly windowStart: string;
  /** Oldest first, none of them empty, at most 12. */
  readonly buckets: readonly Bucket[];
}

/** When and how far a window looks back. */
export interface WindowSpan {
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly windowSeconds: number;
}

export function newWindow(start: number): DriftWindow {
  return { windowStart: rfc3339(start), buckets: [] };
}

/** The window that a status holds; undefined where it holds none. Counts that are missing are 0. */
export function windowOf(
  status: { readonly windowStart?: string; readonly buckets?: readonly StoredBucket[] } | undefined,
): DriftWindow | undefined {
  if (status?.windowStart === undefined) return undefined;
  return { windowStart: status.windowStart, buckets: bucketsOf(status.buckets) };
}

/** Buckets that a status holds. Counts that are missing are 0. */
export function bucketsOf(stored: readonly StoredBucket[] = []): readonly Bucket[] {
  return stored.map((bucket) => ({ start: bucket.start, ...countersOf(bucket) }));
}

type StoredBucket = { readonly start: string } & Partial<Counters>;

/**
 * Adds what was counted at an instant. A time before the window's start or after now is a clock that is off, and counts at
 * the nearer end; what is older than the window is not added.
 */
export function record(window: DriftWindow, counts: Counters, at: number, span: WindowSpan): DriftWindow {
  const slid = slide(window, span);
  if (isEmpty(counts)) return slid;
  const { secondsPerBucket, oldest } = gridOf(window, span);
  const earliest = Date.parse(window.windowStart);
  const when = Math.max(Math.min(at, span.now), earliest);
  const cell = cellOf(when, secondsPerBucket);
  if (cell < oldest) return slid;
  const start = rfc3339(Math.max(cell * secondsPerBucket * 1000, earliest));
  return { ...slid, buckets: inCells([...slid.buckets, { start, ...counts }], secondsPerBucket) };
}

/** Adds what was counted in buckets elsewhere, each at the time at which it begins; the window is slid whatever they hold. */
export function recordAll(window: DriftWindow, buckets: readonly Bucket[], span: WindowSpan): DriftWindow {
  return buckets.reduce(
    (sum, bucket) => record(sum, countersOf(bucket), Date.parse(bucket.start), span),
    slide(window, span),
  );
}

/** Takes out what other buckets hold, cell by cell, as far as the window still holds it: never below zero. */
export function takeOut(window: DriftWindow, buckets: readonly Bucket[], span: WindowSpan): DriftWindow {
  const slid = slide(window, span);
  const { secondsPerBucket } = gridOf(window, span);
  const cell = ({ start }: Bucket) => cellOf(Date.parse(start), secondsPerBucket);
  const out = new Map(inCells(buckets, secondsPerBucket).map((bucket) => [cell(bucket), bucket]));
  const left = slid.buckets.map((bucket) => {
    const part = out.get(cell(bucket));
    return part === undefined ? bucket : { start: bucket.start, ...subtractCounters(bucket, part) };
  });
  return { ...slid, buckets: left.filter((bucket) => !isEmpty(bucket)) };
}

/** Lets go of what is older than the window (D11). The same object where nothing is. */
export function slide(window: DriftWindow, span: WindowSpan): DriftWindow {
  const { secondsPerBucket, oldest } = gridOf(window, span);
  const young = window.buckets.filter(({ start }) => cellOf(Date.parse(start), secondsPerBucket) >= oldest);
  const buckets = inCells(young, secondsPerBucket);
  return buckets.length === window.buckets.length ? window : { ...window, buckets };
}

/** All that the window holds; call it after `slide`. */
export function totalOf({ buckets }: Pick<DriftWindow, "buckets">): Counters {
  return buckets.reduce<Counters>(addCounters, noCounts);
}

/**
 * Buckets are cells of a grid over time, the current one and as many before it as lie within the window as a whole: so
 * nothing older than the window ever counts, and what counts is up to one bucket (a twelfth of the window) short of it.
 */
function gridOf({ buckets }: DriftWindow, { now, windowSeconds }: WindowSpan) {
  const secondsPerBucket = Math.ceil(windowSeconds / MOST_BUCKETS);
  const most = Math.floor(windowSeconds / secondsPerBucket);
  // A clock that was set back must not let the window grow past its newest bucket.
  const newest = Math.max(now, ...buckets.slice(-1).map(({ start }) => Date.parse(start)));
  return { secondsPerBucket, oldest: cellOf(newest, secondsPerBucket) - most + 1 };
}

function cellOf(instant: number, secondsPerBucket: number): number {
  return Math.floor(instant / (secondsPerBucket * 1000));
}

/** Whole seconds without a fraction, as the grid's times are. */
function rfc3339(instant: number): string {
  return new Date(instant).toISOString().replace(".000Z", "Z");
}

/** One bucket a cell, oldest first: evidence that came late joins the others of its time, and so do buckets of a finer grid. */
function inCells(buckets: readonly Bucket[], secondsPerBucket: number): readonly Bucket[] {
  const byCell = new Map<number, Bucket>();
  for (const bucket of buckets) {
    const cell = cellOf(Date.parse(bucket.start), secondsPerBucket);
    const other = byCell.get(cell);
    byCell.set(cell, other === undefined ? bucket : { start: other.start, ...addCounters(other, bucket) });
  }
  return [...byCell.entries()].sort(([a], [b]) => a - b).map(([, bucket]) => bucket);
}
