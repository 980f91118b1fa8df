import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { createServer } from "node:net";
import { createInterface } from "node:readline";
import { join } from "node:path";
import { startIn } from "./cluster/cgroups.ts";

const root = join(import.meta.dirname, "..");

/** To compile is much of what a start costs, and a run of the tests starts some hundred operators. */
const compileCache = { NODE_COMPILE_CACHE: join(root, "node_modules", ".cache", "compile") };

/** Where a run of the tests keeps programs that it has bundled (test/operator-bundles.ts); undefined elsewhere. */
export const BUNDLES = "DARKFACTORY_TEST_BUNDLES";

/** The program that is made of a source file: its bundle where there is one, which starts in half the time. */
export function programOf(bundle: string, ...source: readonly string[]): string {
  const bundles = process.env[BUNDLES];
  return bundles === undefined ? join(root, ...source) : join(bundles, `${bundle}.js`);
}

export interface OperatorOptions {
  readonly kubeconfig: string;
  /** Further flags of the operator. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Where its log goes as well; default: nowhere. */
  readonly logFile?: string;
  /** The module that is run in place of the operator: for tests what sets something up around it. */
  readonly entry?: string;
  /** Flags of Node itself. */
  readonly nodeFlags?: readonly string[];
  /** A module that the process loads first: for tests that set something up inside it. */
  readonly preload?: string;
  /** The folder of the cgroup that it begins in; default: this process' own. */
  readonly cgroup?: string;
}

/** The operator as a process of its own, as `npm start` runs it. */
export interface OperatorProcess {
  readonly pid: number;
  /** The last lines of its log, oldest first. */
  logTail(): readonly string[];
  /** Resolves with the first line of its log that has this text, now or later; rejects when the process ends before. */
  logged(text: string | RegExp): Promise<string>;
  /** Resolves with the exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;
  signal(signal: NodeJS.Signals): void;
  /** SIGTERM, and how it ended. */
  stop(): Promise<number | NodeJS.Signals>;
  /** SIGKILL, and gone. */
  kill(): Promise<void>;
}

/** How many lines of its log are kept. */
const TAIL = 5000;

/** What the operator says once it acts: caches are synced, and this replica leads. */
export const ACTING = "controllers started";

/** Starts the operator. It serves metrics and health nowhere unless `args` say so: tests run many at a time. */
export function startOperator(options: OperatorOptions): OperatorProcess {
  const { entry = programOf("main", "src", "main.ts") } = options;
  const args = [
    ...(options.nodeFlags ?? []),
    ...(options.preload === undefined ? [] : ["--import", options.preload]),
    entry,
    "--kubeconfig",
    options.kubeconfig,
    "--metrics-address",
    "0",
    "--health-address",
    "0",
    ...(options.args ?? []),
  ];
  const [program, ...words] = [...startIn(options.cgroup), process.execPath, ...args] as [string, ...string[]];
  const child = spawn(program, words, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...(isShipped(entry) ? {} : compileCache), ...process.env, ...options.env },
  });
  const lines: string[] = [];
  const waiting = new Set<(line: string) => void>();
  const file = options.logFile === undefined ? undefined : createWriteStream(options.logFile);
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on("line", (line) => {
      if (lines.push(line) > TAIL) lines.shift();
      file?.write(`${line}\n`);
      for (const each of waiting) each(line);
    });
  }
  const ended = endOf(child);
  void ended.then(() => file?.end());
  return {
    pid: child.pid ?? 0,
    logTail: () => lines,
    logged: (text) => loggedBefore(text, { lines, waiting, ended }),
    ended,
    signal: (signal) => void child.kill(signal),
    stop() {
      child.kill("SIGTERM");
      return ended;
    },
    async kill() {
      child.kill("SIGKILL");
      await ended;
    },
  };
}

/** What is measured runs as it does in a cluster: without a cache. */
const isShipped = (entry: string): boolean => entry.startsWith(join(root, "dist"));

async function endOf(child: ChildProcess): Promise<number | NodeJS.Signals> {
  const [code, signal] = (await once(child, "close")) as [number | null, NodeJS.Signals | null];
  return code ?? signal ?? "SIGKILL";
}

function loggedBefore(
  text: string | RegExp,
  {
    lines,
    waiting,
    ended,
  }: { lines: readonly string[]; waiting: Set<(line: string) => void>; ended: Promise<unknown> },
): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const look = (line: string): void => {
    if (typeof text === "string" ? line.includes(text) : text.test(line)) resolve(line);
  };
  lines.forEach(look);
  waiting.add(look);
  void ended.then((how) =>
    reject(
      new Error(
        `the operator ended (${String(how)}) before it said '${String(text)}':\n${lines.slice(-20).join("\n")}`,
      ),
    ),
  );
  return promise.finally(() => waiting.delete(look));
}

/** Below Linux' range for outgoing connections (32768 and up), so that none takes it meanwhile, and beside the clusters' own. */
const PORTS = { first: 10_000, count: 10_000 };

/** An address of this machine, as --health-address takes it, that nobody listens on now. */
export async function aFreeAddress(): Promise<string> {
  for (;;) {
    const port = PORTS.first + Math.floor(Math.random() * PORTS.count);
    const server = createServer();
    const isFree = once(server, "listening").then(
      () => true,
      () => false,
    );
    server.listen({ port, host: "127.0.0.1", exclusive: true });
    if (!(await isFree)) continue;
    server.close();
    await once(server, "close");
    return `127.0.0.1:${port}`;
  }
}
