import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/**
 * Loaded into the measured operator beside its own code, for what its metrics cannot tell:
 * - on SIGUSR2 it collects all garbage, so that its heap is what it holds;
 * - on SIGHUP it says how long its event loop was held at most since the last time, in processor time of its own thread. A
 *   stall by the clock also counts the time in which a busy machine gave that thread no processor.
 */
setFlagsFromString("--expose-gc");
const collect: unknown = runInNewContext("gc");
let answers = 0;

process.on("SIGUSR2", () => {
  if (typeof collect !== "function") throw new Error("V8 gave no gc()");
  // Twice: what the first finds unreachable may keep something else until then.
  collect();
  collect();
  used = usedMs();
  answer("collected");
});

/** As often as Node's histogram of the event loop looks. A look may count what ran in the 10 ms before the longest turn. */
const LOOK_MS = 10;
/** Unknown until the first look: what came before loaded the program. */
let used: number | undefined;
let longest = 0;

setInterval(() => {
  const now = usedMs();
  if (used !== undefined) longest = Math.max(longest, now - used);
  used = now;
}, LOOK_MS).unref();

process.on("SIGHUP", () => {
  answer(longest.toFixed(1));
  longest = 0;
});

function usedMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

/** The n-th answer to a signal, for whoever reads the log. */
function answer(text: string): void {
  process.stderr.write(`inside ${++answers}: ${text}\n`);
}
