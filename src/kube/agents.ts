import { createSecureContext } from "node:tls";
import { Agent, buildConnector } from "undici";
import type { ClusterConfig, TlsMaterial } from "./cluster-config.ts";

/** Connections for calls, and others for watches and logs, so that a thousand watches never starve a write. */
export interface Agents {
  readonly calls: Agent;
  readonly streams: Agent;
}

/** TCP keep-alive: below the 60 s idle limit of common cloud load balancers, as client-go. */
const KEEP_ALIVE_MS = 30_000;

/**
 * HTTP/1.1 on purpose: in HTTP/2 one stalled connection freezes every stream. Connections live at most 10 minutes, so
 * that load spreads over API servers that come back, and a rotated CA or client certificate is picked up. `connections`
 * bounds the calls in flight; streams have as many as they need.
 */
export function createAgents(config: ClusterConfig, connections = 32): Agents {
  const common = {
    pipelining: 1,
    allowH2: false,
    keepAliveTimeout: 30_000,
    clientTtl: 600_000,
    connect: connector(config),
  } as const;
  return {
    // Deadlines are the transport's own; these only catch what it would forget.
    calls: new Agent({ ...common, connections, headersTimeout: 120_000, bodyTimeout: 120_000 }),
    streams: new Agent({ ...common, connections: null, headersTimeout: 120_000, bodyTimeout: 0 }),
  };
}

function connector(config: ClusterConfig): buildConnector.connector {
  let known: { readonly material: TlsMaterial; readonly connect: buildConnector.connector } | undefined;
  const connect = async (options: buildConnector.Options, callback: buildConnector.Callback): Promise<void> => {
    try {
      const material = await config.tls();
      if (known?.material !== material) known = { material, connect: build(material) };
    } catch (error) {
      callback(error instanceof Error ? error : new Error(String(error)), null);
      return;
    }
    known.connect(options, callback);
  };
  return (options, callback) => void connect(options, callback);
}

function build(material: TlsMaterial): buildConnector.connector {
  return buildConnector({
    allowH2: false,
    timeout: 10_000,
    keepAlive: true,
    keepAliveInitialDelay: KEEP_ALIVE_MS,
    // Made once: reading certificates anew for each of many connections holds the event loop for a second at a start.
    secureContext: createSecureContext({
      ...(material.ca === undefined ? {} : { ca: material.ca }),
      ...(material.cert === undefined ? {} : { cert: material.cert }),
      ...(material.key === undefined ? {} : { key: material.key }),
    }),
    ...(material.serverName === undefined ? {} : { servername: material.serverName }),
    ...(material.insecure === true ? { rejectUnauthorized: false } : {}),
  });
}
