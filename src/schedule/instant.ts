/** Milliseconds since the epoch, always handed in. */
export type Instant = number;

export const MILLISECONDS = { perSecond: 1000, perMinute: 60_000, perHour: 3_600_000, perDay: 86_400_000 } as const;
