import { describe, expect, test } from "vitest";
import { createMetrics } from "./metrics.ts";

/** The samples of a metric, as they stand on the page. */
async function samples(metrics: ReturnType<typeof createMetrics>, name: string): Promise<string[]> {
  const page = await metrics.registry.metrics();
  return page.split("\n").filter((line) => line.startsWith(name) && /^[{ ]/.test(line.slice(name.length)));
}

describe("the metrics page", () => {
  test("shows every series of a controller from the start, with 0", async () => {
    const metrics = createMetrics();
    metrics.controller("agent");
    metrics.leader("darkfactory");
    metrics.reflector("agents");
    expect(await samples(metrics, "controller_runtime_reconcile_total")).toEqual([
      'controller_runtime_reconcile_total{controller="agent",result="success"} 0',
      'controller_runtime_reconcile_total{controller="agent",result="error"} 0',
      'controller_runtime_reconcile_total{controller="agent",result="requeue"} 0',
      'controller_runtime_reconcile_total{controller="agent",result="requeue_after"} 0',
    ]);
    for (const name of [
      "controller_runtime_reconcile_errors_total",
      "controller_runtime_terminal_reconcile_errors_total",
      "controller_runtime_reconcile_panics_total",
      "controller_runtime_reconcile_timeouts_total",
      "controller_runtime_reconcile_time_seconds_count",
      "controller_runtime_max_concurrent_reconciles",
      "controller_runtime_active_workers",
    ]) {
      expect(await samples(metrics, name), name).toEqual([`${name}{controller="agent"} 0`]);
    }
    for (const name of [
      "workqueue_adds_total",
      "workqueue_retries_total",
      "workqueue_queue_duration_seconds_count",
      "workqueue_work_duration_seconds_count",
    ]) {
      expect(await samples(metrics, name), name).toEqual([`${name}{name="agent",controller="agent"} 0`]);
    }
    expect(await samples(metrics, "workqueue_depth")).toEqual([
      'workqueue_depth{name="agent",controller="agent",priority="0"} 0',
      'workqueue_depth{name="agent",controller="agent",priority="-100"} 0',
    ]);
    expect(await samples(metrics, "leader_election_master_status")).toEqual([
      'leader_election_master_status{name="darkfactory"} 0',
    ]);
    expect(await samples(metrics, "reflector_lists_total")).toEqual(['reflector_lists_total{resource="agents"} 0']);
  });

  test("shows the process and its event loop", async () => {
    const page = await createMetrics().registry.metrics();
    for (const name of ["process_resident_memory_bytes", "nodejs_eventloop_lag_p99_seconds"])
      expect(page).toContain(name);
  });
});

test("a reconcile that fails counts in the total and in the errors", async () => {
  const metrics = createMetrics();
  const controller = metrics.controller("agent");
  controller.reconciled("success", 0);
  controller.reconciled("error", 0.2);
  controller.terminal();
  controller.panicked();
  expect(await samples(metrics, "controller_runtime_reconcile_errors_total")).toEqual([
    'controller_runtime_reconcile_errors_total{controller="agent"} 1',
  ]);
  expect(await samples(metrics, "controller_runtime_reconcile_time_seconds_sum")).toEqual([
    'controller_runtime_reconcile_time_seconds_sum{controller="agent"} 0.2',
  ]);
  expect(await samples(metrics, "controller_runtime_terminal_reconcile_errors_total")).toEqual([
    'controller_runtime_terminal_reconcile_errors_total{controller="agent"} 1',
  ]);
});

test("work in hand is measured when the page is read", async () => {
  const metrics = createMetrics();
  let seconds = [3, 4];
  metrics.controller("agent").queue.inHand(() => seconds);
  expect(await samples(metrics, "workqueue_unfinished_work_seconds")).toEqual([
    'workqueue_unfinished_work_seconds{name="agent",controller="agent"} 7',
  ]);
  seconds = [];
  expect(await samples(metrics, "workqueue_longest_running_processor_seconds")).toEqual([
    'workqueue_longest_running_processor_seconds{name="agent",controller="agent"} 0',
  ]);
});

test("a request counts by code, method and host", async () => {
  const metrics = createMetrics();
  metrics.request({ method: "GET", code: "200", host: "10.0.0.1:443", path: "/api", durationMs: 30, attempt: 1 });
  expect(await samples(metrics, "rest_client_requests_total")).toEqual([
    'rest_client_requests_total{code="200",method="GET",host="10.0.0.1:443"} 1',
  ]);
  expect(await samples(metrics, "rest_client_request_duration_seconds_sum")).toEqual([
    'rest_client_request_duration_seconds_sum{verb="GET",host="10.0.0.1:443"} 0.03',
  ]);
});

test("a reflector's running totals become counters", async () => {
  const metrics = createMetrics();
  const onState = metrics.reflector("agents");
  const state = {
    phase: "watching",
    lists: 1,
    watches: 2,
    idleAborts: 0,
    failuresInARow: 0,
    lastError: undefined,
  } as const;
  onState({ ...state, relists: { expired: 0, "watch-failed": 0, safety: 0, "sink-failed": 0, "out-of-order": 0 } });
  onState({
    ...state,
    lists: 2,
    watches: 5,
    failuresInARow: 3,
    relists: { expired: 1, "watch-failed": 0, safety: 0, "sink-failed": 0, "out-of-order": 0 },
  });
  expect(await samples(metrics, "reflector_watches_total")).toEqual(['reflector_watches_total{resource="agents"} 5']);
  expect(await samples(metrics, "reflector_relists_total")).toContain(
    'reflector_relists_total{resource="agents",reason="expired"} 1',
  );
  expect(await samples(metrics, "reflector_failures_in_a_row")).toEqual([
    'reflector_failures_in_a_row{resource="agents"} 3',
  ]);
});
