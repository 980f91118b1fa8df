import { execFile, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { promisify } from "node:util";
import * as z from "zod";
import { chartMemoryLimit } from "../chart.ts";
import { createMemoryCgroup, startIn } from "../cluster/cgroups.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { imageStart } from "../dockerfile.ts";

/** What the raw writer is to do. */
export interface RawOrder {
  readonly work: string;
  readonly kubeconfig: string;
  readonly namespace: string;
  readonly count: number;
  readonly input: unknown;
}

const resultSchema = z.object({ seconds: z.number(), longestStallMs: z.number() });

/** How it went: until the last write was answered, and the longest stall of its event loop. */
export type RawResult = Readonly<z.output<typeof resultSchema>>;

/** A raw writer that has prepared all and waits. */
export interface RawWriter {
  readonly pid: number;
  /** Starts it, at once or at an instant, and resolves with its result. */
  go(at?: number): Promise<RawResult>;
  end(): Promise<void>;
}

/** Starts the raw writer: the least that any program needs for the same writes, with the operator's own client. */
export async function prepareRawWriter(order: RawOrder): Promise<RawWriter> {
  const child = fork(join(import.meta.dirname, "raw-writer.ts"), [], { stdio: ["ignore", 2, 2, "ipc"] });
  const ended = once(child, "exit").then(([code]) => {
    throw new Error(`the raw writer ended with ${String(code)}`);
  });
  ended.catch(() => undefined);
  process.once("exit", () => child.kill("SIGKILL"));
  const message = async (): Promise<unknown> => {
    const [said] = (await Promise.race([once(child, "message"), ended])) as [unknown];
    return said;
  };
  child.send(order);
  await message();
  return {
    pid: child.pid ?? 0,
    async go(at = 0) {
      const answer = message();
      child.send(at);
      return resultSchema.parse(await answer);
    },
    async end() {
      const exited = once(child, "exit");
      child.send("end");
      await exited;
    },
  };
}

const keptSchema = z.object({ seconds: z.number(), rss: z.number(), heap: z.number(), objects: z.number() });

/** What it takes to have all Agents and Pods at hand: seconds of reading, MB of the machine, MB that are left of its heap. */
export type Kept = Readonly<z.output<typeof keptSchema>>;

/**
 * Lets a process list and watch what the operator does, with the operator's own client, settings of V8 and memory limit, and
 * nothing more.
 */
export async function keepRaw({ name, kubeconfig }: Pick<Cluster, "name" | "kubeconfig">): Promise<Kept> {
  const { env, nodeFlags } = imageStart();
  const cgroup = await createMemoryCgroup(name, chartMemoryLimit());
  const keeper = join(import.meta.dirname, "raw-keeper.ts");
  const words = [...startIn(cgroup), process.execPath, ...nodeFlags, "--expose-gc", keeper, kubeconfig];
  const [program, ...args] = words as [string, ...string[]];
  const { stdout } = await promisify(execFile)(program, args, { env: { ...process.env, ...env } });
  return keptSchema.parse(JSON.parse(stdout));
}
