import { execFileSync } from "node:child_process";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Cluster } from "../cluster/cluster.ts";
import { chartMemoryLimit } from "../chart.ts";
import { createMemoryCgroup } from "../cluster/cgroups.ts";
import { imageStart } from "../dockerfile.ts";
import { ACTING, type OperatorProcess, startOperator } from "../operator-process.ts";
import { type Metrics, parseMetrics } from "./scrape.ts";

/** Node's histogram of its event loop counts its own 10 ms between two looks as delay (perf_hooks.monitorEventLoopDelay). */
const LOOK_MS = 10;

const root = join(import.meta.dirname, "..", "..");

/** As it is shipped: bundled, without the TypeScript that `npm start` strips at its start. */
const program = join(root, "dist", "main.js");

/** Bundled, too: what strips TypeScript would be a tenth of the operator's memory. */
const preloads = join(root, "node_modules", ".cache", "bench");

/** An operator at its defaults, started as in its image and with the chart's memory limit, with what it says of itself. */
export interface MeasuredOperator {
  readonly process: OperatorProcess;
  /** Milliseconds from its start until it acted: caches filled, lease taken, controllers started. */
  readonly startMs: number;
  scrape(): Promise<Metrics>;
  /** Longest stall of its event loop, in milliseconds, since this was last asked. */
  longestStallMs(): Promise<number>;
  /** Longest time, in milliseconds of its own processor time, that it held its event loop since this was last asked. */
  longestTurnMs(): Promise<number>;
  /** The delay of its event loop that one look of a hundred exceeds, in milliseconds, since it was last scraped for anything. */
  lagP99Ms(): Promise<number>;
  /** Tries of requests since its start, the lease's apart: the only ones that are PUT. */
  requests(): Promise<Requests>;
  /** MB (10^6 bytes) that it holds of the machine. */
  rssMb(): Promise<number>;
  /** MB of its heap that are left once all garbage is collected; that takes the operator a moment. */
  heldMb(): Promise<number>;
  stop(): Promise<void>;
}

export interface Requests {
  readonly writes: number;
  /** Lists and watches among them. */
  readonly reads: number;
}

/** Starts the operator on a cluster, at its defaults but for `args`, and returns when it acts. */
export async function startMeasuredOperator(cluster: Cluster, args: readonly string[] = []): Promise<MeasuredOperator> {
  const address = `127.0.0.1:${await freePort()}`;
  const { env, nodeFlags } = imageStart();
  // V8 goes by the container's limit in how far it lets the heap grow.
  const cgroup = await createMemoryCgroup(cluster.name, chartMemoryLimit());
  const start = performance.now();
  const process = startOperator({
    kubeconfig: cluster.kubeconfig,
    entry: program,
    preload: join(preloads, "inside.js"),
    args: ["--metrics-address", address, ...args],
    logFile: join(cluster.directory, "logs", "operator.log"),
    ...(cgroup === undefined ? {} : { cgroup }),
    // For a look inside: BENCH_NODE_FLAGS="--cpu-prof --cpu-prof-dir=FOLDER".
    nodeFlags: [...nodeFlags, ...wordsOf(globalThis.process.env["BENCH_NODE_FLAGS"])],
    env,
  });
  await process.logged(ACTING);
  const startMs = performance.now() - start;
  let [stallMs, asked] = [0, 0];
  const ask = async (signal: NodeJS.Signals): Promise<string> => {
    const line = process.logged(`inside ${++asked}: `);
    process.signal(signal);
    return (await line).replace(/^inside \d+: /, "");
  };
  // Each look begins Node's histogram anew.
  const scrape = async (): Promise<Metrics> => {
    const answer = await fetch(`http://${address}/metrics`);
    const metrics = parseMetrics(await answer.text());
    stallMs = Math.max(stallMs, metrics.sum("nodejs_eventloop_lag_max_seconds") * 1000 - LOOK_MS);
    return metrics;
  };
  return {
    process,
    startMs,
    scrape,
    longestStallMs: async () => {
      await scrape();
      const longest = stallMs;
      stallMs = 0;
      return longest;
    },
    longestTurnMs: async () => Number(await ask("SIGHUP")),
    lagP99Ms: async () => lagP99Of(await scrape()),
    requests: async () => {
      const metrics = await scrape();
      const of = (method: string): number => metrics.sum("rest_client_requests_total", { method });
      return { writes: of("POST") + of("PATCH") + of("DELETE"), reads: of("GET") };
    },
    rssMb: async () => (await scrape()).sum("process_resident_memory_bytes") / 1e6,
    heldMb: async () => {
      await ask("SIGUSR2");
      const metrics = await scrape();
      // That stall was ours.
      stallMs = 0;
      return metrics.sum("nodejs_heap_size_used_bytes") / 1e6;
    },
    stop: async () => {
      const how = await process.stop();
      if (how !== 0) throw new Error(`the operator ended with ${how}:\n${process.logTail().slice(-20).join("\n")}`);
    },
  };
}

const wordsOf = (text = ""): readonly string[] => text.split(" ").filter((word) => word !== "");

/** The delay of an operator's event loop that one look of a hundred exceeds, in milliseconds. */
export function lagP99Of(metrics: Metrics): number {
  return Math.max(0, metrics.sum("nodejs_eventloop_lag_p99_seconds") * 1000 - LOOK_MS);
}

/** Builds what startMeasuredOperator starts. */
export function buildOperator(): void {
  const build = (...args: readonly string[]): void =>
    void execFileSync(process.execPath, [join(root, "scripts", "build.mjs"), ...args], { stdio: "ignore" });
  build();
  build("--into", preloads, "inside=test/bench/inside-operator.ts");
}

/** Waits until the operator has written nothing for `quietMs`. */
export async function untilSettled(operator: MeasuredOperator, quietMs = 3000): Promise<void> {
  let before = await operator.requests();
  let since = performance.now();
  while (performance.now() - since < quietMs) {
    // Each look is a scrape, which costs the operator tens of milliseconds.
    await sleep(1000);
    const now = await operator.requests();
    if (now.writes !== before.writes) since = performance.now();
    before = now;
  }
}

/** Waits until it has looked at that many agents, and at nothing for the moment. */
export async function untilLookedAt(operator: MeasuredOperator, agents: number): Promise<void> {
  for (;;) {
    const metrics = await operator.scrape();
    const looked = metrics.sum("controller_runtime_reconcile_total", { controller: "agent" });
    if (looked >= agents && metrics.sum("workqueue_depth") === 0) return;
    await sleep(50);
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("the system gave no port");
  return address.port;
}
