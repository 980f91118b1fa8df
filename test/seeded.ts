import { onTestFailed } from "vitest";

/** What chance is drawn from. The same in every run, so that a check that fails does so for everyone; SEED=N plays others. */
export const seed = Number(process.env["SEED"] ?? 7);

/** Numbers from 0 up to 1 for the running test, from the seed, which a failure prints (mulberry32). */
export function seededRandom(): () => number {
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
