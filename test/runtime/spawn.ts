import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { join } from "node:path";

/** A candidate.ts that runs. */
export interface Candidate {
  /** Resolves when its log has a line with this text, now or later; rejects when it ends before. */
  logged(text: string): Promise<void>;
  signal(signal: NodeJS.Signals): void;
  /** Resolves to its exit code, or to the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;
}

/** Every candidate that still runs is killed when `onEnd`'s callback is called. */
export function spawnCandidate(
  args: { readonly kubeconfig: string; readonly namespace: string; readonly identity: string },
  onEnd: (cleanUp: () => Promise<void>) => void,
): Candidate {
  const script = join(import.meta.dirname, "candidate.ts");
  const child = spawn(process.execPath, [script, args.kubeconfig, args.namespace, args.identity], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const closed = once(child, "close") as Promise<[number | null, NodeJS.Signals | null]>;
  const ended = closed.then(([code, signal]) => code ?? signal ?? "SIGKILL");
  onEnd(async () => {
    child.kill("SIGKILL");
    await ended;
  });
  const lines: string[] = [];
  const listeners = new Set<() => void>();
  createInterface({ input: child.stdout }).on("line", (line) => {
    lines.push(line);
    for (const listener of listeners) listener();
  });
  return {
    signal: (signal) => void child.kill(signal),
    ended,
    logged(text) {
      return new Promise((resolve, reject) => {
        const look = (): void => {
          if (lines.some((line) => line.includes(text))) resolve();
        };
        listeners.add(look);
        look();
        void ended.then((how) => reject(new Error(`it ended (${how}) before it said '${text}':\n${lines.join("\n")}`)));
      });
    },
  };
}
