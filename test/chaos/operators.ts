import { readdir, readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { FaultPlan } from "./fault-plan.ts";
import { startToCrash } from "../crash/start.ts";
import { type OperatorOptions, type OperatorProcess, startOperator } from "../operator-process.ts";
import type { LogText } from "./history.ts";
import { choice } from "./seeded-choice.ts";

/** One operator after another in one namespace: whenever one is killed, the next is started. */
export interface Operators {
  /** Ends the one that runs, by SIGTERM, and gives how the ends were that nobody planned. */
  stop(): Promise<readonly string[]>;
  /** No more kills from here on. */
  spare(): void;
  /** Freezes the one that runs, and lets it go on: it may then find that it leads no longer, and end by that. */
  pause(): void;
  resume(): void;
  /** What all of them logged. */
  logs(): Promise<readonly LogText[]>;
}

export interface Kills {
  readonly seed: number;
  readonly most: number;
  readonly plan: FaultPlan;
}

/** An operator is killed at one of its first writes, so many at most, before it is sent or after it is done. */
const LATEST_WRITE = 40;
/** How an operator ends that finds that it has lost the lease (--help). */
const LOST_LEASE = 1;

/** Starts the first. Without `kills` nobody kills any. */
export function keepOperators(options: OperatorOptions & { readonly logFile: string }, kills?: Kills): Operators {
  const unplanned: string[] = [];
  let current: OperatorProcess;
  const stopping = new AbortController();
  let spared = kills === undefined;
  let started = 0;
  let wasPaused = false;
  const start = (): { readonly operator: OperatorProcess; readonly mayDie: string | undefined } => {
    started += 1;
    if (kills === undefined || spared || started > kills.most) {
      return { operator: startOperator({ ...options, logFile: logFileOf(started) }), mayDie: undefined };
    }
    const n = 1 + Math.floor(choice(kills.seed, "kill", started) * LATEST_WRITE);
    const when = choice(kills.seed, "when", started) < 0.5 ? "before" : "after";
    return {
      operator: startToCrash({ n, when }, { ...options, logFile: logFileOf(started) }),
      mayDie: `killed ${when} a write`,
    };
  };
  const logFileOf = (n: number): string => `${options.logFile}.${n}`;
  const run = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      const { operator, mayDie } = start();
      current = operator;
      wasPaused = false;
      const how = await operator.ended;
      if (how === "SIGKILL" && mayDie !== undefined) kills?.plan.count(mayDie);
      else if (wasPaused && how === LOST_LEASE) kills?.plan.count("leader that woke too late");
      else if (!(stopping.signal.aborted && how === 0)) {
        const words = operator.logTail().slice(-5).join("\n");
        unplanned.push(`operator ${started} ended with ${how}; its last words:\n${words}`);
      }
    }
  };
  const running = run();
  return {
    spare: () => void (spared = true),
    pause() {
      wasPaused = true;
      current.signal("SIGSTOP");
    },
    resume: () => current.signal("SIGCONT"),
    async stop() {
      stopping.abort();
      current.signal("SIGTERM");
      await running;
      return unplanned;
    },
    logs: () => readLogs(options.logFile),
  };
}

async function readLogs(logFile: string): Promise<readonly LogText[]> {
  const [folder, name] = [dirname(logFile), basename(logFile)];
  const files = (await readdir(folder)).filter((file) => file.startsWith(`${name}.`));
  const texts = await Promise.all(files.map((file) => readFile(join(folder, file), "utf8")));
  return texts.flatMap((text, n) => text.split("\n").map((line) => ({ where: `log ${files[n]}`, text: line })));
}
