import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

// Loaded into the measured operator beside its own code: on SIGUSR2 it collects all garbage, so that its heap is what it holds.
setFlagsFromString("--expose-gc");
const collect: unknown = runInNewContext("gc");
process.on("SIGUSR2", () => {
  if (typeof collect !== "function") throw new Error("V8 gave no gc()");
  // Twice: what the first finds unreachable may keep something else until then.
  collect();
  collect();
});
