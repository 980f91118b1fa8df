/** RFC 3339 with whole seconds, as metav1.Time is written. `instant` is in milliseconds since the epoch; rounds down. */
export function fromInstant(instant: number): string {
  return `${new Date(Math.floor(instant / 1000) * 1000).toISOString().slice(0, 19)}Z`;
}

/** Milliseconds since the epoch of an RFC 3339 time. NaN when it is none. */
export function toInstant(time: string): number {
  return Date.parse(time);
}
