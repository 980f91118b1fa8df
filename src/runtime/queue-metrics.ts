import { Counter, exponentialBuckets, Gauge, Histogram, type Registry } from "prom-client";
import type { Priority } from "./ready-keys.ts";
import type { QueueMetrics } from "./work-queue.ts";

/** client-go's buckets for its work queue: 10 ns to 1000 s. */
const QUEUE_SECONDS = exponentialBuckets(10e-9, 10, 12);
/** controller-runtime shows priorities as numbers; -100 is its LowPriority. */
const PRIORITIES: Readonly<Record<Priority, string>> = { normal: "0", low: "-100" };

/** The workqueue_* metrics under client-go's names; gives the metrics of the queue of one controller. */
export function createQueueMetrics(registry: Registry): (name: string) => QueueMetrics {
  const registers = [registry];
  const labelNames = ["name", "controller"] as const;
  const inHand = new Map<string, () => readonly number[]>();
  /** A gauge that is computed from the keys in hand when it is read. */
  const onDemand = (name: string, help: string, of: (seconds: readonly number[]) => number): void => {
    const gauge: Gauge<"name" | "controller"> = new Gauge({
      name: `workqueue_${name}`,
      help,
      labelNames,
      registers,
      collect() {
        for (const [name, read] of inHand) gauge.set({ name, controller: name }, of(read()));
      },
    });
  };
  onDemand("unfinished_work_seconds", "Seconds of work in hand that is not finished, all workers together", (seconds) =>
    seconds.reduce((sum, each) => sum + each, 0),
  );
  onDemand("longest_running_processor_seconds", "Seconds that the longest running worker has worked", (seconds) =>
    Math.max(0, ...seconds),
  );
  const depth = new Gauge({
    name: "workqueue_depth",
    help: "Keys that wait for a worker",
    labelNames: [...labelNames, "priority"],
    registers,
  });
  const adds = new Counter({ name: "workqueue_adds_total", help: "Keys added", labelNames, registers });
  const retries = new Counter({ name: "workqueue_retries_total", help: "Keys to be retried", labelNames, registers });
  const waited = new Histogram({
    name: "workqueue_queue_duration_seconds",
    help: "How long a key waits for a worker",
    labelNames,
    buckets: QUEUE_SECONDS,
    registers,
  });
  const worked = new Histogram({
    name: "workqueue_work_duration_seconds",
    help: "How long a worker works on a key",
    labelNames,
    buckets: QUEUE_SECONDS,
    registers,
  });

  return (name) => {
    const labels = { name, controller: name };
    for (const priority of Object.values(PRIORITIES)) depth.set({ ...labels, priority }, 0);
    for (const counter of [adds, retries]) counter.inc(labels, 0);
    for (const histogram of [waited, worked]) histogram.zero(labels);
    return {
      depth: (priority, size) => depth.set({ ...labels, priority: PRIORITIES[priority] }, size),
      added: () => adds.inc(labels),
      retried: () => retries.inc(labels),
      taken: (seconds) => waited.observe(labels, seconds),
      finished: (seconds) => worked.observe(labels, seconds),
      inHand: (read) => inHand.set(name, read),
    };
  };
}
