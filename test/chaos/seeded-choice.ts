import { createHash } from "node:crypto";

/**
 * A number from 0 up to 1 that a seed and a question decide, whenever it is asked: what runs at the same time can come in
 * any order, and each still meets the same fate.
 */
export function choice(seed: number, ...question: readonly (string | number)[]): number {
  const digest = createHash("sha256")
    .update(JSON.stringify([seed, ...question]))
    .digest();
  return digest.readUInt32BE(0) / 2 ** 32;
}

/** One of these, by the same rule. */
export function oneOf<T>(items: readonly T[], seed: number, ...question: readonly (string | number)[]): T | undefined {
  return items[Math.floor(choice(seed, ...question) * items.length)];
}
