import { createServer } from "node:net";
import type { ClusterRecord } from "./record.ts";

export type Ports = ClusterRecord["ports"];

/** The usual ports, for a cluster that has a network namespace of its own. 443 lets the API server be its own Service. */
export const ownNamespacePorts: Ports = {
  etcd: 2379,
  etcdPeer: 2380,
  apiserver: 443,
  controllerManager: 10257,
  scheduler: 10259,
  kubelet: 10250,
};

/** kubelet's own default. */
export const kubeletHealthPort = 10248;

/** Below Linux' range for outgoing connections (32768 and up), so that a killed component finds its port free again. */
const range = { first: 20_000, count: 10_000 };

/** Ports of 127.0.0.1 that nothing listens on and no other cluster was given. */
export async function freePorts(taken: ReadonlySet<number>): Promise<Ports> {
  const found: number[] = [];
  const next = async (): Promise<number> => {
    for (;;) {
      const port = range.first + Math.floor(Math.random() * range.count);
      if (!taken.has(port) && !found.includes(port) && (await isFree(port))) {
        found.push(port);
        return port;
      }
    }
  };
  return {
    etcd: await next(),
    etcdPeer: await next(),
    apiserver: await next(),
    controllerManager: await next(),
    scheduler: await next(),
    kubelet: await next(),
  };
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ port, host: "127.0.0.1", exclusive: true }, () => server.close(() => resolve(true)));
  });
}
