import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";
import type { ReflectorState, RelistReason } from "../kube/reflector-contract.ts";
import type { SeenRequest } from "../kube/transport.ts";
import type { ControllerMetrics, ReconcileOutcome } from "./controller.ts";
import { createQueueMetrics } from "./queue-metrics.ts";

/** Buckets of controller-runtime's reconcile_time_seconds. */
const RECONCILE_SECONDS = [
  0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.25, 1.5, 1.75, 2,
  2.5, 3, 3.5, 4, 4.5, 5, 6, 7, 8, 9, 10, 15, 20, 25, 30, 40, 50, 60,
];
/** Buckets of client-go's rest_client_request_duration_seconds. */
const REQUEST_SECONDS = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60];
const NO_RELISTS: Readonly<Record<RelistReason, number>> = {
  expired: 0,
  "watch-failed": 0,
  safety: 0,
  "sink-failed": 0,
  "out-of-order": 0,
};
const OUTCOMES: readonly ReconcileOutcome[] = ["success", "error", "requeue", "requeue_after"];

/** Everything the runtime counts, under the names that controller-runtime uses, so that existing dashboards work. */
export interface RuntimeMetrics {
  readonly registry: Registry;
  /** The metrics of one controller and its queue, all there from the start with 0. Once per name. */
  readonly controller: (name: string) => ControllerMetrics;
  /** For a client's onRequest. */
  readonly request: (seen: SeenRequest) => void;
  /** For an informer's onState; `resource` is its plural. */
  readonly reflector: (resource: string) => (state: ReflectorState) => void;
  /** For an election's onChange; `name` is the lease's. */
  readonly leader: (name: string) => (isLeader: boolean) => void;
}

/** A registry of its own, with the process's and Node's default metrics (event loop delay among them). */
export function createMetrics(): RuntimeMetrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const queue = createQueueMetrics(registry);
  return {
    registry,
    controller: createControllerMetrics(registry, queue),
    request: createRequestMetrics(registry),
    reflector: createReflectorMetrics(registry),
    leader: createLeaderMetrics(registry),
  };
}

function createControllerMetrics(
  registry: Registry,
  queue: ReturnType<typeof createQueueMetrics>,
): RuntimeMetrics["controller"] {
  const registers = [registry];
  const labelNames = ["controller"] as const;
  const counter = (name: string, help: string): Counter<"controller"> =>
    new Counter({ name: `controller_runtime_${name}`, help, labelNames, registers });
  const gauge = (name: string, help: string): Gauge<"controller"> =>
    new Gauge({ name: `controller_runtime_${name}`, help, labelNames, registers });

  const total = new Counter({
    name: "controller_runtime_reconcile_total",
    help: "Reconciles by controller and result",
    labelNames: ["controller", "result"],
    registers,
  });
  const seconds = new Histogram({
    name: "controller_runtime_reconcile_time_seconds",
    help: "How long a reconcile takes",
    labelNames,
    buckets: RECONCILE_SECONDS,
    registers,
  });
  const errors = counter("reconcile_errors_total", "Reconciles that failed");
  const terminal = counter("terminal_reconcile_errors_total", "Reconciles that failed and are not retried");
  const panics = counter("reconcile_panics_total", "Reconciles that failed by a fault in the operator itself");
  const timeouts = counter("reconcile_timeouts_total", "Reconciles that were aborted because they took too long");
  const workers = gauge("max_concurrent_reconciles", "Workers of a controller");
  const active = gauge("active_workers", "Workers that reconcile now");

  return (controller) => {
    const labels = { controller };
    for (const result of OUTCOMES) total.inc({ controller, result }, 0);
    for (const metric of [errors, terminal, panics, timeouts, workers, active]) metric.inc(labels, 0);
    seconds.zero(labels);
    return {
      queue: queue(controller),
      workers: (count) => workers.set(labels, count),
      activeWorkers: (count) => active.set(labels, count),
      reconciled(result, duration) {
        total.inc({ controller, result });
        if (result === "error") errors.inc(labels);
        seconds.observe(labels, duration);
      },
      terminal: () => terminal.inc(labels),
      panicked: () => panics.inc(labels),
      timedOut: () => timeouts.inc(labels),
    };
  };
}

function createRequestMetrics(registry: Registry): RuntimeMetrics["request"] {
  const registers = [registry];
  const total = new Counter({
    name: "rest_client_requests_total",
    help: "Requests to the API server, each try counted, by status code, method and host",
    labelNames: ["code", "method", "host"],
    registers,
  });
  const seconds = new Histogram({
    name: "rest_client_request_duration_seconds",
    help: "How long a request to the API server takes",
    labelNames: ["verb", "host"],
    buckets: REQUEST_SECONDS,
    registers,
  });
  return ({ code, method, host, durationMs }) => {
    total.inc({ code, method, host });
    seconds.observe({ verb: method, host }, durationMs / 1_000);
  };
}

function createReflectorMetrics(registry: Registry): RuntimeMetrics["reflector"] {
  const counter = (name: string, help: string): Counter<"resource"> =>
    new Counter({ name: `reflector_${name}`, help, labelNames: ["resource"], registers: [registry] });
  const lists = counter("lists_total", "Whole reads of a resource");
  const watches = counter("watches_total", "Watches begun");
  const aborts = counter("watch_idle_aborts_total", "Watches that were ended because they fell silent");
  const failing = new Gauge({
    name: "reflector_failures_in_a_row",
    help: "Failures of a reflector since its last success",
    labelNames: ["resource"],
    registers: [registry],
  });
  const relists = new Counter({
    name: "reflector_relists_total",
    help: "Whole reads after the first, by reason",
    labelNames: ["resource", "reason"],
    registers: [registry],
  });
  return (resource) => {
    const labels = { resource };
    let last: Pick<ReflectorState, "lists" | "watches" | "idleAborts" | "relists"> = {
      lists: 0,
      watches: 0,
      idleAborts: 0,
      relists: NO_RELISTS,
    };
    const update = (state: typeof last): void => {
      lists.inc(labels, state.lists - last.lists);
      watches.inc(labels, state.watches - last.watches);
      aborts.inc(labels, state.idleAborts - last.idleAborts);
      for (const [reason, count] of Object.entries(state.relists) as [RelistReason, number][]) {
        relists.inc({ resource, reason }, count - last.relists[reason]);
      }
      last = state;
    };
    update(last);
    failing.set(labels, 0);
    return (state) => {
      update(state);
      failing.set(labels, state.failuresInARow);
    };
  };
}

function createLeaderMetrics(registry: Registry): RuntimeMetrics["leader"] {
  const status = new Gauge({
    name: "leader_election_master_status",
    help: "1 when this process leads, 0 when it stands by",
    labelNames: ["name"],
    registers: [registry],
  });
  return (name) => {
    status.set({ name }, 0);
    return (isLeader) => status.set({ name }, isLeader ? 1 : 0);
  };
}
