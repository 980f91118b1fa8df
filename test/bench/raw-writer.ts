import { once } from "node:events";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { loadConfig } from "../../src/kube/config.ts";
import { createKubeClient } from "../../src/kube/kube-client.ts";
import { inLanes } from "./objects.ts";
import type { RawOrder, RawResult } from "./raw.ts";
import { rawWork } from "./raw-items.ts";

/** As many as the operator has connections. */
const LANES = 32;

/** A process of its own, as the operator is: gets its order by message, says "ready", works when told, tells how it went. */
async function serve(order: RawOrder): Promise<void> {
  const client = createKubeClient(await loadConfig({ kubeconfig: order.kubeconfig }), { userAgent: "raw-writer" });
  const make = rawWork[order.work];
  if (make === undefined) throw new Error(`no work is called ${order.work}`);
  const item = await make({ client, namespace: order.namespace, input: order.input });
  // The operator has its connections, too, when work comes.
  await inLanes(LANES, LANES, () => client.raw("GET", "/version"));
  const told = new Promise<number>((resolve) => process.once("message", (at) => resolve(Number(at))));
  process.send?.("ready");
  await sleep(Math.max(0, (await told) - Date.now()));
  const delay = monitorEventLoopDelay();
  delay.enable();
  const start = performance.now();
  await inLanes(order.count, LANES, item);
  const result: RawResult = {
    seconds: (performance.now() - start) / 1000,
    longestStallMs: delay.max / 1e6 - delay.min / 1e6,
  };
  process.send?.(result);
  // Until then its processor time can be read.
  await once(process, "message");
  process.disconnect();
  await client.close();
}

process.once("message", (order) => void serve(order as RawOrder));
