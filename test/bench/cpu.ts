import { readFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import type { Cluster } from "../cluster/cluster.ts";
import { readComponents } from "../cluster/components.ts";

/** Linux tells the time of processes in ticks of 10 ms (USER_HZ, a constant of its interface). */
const TICKS_PER_SECOND = 100;

/** Who used the machine's processors between two moments. */
export interface CpuUse {
  /** Seconds of the process that was asked about. */
  readonly process: number;
  readonly apiServer: number;
  /** Percent of all processors that went to what is neither the cluster, nor that process, nor this bench. */
  readonly othersPercent: number;
}

/** Begins to measure; the function that it gives tells what was used since. `pid` is the process in question. */
export async function measureCpu(cluster: Cluster, pid: number): Promise<() => Promise<CpuUse>> {
  const before = await read(cluster, pid);
  return async () => {
    const after = await read(cluster, pid);
    const ours = after.process - before.process + after.cluster - before.cluster + after.bench - before.bench;
    const others = Math.max(0, after.machine - before.machine - ours);
    return {
      process: after.process - before.process,
      apiServer: after.apiServer - before.apiServer,
      othersPercent: (100 * others) / ((after.at - before.at) * availableParallelism()),
    };
  };
}

interface Reading {
  /** All in seconds. */
  readonly at: number;
  readonly machine: number;
  readonly process: number;
  readonly bench: number;
  readonly cluster: number;
  readonly apiServer: number;
}

async function read(cluster: Cluster, pid: number): Promise<Reading> {
  const components = await readComponents(cluster.directory);
  const used = await Promise.all(
    components.map(async ({ name, process }) => ({ name, seconds: await of(process.pid) })),
  );
  const { user, system } = process.cpuUsage();
  return {
    at: performance.now() / 1000,
    machine: await ofMachine(),
    process: await of(pid),
    bench: (user + system) / 1e6,
    cluster: used.reduce((sum, { seconds }) => sum + seconds, 0),
    apiServer: used.find(({ name }) => name === "kube-apiserver")?.seconds ?? 0,
  };
}

/** proc(5): user and system time are the 14th and 15th field of stat; the 2nd, in brackets, may hold spaces. */
async function of(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** proc(5): of the first line the times of user, nice, system, idle, iowait, irq and softirq, in this order. */
async function ofMachine(): Promise<number> {
  const [line = ""] = (await readFile("/proc/stat", "utf8")).split("\n");
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = line.split(/\s+/).slice(1).map(Number);
  return (user + nice + system + irq + softirq) / TICKS_PER_SECOND;
}
