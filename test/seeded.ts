import { onTestFailed } from "vitest";

/**
 * Numbers from 0 up to 1 for the running test, from a seed that a failure prints; SEED in the environment sets it, so that
 * what was seen once can be seen again (mulberry32).
 */
export function seededRandom(): () => number {
  const seed = Number(process.env["SEED"] ?? Math.floor(Math.random() * 1_000_000));
  onTestFailed(() => console.error(`to see it again: SEED=${seed}`));
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The same in a random order. */
export function shuffle<T>(items: readonly T[], random: () => number): readonly T[] {
  const ranked = items.map((item) => ({ item, rank: random() }));
  return ranked.toSorted((a, b) => a.rank - b.rank).map(({ item }) => item);
}
