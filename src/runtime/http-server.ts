import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { checksPage, type Check } from "./checks.ts";

export interface HttpOptions {
  /** Where /healthz and /readyz are: ":8081", "127.0.0.1:8081", "[::1]:8081", or "0" for nowhere. */
  readonly healthAddress: string;
  /** Where /metrics is. May be the same address. */
  readonly metricsAddress: string;
  /** Whether the process works at all; when one fails, the kubelet restarts it. */
  readonly healthz: readonly Check[];
  /** Whether it can take over work; a standby is ready too. */
  readonly readyz: readonly Check[];
  readonly metrics: { readonly contentType: string; metrics(): Promise<string> };
}

export interface HttpEndpoints {
  /** Rejects when an address cannot be had; then none is listened on. */
  listen(): Promise<void>;
  close(): Promise<void>;
  /** Where each is, once listening; undefined when it is switched off. */
  address(of: "health" | "metrics"): AddressInfo | undefined;
}

interface Page {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

type Pages = Readonly<Record<string, (url: URL) => Page | Promise<Page>>>;

/** Nothing that is served here needs large headers, a body or patience. */
const LIMITS = {
  maxHeaderSize: 8_192,
  headersTimeout: 10_000,
  requestTimeout: 10_000,
  keepAliveTimeout: 30_000,
} as const;
const MAX_CONNECTIONS = 128;

/** The operator's own small web server, on one or two addresses. Knows GET and HEAD only. */
export function createHttpEndpoints(options: HttpOptions): HttpEndpoints {
  const health: Pages = {
    "/healthz": (url) => checksPage("healthz", options.healthz, url.searchParams),
    "/readyz": (url) => checksPage("readyz", options.readyz, url.searchParams),
  };
  const metrics: Pages = {
    "/metrics": async () => {
      const body = await options.metrics.metrics();
      return { status: 200, contentType: options.metrics.contentType, body };
    },
  };
  const { healthAddress, metricsAddress } = options;
  const shared = healthAddress === metricsAddress;
  const servers = {
    health: serverFor(healthAddress, shared ? { ...health, ...metrics } : health),
    metrics: shared ? undefined : serverFor(metricsAddress, metrics),
  };
  const all = [servers.health, servers.metrics].filter((server) => server !== undefined);

  const close = async (): Promise<void> => {
    await Promise.all(all.map((server) => server.close()));
  };
  return {
    async listen() {
      try {
        await Promise.all(all.map((server) => server.listen()));
      } catch (error) {
        await close();
        throw error;
      }
    },
    close,
    address: (of) => (of === "metrics" && shared ? servers.health : servers[of])?.address(),
  };
}

/** Host and port of "host:port", where no host means every interface; undefined for "0", which switches off. */
export function parseAddress(text: string): { readonly host?: string; readonly port: number } | undefined {
  if (text === "0") return undefined;
  const parts = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]*)):(\d{1,5})$/.exec(text);
  const port = Number(parts?.[3]);
  if (parts === null || port > 65_535) throw new Error(`not an address: "${text}" (expected host:port, :port or 0)`);
  const host = parts[1] ?? parts[2];
  return host === undefined || host === "" ? { port } : { host, port };
}

interface OneServer {
  listen(): Promise<void>;
  close(): Promise<void>;
  address(): AddressInfo | undefined;
}

function serverFor(address: string, pages: Pages): OneServer | undefined {
  const where = parseAddress(address);
  if (where === undefined) return undefined;
  const server = createServer(LIMITS, (request, response) => void answer(pages, request, response));
  server.maxConnections = MAX_CONNECTIONS;
  return {
    listen: () =>
      new Promise((resolve, reject) => {
        server.once("error", reject);
        server.listen(where, () => {
          server.off("error", reject);
          resolve();
        });
      }),
    close: () => closeServer(server),
    address() {
      const bound = server.address();
      return typeof bound === "object" && bound !== null ? bound : undefined;
    },
  };
}

async function answer(pages: Pages, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const page = await pageFor(pages, request);
  response.writeHead(page.status, {
    "content-type": page.contentType,
    "content-length": Buffer.byteLength(page.body),
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
    ...(page.status === 405 ? { allow: "GET, HEAD" } : {}),
  });
  response.end(request.method === "HEAD" ? undefined : page.body);
}

async function pageFor(pages: Pages, request: IncomingMessage): Promise<Page> {
  const text = (status: number, body: string): Page => ({ status, contentType: "text/plain; charset=utf-8", body });
  const url = URL.parse(request.url ?? "/", "http://localhost");
  const page = url === null ? undefined : pages[url.pathname];
  if (url === null || page === undefined) return text(404, "not found\n");
  if (request.method !== "GET" && request.method !== "HEAD") return text(405, "method not allowed\n");
  try {
    return await page(url);
  } catch (error) {
    return text(500, `${error instanceof Error ? error.message : String(error)}\n`);
  }
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
