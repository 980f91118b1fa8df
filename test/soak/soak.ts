import { readdir, readlink } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { agentFleetResource } from "../../src/api/v1alpha1/agent-fleet.ts";
import { buildOperator, type MeasuredOperator, startMeasuredOperator } from "../bench/operator.ts";
import { planFaults } from "../chaos/fault-plan.ts";
import { personIn } from "../chaos/person.ts";
import { openNamespace, type Theatre } from "../chaos/theatre.ts";
import { startFaultProxy } from "../faults/proxy.ts";
import { disturb, soakFleets } from "./churn.ts";
import { type Look, type Trend, trendOf } from "./trend.ts";

export interface SoakOptions {
  readonly seed: number;
  readonly minutes: number;
  readonly agents: number;
  readonly log: (line: string) => void;
}

export interface Soaked {
  readonly looks: readonly Look[];
  readonly trend: Trend;
  readonly faults: number;
  readonly disturbances: number;
  /** Whether every fleet was Ready in the end. */
  readonly recovered: boolean;
}

const NAMESPACE = "soak";
const LOOK_MS = 5000;
/** People do something this often. */
const DISTURB_MS = 1000;
/** So many of a hundred requests go wrong, and a watch lives for so many events at most. */
const SHARE = 0.02;
const MOST_EVENTS = 2000;

/** Lets an operator live among faults, changes and schedules for a while, and looks at how it fares. */
export async function soak(theatre: Theatre, { seed, minutes, agents, log }: SoakOptions): Promise<Soaked> {
  const { client, cluster } = theatre;
  buildOperator();
  await openNamespace(client, NAMESPACE);
  const person = personIn(NAMESPACE, client);
  const proxy = await startFaultProxy({ kubeconfig: cluster.kubeconfig });
  const plan = planFaults({ seed, most: Infinity, allowLong: true, share: SHARE, mostEvents: MOST_EVENTS });
  proxy.plan(plan.decide);
  for (const fleet of soakFleets(agents)) await person.apply(agentFleetResource, fleet as never);
  const operator = await startMeasuredOperator({ ...cluster, kubeconfig: proxy.kubeconfig }, [
    "--namespaces",
    NAMESPACE,
  ]);
  const start = performance.now();
  const end = start + minutes * 60_000;
  const look = watchOver(operator, start);
  const looks: Look[] = [];
  let disturbances = 0;
  const disturbing = (async () => {
    while (performance.now() < end) {
      await disturb(person, agents, seed, ++disturbances);
      await sleep(DISTURB_MS);
    }
  })();
  while (performance.now() < end) {
    await sleep(LOOK_MS);
    const seen = await look();
    looks.push(seen);
    if (looks.length % 12 === 0) log(`soak: ${JSON.stringify(seen)}`);
  }
  await disturbing;
  proxy.clear();
  const recovered = await recovers(
    (fleet) => person.untilReady(fleet),
    soakFleets(agents).map(({ metadata }) => metadata.name),
  );
  await operator.stop();
  await proxy.stop();
  return { looks, trend: trendOf(looks), faults: plan.total(), disturbances, recovered };
}

async function recovers(untilReady: (fleet: string) => Promise<void>, fleets: readonly string[]): Promise<boolean> {
  try {
    await Promise.all(fleets.map(untilReady));
    return true;
  } catch {
    return false;
  }
}

/** Looks at an operator; figures that add up are those since the look before. */
function watchOver(operator: MeasuredOperator, start: number): () => Promise<Look> {
  let before = { sum: 0, count: 0 };
  return async () => {
    const metrics = await operator.scrape();
    const now = {
      sum: metrics.sum("workqueue_queue_duration_seconds_sum"),
      count: metrics.sum("workqueue_queue_duration_seconds_count"),
    };
    const taken = now.count - before.count;
    const waitedMs = taken === 0 ? 0 : ((now.sum - before.sum) / taken) * 1000;
    before = now;
    return {
      at: (performance.now() - start) / 1000,
      rssMb: metrics.sum("process_resident_memory_bytes") / 1e6,
      waiting: metrics.sum("workqueue_depth"),
      waitedMs,
      loopP99Ms: metrics.sum("nodejs_eventloop_lag_p99_seconds") * 1000,
      sockets: await openSockets(operator.process.pid),
    };
  };
}

/** Sockets that a process holds, as Linux tells. */
async function openSockets(pid: number): Promise<number> {
  const folder = `/proc/${pid}/fd`;
  const links = await Promise.all(
    // One that was closed meanwhile is none.
    (await readdir(folder)).map((name) => readlink(join(folder, name)).catch(() => "")),
  );
  return links.filter((link) => link.startsWith("socket:")).length;
}
