import { hostname } from "node:os";
import { createAccessCheck, needsOf } from "./access-check.ts";
import { createAgentRunController } from "./controllers/agent-run/controller.ts";
import { createAgentController } from "./controllers/agent/controller.ts";
import { createAgentFleetController } from "./controllers/agent-fleet/controller.ts";
import { createStorms } from "./controllers/agent/storms.ts";
import { intervalOf, watchedAgentOf } from "./controllers/agent/watched.ts";
import { type Caches, createCaches } from "./controllers/caches.ts";
import { createMetricsPage } from "./controllers/metrics/page.ts";
import { createCrdCheck } from "./crd-check.ts";
import type { ClusterConfig } from "./kube/cluster-config.ts";
import { createEventRecorder } from "./kube/events.ts";
import { createKubeClient } from "./kube/kube-client.ts";
import type { TransportOptions } from "./kube/transport.ts";
import { leaderLease } from "./leader-lease.ts";
import type { Options } from "./options.ts";
import type { Clock } from "./runtime/contract.ts";
import type { RunnableController } from "./runtime/controller.ts";
import { createHttpEndpoints } from "./runtime/http-server.ts";
import { createLeaderElection } from "./runtime/leader.ts";
import { alwaysLeading, type LeaderElection } from "./runtime/leadership.ts";
import type { Logger } from "./runtime/logging.ts";
import { createManager, type Manager } from "./runtime/manager.ts";
import { createMetrics } from "./runtime/metrics.ts";
import { cachesSynced, loopTurns, noneStuck } from "./runtime/runtime-checks.ts";
import { createHealthSampler } from "./telemetry/health-sampler.ts";
import { createReadLog } from "./telemetry/read-log.ts";
import { createTicks, type Ticks } from "./telemetry/ticks.ts";

/** How long the last events may take at the end. */
const FLUSH_MS = 5_000;

/**
 * Nodes that hang must not hold up what else there is to do: one answer of a log ends after 10 s, what came by then counts,
 * and a quarter of the workers is never among those that read or wait for it (16 read at a time, of 32 workers).
 */
const READING = { deadlineMs: 10_000, waiting: 8 } as const;

/**
 * Occurrences of a downtime are decided before their runs are followed: each Job costs the API server several writes, and the
 * last agents would wait for the Jobs of the first (K4). Runs that go on wait no longer than this for it.
 */
const CATCH_UP_MS = 10_000;

/** What runs around each write: tests end the process there. */
export type WriteHooks = Pick<TransportOptions, "beforeWrite" | "afterWrite">;

export interface OperatorParts {
  readonly config: ClusterConfig;
  readonly options: Options;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly version: string;
  readonly hooks?: WriteHooks;
}

/** Puts the operator together; nothing runs before its manager does. */
export function createOperator(parts: OperatorParts): Manager {
  const { config, options, logger, clock, hooks = {} } = parts;
  const metrics = createMetrics();
  const transport = { userAgent: `darkfactory/${parts.version}`, onRequest: metrics.request };
  const lost: ((reason: string) => void)[] = [];
  const election = createElection(parts, {
    transport,
    onChange: metrics.leader(options["leader-election-id"]),
    onLost: (reason) => lost.forEach((tell) => tell(reason)),
  });
  const client = createKubeClient(config, {
    ...transport,
    connections: options["kube-api-connections"],
    ...hooks,
    async beforeWrite(n, method, path) {
      await hooks.beforeWrite?.(n, method, path);
      // Last, so that nothing lies between the look at the lease and the request (O1).
      election.fence();
    },
  });
  const events = createEventRecorder({ client, component: "darkfactory.dev/operator", instance: hostname() });
  const readLog = createReadLog(client, READING);
  const namespaces = options.namespaces.length === 0 ? [undefined] : options.namespaces;
  const scopes = namespaces.map((namespace) => {
    const scope = namespace === undefined ? {} : { namespace };
    const caches = createCaches({ client, logger, ...scope, onState: metrics.reflector });
    const ticks = createTicks();
    return { caches, ticks, controllers: createControllers(namespace, caches, ticks) };
  });

  /** One set of controllers for each watched namespace, or one for all: nothing that they do crosses a namespace. */
  function createControllers(
    namespace: string | undefined,
    caches: Caches,
    ticks: Ticks,
  ): readonly RunnableController[] {
    const storms = createStorms(caches.agents, clock, intervalOf(caches));
    const telemetry = {
      readLog,
      ticks,
      health: createHealthSampler({ pods: caches.pods, agentOf: watchedAgentOf(caches), clock }),
    };
    const images = options["default-images"];
    const named = (kind: string) => {
      const name = namespace === undefined ? kind : `${kind}-${namespace}`;
      return {
        name,
        caches,
        client,
        events,
        clock,
        logger,
        workers: options.workers,
        metrics: metrics.controller(name),
      };
    };
    const agents = createAgentController({ ...named("agent"), images, telemetry, storms });
    const after = { done: agents.caughtUp, atMostMs: CATCH_UP_MS };
    return [
      createAgentFleetController({ ...named("agent-fleet"), storms }),
      agents,
      createAgentRunController({ ...named("agent-run"), images, telemetry, storms, after }),
    ];
  }

  // A client without the fence: a standby asks as well.
  const asking = createKubeClient(config, transport);
  const crds = createCrdCheck(asking, clock, logger);
  const access = createAccessCheck(asking, needsOf(options, config), { clock, logger });
  const informers = scopes.flatMap(({ caches }) => Object.values(caches));
  const controllers = scopes.flatMap((scope) => scope.controllers);
  const manager = createManager({
    clock,
    logger,
    http: createHttpEndpoints({
      healthAddress: options["health-address"],
      metricsAddress: options["metrics-address"],
      healthz: [loopTurns, noneStuck(controllers)],
      readyz: [cachesSynced(informers), crds, access],
      metrics: createMetricsPage({
        registry: metrics.registry,
        caches: scopes.map(({ caches }) => caches),
        isLeader: () => election.isLeader(),
        secondsSinceEvaluation: (uid) => {
          const times = scopes.flatMap(({ ticks }) => ticks.evaluatedAt(uid) ?? []);
          return times[0] === undefined ? undefined : Math.max(0, (clock.now() - times[0]) / 1000);
        },
        version: parts.version,
      }),
    }),
    informers,
    gates: [crds],
    // What it may not do keeps nobody from doing the rest.
    background: [access],
    election,
    controllers,
    flush: () => events.flush(FLUSH_MS),
  });
  lost.push((reason) => manager.fail(reason));
  return manager;
}

function createElection(
  { config, options, logger, clock }: OperatorParts,
  more: {
    readonly transport: TransportOptions;
    readonly onLost: (reason: string) => void;
    readonly onChange: (isLeader: boolean) => void;
  },
): LeaderElection {
  if (!options["leader-elect"]) return alwaysLeading();
  const { warning, ...lease } = leaderLease(options, config);
  if (warning !== undefined) logger.warn(warning);
  return createLeaderElection({
    client: createKubeClient(config, more.transport),
    lease,
    clock,
    logger,
    onLost: more.onLost,
    onChange: more.onChange,
  });
}
