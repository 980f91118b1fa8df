/** How many events one object may cause: client-go's spam filter, 25 at once and one more each 5 minutes. */
const BURST = 25;
const REFILL_MS = 300_000;

/** One token bucket per key; at most `capacity` keys, the longest unused forgotten first. */
export function createTokenBuckets(capacity: number): { take(key: string, now: number): boolean } {
  const buckets = new Map<string, { tokens: number; at: number }>();
  return {
    take: (key, now) => {
      const known = buckets.get(key) ?? { tokens: BURST, at: now };
      const tokens = Math.min(BURST, known.tokens + (now - known.at) / REFILL_MS);
      buckets.delete(key);
      buckets.set(key, { tokens: tokens >= 1 ? tokens - 1 : tokens, at: now });
      const [oldest] = buckets.keys();
      if (buckets.size > capacity && oldest !== undefined) buckets.delete(oldest);
      return tokens >= 1;
    },
  };
}
