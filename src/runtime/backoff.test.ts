import { expect, test } from "vitest";
import { createBackoff } from "./backoff.ts";

test("the delay doubles from 250 ms per failure, up to 5 min", () => {
  const shortest = createBackoff({ random: () => 0 });
  const delays = Array.from({ length: 14 }, () => shortest.next("a"));
  expect(delays.slice(0, 4)).toEqual([250, 500, 1_000, 2_000]);
  expect(delays.at(-1)).toBe(150_000);
  expect(Math.max(...delays.map((_, n) => createLongest(n)))).toBeLessThanOrEqual(300_000);
});

function createLongest(failuresBefore: number): number {
  const backoff = createBackoff({ random: () => 0.999_999 });
  for (let n = 0; n < failuresBefore; n++) backoff.next("a");
  return backoff.next("a");
}

test("jitter spreads keys that failed together over half the range", () => {
  expect(createBackoff({ random: () => 0 }).next("a")).toBe(250);
  expect(createBackoff({ random: () => 0.5 }).next("a")).toBe(375);
});

test("a thousand failures in a row still give a finite delay", () => {
  const backoff = createBackoff();
  for (let n = 0; n < 2_000; n++) backoff.next("a");
  expect(backoff.next("a")).toBeLessThanOrEqual(300_000);
});

test("keys count for themselves, and start anew once forgotten", () => {
  const backoff = createBackoff({ random: () => 0 });
  backoff.next("a");
  backoff.next("a");
  expect(backoff.next("b")).toBe(250);
  expect(backoff.failures("a")).toBe(2);
  backoff.forget("a");
  expect(backoff.failures("a")).toBe(0);
  expect(backoff.next("a")).toBe(250);
});
