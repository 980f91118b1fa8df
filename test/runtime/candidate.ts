import { sleep } from "../../src/kube/clock.ts";
import { loadConfig } from "../../src/kube/config.ts";
import { createKubeClient } from "../../src/kube/kube-client.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { createController } from "../../src/runtime/controller.ts";
import { createInformer } from "../../src/runtime/informer.ts";
import { createLeaderElection } from "../../src/runtime/leader.ts";
import { createLogger } from "../../src/runtime/logging.ts";
import { createManager } from "../../src/runtime/manager.ts";
import { onStopSignal } from "../../src/runtime/signals.ts";
import { itself, watching } from "../../src/runtime/watching.ts";
import { configMapResource } from "./config-map.ts";

/*
 * A small operator for tests, as a process that can be frozen and killed: candidate.ts KUBECONFIG NAMESPACE IDENTITY.
 * Whoever leads writes its name and a count into the ConfigMap "work", again and again; while that
 * one's data.gate is "closed", a reconcile stays in hand. Its lease is twice as long as Kubernetes' own, and it stops as
 * patiently: on a machine that is busy with other tests nobody may lose the one, or be cut off, who is not meant to.
 */
const [kubeconfig = "", namespace = "", identity = ""] = process.argv.slice(2);
const clock = systemClock;
const logger = createLogger({ level: "info", format: "json" });
const config = await loadConfig({ kubeconfig });
const ref = { namespace, name: "work" };

const election = createLeaderElection({
  client: createKubeClient(config),
  lease: { namespace, name: "runtime" },
  identity,
  clock,
  logger,
  timings: { leaseMs: 30_000, renewDeadlineMs: 25_000, retryMs: 500 },
  onLost: (reason) => manager.fail(reason),
});
const client = createKubeClient(config, { beforeWrite: () => election.fence() });
const informer = createInformer({ type: configMapResource, client, logger, namespace });
const controller = createController({
  name: "work",
  kind: "ConfigMap",
  clock,
  logger,
  watches: [watching(informer, itself, { when: () => false })],
  async reconcile(found, context) {
    if (found.name !== ref.name) return {};
    const data = informer.get(ref)?.data ?? {};
    const count = String(Number(data["count"] ?? 0) + 1);
    if (data["gate"] === "closed") {
      logger.info("a reconcile is in hand");
      while ((await client.get(configMapResource, ref)).data?.["gate"] === "closed")
        await sleep(clock, 50, context.signal);
    }
    context.wrote(informer, await client.mergePatch(configMapResource, ref, { data: { by: identity, count } }));
    return { wakeAt: clock.now() + 20 };
  },
});
const manager = createManager({
  clock,
  logger,
  http: { listen: () => Promise.resolve(), close: () => Promise.resolve() },
  informers: [informer],
  election,
  controllers: [controller],
  graceMs: 120_000,
});
onStopSignal(process, logger, (signal) => manager.stop(signal));
process.exit(await manager.run());
