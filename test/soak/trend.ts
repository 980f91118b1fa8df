/** One look at the operator. */
export interface Look {
  /** Seconds since the soak began. */
  readonly at: number;
  readonly rssMb: number;
  /** Keys that wait for a worker, and milliseconds that one waited on average since the look before. */
  readonly waiting: number;
  readonly waitedMs: number;
  readonly loopP99Ms: number;
  readonly sockets: number;
}

/** The slope of the line that lies closest (least squares) to points, in units of y for one of x; 0 for fewer than two. */
export function slope(points: readonly (readonly [number, number])[]): number {
  const mean = (of: 0 | 1): number => points.reduce((sum, point) => sum + point[of], 0) / points.length;
  const [x, y] = [mean(0), mean(1)];
  const spread = points.reduce((sum, [at]) => sum + (at - x) ** 2, 0);
  if (points.length < 2 || spread === 0) return 0;
  return points.reduce((sum, [at, value]) => sum + (at - x) * (value - y), 0) / spread;
}

/** The value below which this share of all lies; 0 for none. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

export interface Trend {
  /** Growth of memory after the warm-up. */
  readonly rssMbPerHour: number;
  readonly rssMb: { readonly first: number; readonly last: number; readonly most: number };
  readonly waiting: { readonly median: number; readonly most: number };
  readonly waitedMs: { readonly median: number; readonly most: number };
  readonly loopP99Ms: { readonly median: number; readonly most: number };
  readonly sockets: { readonly first: number; readonly last: number; readonly most: number };
}

const HOUR_SECONDS = 3600;

/** The first part of a soak: agents start, caches and compiled code grow. */
export const WARM_UP = 1 / 3;

/** What the looks after the warm-up have in common. */
export function trendOf(looks: readonly Look[]): Trend {
  const warm = looks.slice(Math.floor(looks.length * WARM_UP));
  const of = (name: keyof Look): readonly number[] => warm.map((look) => look[name]);
  const ends = (name: keyof Look) => ({
    first: of(name)[0] ?? 0,
    last: of(name).at(-1) ?? 0,
    most: Math.max(0, ...of(name)),
  });
  const spread = (name: keyof Look) => ({ median: percentile(of(name), 0.5), most: Math.max(0, ...of(name)) });
  return {
    rssMbPerHour: slope(warm.map(({ at, rssMb }) => [at, rssMb] as const)) * HOUR_SECONDS,
    rssMb: ends("rssMb"),
    waiting: spread("waiting"),
    waitedMs: spread("waitedMs"),
    loopP99Ms: spread("loopP99Ms"),
    sockets: ends("sockets"),
  };
}
