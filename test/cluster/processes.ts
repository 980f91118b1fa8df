import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";

/** A process that cannot be mistaken for a later one of the same number. `startTime` is in clock ticks since boot. */
export const processIdentity = z.object({ pid: z.number().int().positive(), startTime: z.string() });
export type ProcessIdentity = Readonly<z.infer<typeof processIdentity>>;

/** Who runs under this process id now; undefined when nobody does or only a zombie is left. */
export function identify(pid: number): ProcessIdentity | undefined {
  const stat = readStat(pid);
  return stat && { pid, startTime: stat.startTime };
}

/** The process that started this one and, since npm puts a shell between itself and a script, the npm above it. */
export function starters(): readonly ProcessIdentity[] {
  const above = readStat(process.ppid)?.parent;
  const isNpm = above !== undefined && readStat(above)?.name.startsWith("npm ");
  return [process.ppid, ...(isNpm ? [above] : [])].map(identify).filter((starter) => starter !== undefined);
}

interface Stat {
  readonly name: string;
  readonly parent: number;
  readonly startTime: string;
}

function readStat(pid: number): Stat | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  } catch {
    return undefined;
  }
  // proc(5): field 2 is the name in parentheses and may hold any character; then come state, parent … start time (22).
  const nameEnd = stat.lastIndexOf(")");
  const fields = stat.slice(nameEnd + 2).split(" ");
  const [state, parent, startTime] = [fields[0], fields[1], fields[19]];
  if (startTime === undefined || state === "Z" || state === "X") return undefined;
  return { name: stat.slice(stat.indexOf("(") + 1, nameEnd), parent: Number(parent), startTime };
}

/** Whether exactly this process still runs. */
export function isAlive(identity: ProcessIdentity): boolean {
  return identify(identity.pid)?.startTime === identity.startTime;
}

/** Sends a signal to exactly this process; does nothing when it is gone. */
export function signal(identity: ProcessIdentity, name: NodeJS.Signals): void {
  if (!isAlive(identity)) return;
  try {
    process.kill(identity.pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** Kills these processes with SIGKILL and returns when none of them is left. */
export async function kill(identities: readonly ProcessIdentity[], timeoutMs = 20_000): Promise<void> {
  for (const identity of identities) signal(identity, "SIGKILL");
  const deadline = Date.now() + timeoutMs;
  for (const identity of identities) {
    while (isAlive(identity)) {
      if (Date.now() > deadline)
        throw new Error(`process ${identity.pid} did not end within ${timeoutMs} ms of SIGKILL`);
      await sleep(10);
    }
  }
}
