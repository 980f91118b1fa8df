import { afterAll, afterEach, beforeAll, inject } from "vitest";
import { loadConfig } from "../../src/kube/config.ts";
import type { KubeClient } from "../../src/kube/client.ts";
import { createKubeClient, type KubeClientOptions } from "../../src/kube/kube-client.ts";
import { startFaultProxy, type FaultProxy } from "./proxy.ts";

/** What a test file about faults needs: a proxy to the tests' cluster, and clients on both sides of it. */
export interface FaultyWay {
  readonly proxy: FaultProxy;
  /** A client that goes through the proxy; closed after the test. */
  client(options?: KubeClientOptions): Promise<KubeClient>;
  /** A client that goes straight to the server, for the test's own hands and eyes. */
  readonly direct: KubeClient;
}

/** One proxy for the tests of this file; its plan is forgotten after each. */
export function aFaultyWay(): FaultyWay {
  let proxy: FaultProxy | undefined;
  let direct: KubeClient | undefined;
  let clients: KubeClient[] = [];
  beforeAll(async () => {
    const { kubeconfig } = inject("cluster");
    proxy = await startFaultProxy({ kubeconfig });
    direct = createKubeClient(await loadConfig({ kubeconfig }));
  });
  afterEach(async () => {
    proxy?.clear();
    await Promise.all(clients.map((client) => client.close()));
    clients = [];
  });
  afterAll(async () => {
    await direct?.close();
    await proxy?.stop();
  });
  return {
    get proxy() {
      return started(proxy);
    },
    get direct() {
      return started(direct);
    },
    client: async (options) => {
      const client = createKubeClient(await loadConfig({ kubeconfig: started(proxy).kubeconfig }), options);
      clients.push(client);
      return client;
    },
  };
}

function started<T>(part: T | undefined): T {
  if (part === undefined) throw new Error("the proxy starts before the first test, not before");
  return part;
}
