import { readdir, readlink } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type AgentFleet, agentFleetResource } from "../../src/api/v1alpha1/agent-fleet.ts";
import { KubeError, TransportError } from "../../src/kube/errors.ts";
import { buildOperator, lagP99Of, type MeasuredOperator, startMeasuredOperator } from "../bench/operator.ts";
import { planFaults } from "../chaos/fault-plan.ts";
import { hasCondition, type Person, personIn } from "../chaos/person.ts";
import type { Theatre } from "../chaos/theatre.ts";
import { openNamespace } from "../cluster/in-cluster.ts";
import { NotReached, until } from "../until.ts";
import { startFaultProxy } from "../faults/proxy.ts";
import { disturb, soakFleets } from "./churn.ts";
import { keptMb } from "./kept.ts";
import { type Look, type Trend, trendOf, WARM_UP } from "./trend.ts";

export interface SoakOptions {
  readonly seed: number;
  readonly minutes: number;
  readonly agents: number;
  readonly log: (line: string) => void;
}

export interface Soaked {
  readonly asked: Pick<SoakOptions, "seed" | "minutes" | "agents">;
  readonly looks: readonly Look[];
  readonly trend: Trend;
  /** The operator's heap once all garbage was collected, after the warm-up and at the end; absent: it ended before. */
  readonly heldMb?: { readonly first: number; readonly last: number };
  /** Objects that its caches keep, as JSON, at the same moments: what they grow by, its heap must. */
  readonly keptMb?: { readonly first: number; readonly last: number };
  readonly faults: number;
  readonly disturbances: number;
  /** How many of them the API server refused or did not answer. */
  readonly failed: number;
  /** Whether every fleet was Ready in the end. */
  readonly end: "recovered" | "not recovered" | "operator ended";
}

const NAMESPACE = "soak";
const LOOK_MS = 5000;
/** One look of so many is told while it goes on. */
const LOOKS_TOLD = 12;
/** People do something this often. */
const DISTURB_MS = 1000;
/** So many of a hundred requests go wrong, and a watch lives for so many events at most. */
const SHARE = 0.02;
const MOST_EVENTS = 2000;

/** Lets an operator live among faults, changes and schedules for a while, and looks at how it fares. */
export async function soak(theatre: Theatre, options: SoakOptions): Promise<Soaked> {
  const { seed, minutes, agents, log } = options;
  const { client, cluster } = theatre;
  buildOperator();
  await openNamespace(client, NAMESPACE);
  const person = personIn(NAMESPACE, client);
  // Nobody asks what came: half an hour of it would weigh more than the operator.
  const proxy = await startFaultProxy({ kubeconfig: cluster.kubeconfig, kept: 0 });
  const plan = planFaults({ seed, most: Infinity, allowLong: true, share: SHARE, mostEvents: MOST_EVENTS });
  proxy.plan(plan.decide);
  for (const fleet of soakFleets(agents)) await person.apply(agentFleetResource, fleet as never);
  const operator = await startMeasuredOperator({ ...cluster, kubeconfig: proxy.kubeconfig }, [
    "--namespaces",
    NAMESPACE,
  ]);
  const over = AbortSignal.any([endOf(operator), AbortSignal.timeout(minutes * 60_000)]);
  const [watched, disturbed] = await Promise.all([
    watchOver(operator, { over, warmUpMs: minutes * 60_000 * WARM_UP, person, log }),
    disturbAll(person, options, over),
  ]);
  proxy.clear();
  const end = await endOfAll(operator, person, options);
  await proxy.stop();
  return { asked: options, ...watched, trend: trendOf(watched.looks), faults: plan.total(), ...disturbed, end };
}

/** Aborted once an operator has ended. */
function endOf({ process }: MeasuredOperator): AbortSignal {
  const end = new AbortController();
  void process.ended.then((how) => end.abort(how));
  return end.signal;
}

/** Waits for all fleets without faults, and ends the operator. */
async function endOfAll(
  operator: MeasuredOperator,
  person: Person,
  { agents, log }: SoakOptions,
): Promise<Soaked["end"]> {
  const early = await Promise.race([operator.process.ended, sleep(0)]);
  if (early !== undefined) {
    log(`soak: the operator ended with ${early}:\n${operator.process.logTail().slice(-20).join("\n")}`);
    return "operator ended";
  }
  const fleets = soakFleets(agents).length;
  try {
    // One list: a question for each fleet, ten times a second, would be most of what the API server does.
    await until("every fleet is ready", async () => {
      const found = await person.list<AgentFleet>(agentFleetResource);
      return found.length === fleets && found.every((fleet) => hasCondition(fleet, "Ready", "True"));
    });
    return "recovered";
  } catch (error) {
    if (!(error instanceof NotReached)) throw error;
    return "not recovered";
  } finally {
    await operator.stop();
  }
}

/** People do one thing after another until it is over; what the API server refuses them is counted, and told. */
async function disturbAll(
  person: Person,
  { agents, seed, log }: SoakOptions,
  over: AbortSignal,
): Promise<Pick<Soaked, "disturbances" | "failed">> {
  let [disturbances, failed] = [0, 0];
  while (!over.aborted) {
    try {
      await disturb(person, agents, seed, ++disturbances);
    } catch (error) {
      if (!(error instanceof KubeError || error instanceof TransportError)) throw error;
      failed += 1;
      log(`soak: change ${disturbances} failed: ${error.message.slice(0, 200)}`);
    }
    await sleep(DISTURB_MS);
  }
  return { disturbances, failed };
}

interface Watching {
  readonly over: AbortSignal;
  readonly warmUpMs: number;
  readonly person: Person;
  readonly log: (line: string) => void;
}

/** Looks at an operator until it is over, and twice at what its heap holds. */
async function watchOver(
  operator: MeasuredOperator,
  { over, warmUpMs, person, log }: Watching,
): Promise<Pick<Soaked, "looks" | "heldMb" | "keptMb">> {
  const ended = endOf(operator);
  const start = performance.now();
  const look = looksAt(operator, start);
  const looks: Look[] = [];
  const weigh = async () => ({ held: await operator.heldMb(), kept: await keptMb(person) });
  let first: Awaited<ReturnType<typeof weigh>> | undefined;
  try {
    while (!over.aborted) {
      await sleep(LOOK_MS);
      if (first === undefined && performance.now() - start > warmUpMs) first = await weigh();
      const seen = await look();
      looks.push(seen);
      if (looks.length % LOOKS_TOLD === 0) log(`soak: ${told(seen)}`);
    }
    if (first === undefined) return { looks };
    const last = await weigh();
    return { looks, heldMb: { first: first.held, last: last.held }, keptMb: { first: first.kept, last: last.kept } };
  } catch (error) {
    // Nobody answers any more: has it ended?
    await Promise.race([operator.process.ended, sleep(LOOK_MS)]);
    if (!ended.aborted) throw error;
    return { looks };
  }
}

const told = ({ at, rssMb, waiting, waitedMs, loopP99Ms, sockets }: Look): string =>
  [
    `after ${Math.round(at)} s: RSS ${Math.round(rssMb)} MB`,
    `${waiting} keys wait, lately for ${Math.round(waitedMs)} ms each`,
    `event loop p99 ${Math.round(loopP99Ms)} ms`,
    `${sockets} sockets`,
  ].join("; ");

/** Looks at an operator; figures that add up are those since the look before. */
function looksAt(operator: MeasuredOperator, start: number): () => Promise<Look> {
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
      loopP99Ms: lagP99Of(metrics),
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
