import { expect, it } from "vitest";
import { textOf } from "../chaos/report.ts";
import { runChaos } from "../chaos/run.ts";
import { seed } from "../seeded.ts";

/** A few of the faults of `npm run chaos`, all of kinds that cost no half minute. */
const SHORT = {
  faults: 60,
  kills: 3,
  replicas: 1,
  size: { safety: 5, growth: 2, minutely: 0 },
  allowLong: false,
  // Two intervals of Nightwatch, for an agent's first evaluations bring news, and what a busy machine may be late by.
  settleMs: 30_000,
  quietMs: 3000,
} as const;

/* What never comes is told by the wait for it, which has more patience than a test has by default. */
it("a fleet whose operator is killed and whose every request may go wrong ends as one without faults, and nothing is doubled on the way", async () => {
  const outcome = await runChaos({ ...SHORT, seed, log: () => undefined });
  expect(outcome.violations, `SEED=${seed}\n${textOf(outcome)}`).toEqual([]);
  expect([...outcome.faults.values()].reduce((sum, count) => sum + count, 0)).toBeGreaterThanOrEqual(SHORT.faults);
}, 400_000);
