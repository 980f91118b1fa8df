import type { Stored } from "../kube/types.ts";
import type { Reconcile } from "./contract.ts";
import { createController, type ControllerMetrics, type ControllerOptions } from "./controller.ts";
import { createFakeClock } from "./fake-clock.ts";
import { fedInformer, recordingLogger } from "./testing.ts";
import { itself, watching } from "./watching.ts";

/** Metrics that note what they are told. */
function countingMetrics() {
  const seen = { outcomes: [] as string[], terminal: 0, panicked: 0, timedOut: 0, workers: 0, active: [] as number[] };
  const nothing = (): void => undefined;
  const metrics: ControllerMetrics = {
    queue: { depth: nothing, added: nothing, retried: nothing, taken: nothing, finished: nothing, inHand: nothing },
    workers: (count) => (seen.workers = count),
    activeWorkers: (count) => seen.active.push(count),
    reconciled: (outcome) => seen.outcomes.push(outcome),
    terminal: () => seen.terminal++,
    panicked: () => seen.panicked++,
    timedOut: () => seen.timedOut++,
  };
  return { seen, metrics };
}

/** A controller for tests, on a clock and a watch that they move. */
export function setUp(
  reconcile: Reconcile,
  {
    workers = 1,
    isUrgent = () => false,
    ...more
  }: Pick<ControllerOptions, "workers" | "after"> & { readonly isUrgent?: (object: Stored) => boolean } = {},
) {
  const clock = createFakeClock();
  const { logger, lines } = recordingLogger();
  const { seen, metrics } = countingMetrics();
  const { informer, sink } = fedInformer();
  sink.replace([], "99");
  const controller = createController({
    name: "widget",
    kind: "Widget",
    reconcile,
    clock,
    logger,
    metrics,
    workers,
    ...more,
    watches: [watching(informer, itself, { isUrgent })],
    random: () => 0,
  });
  return { clock, lines, seen, informer, sink, controller };
}

/** A reconcile that counts its calls and takes its outcome from a list; the last one stays. */
export function scripted(...outcomes: readonly (Error | { wakeAt?: number })[]) {
  const calls: string[] = [];
  const reconcile: Reconcile = ({ name }) => {
    const outcome = outcomes[Math.min(calls.push(name), outcomes.length) - 1] ?? {};
    return outcome instanceof Error ? Promise.reject(outcome) : Promise.resolve(outcome);
  };
  return { calls, reconcile };
}
