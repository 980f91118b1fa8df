import { mkdtemp, rm, writeFile } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { Agent, createServer, request as requestTls } from "node:https";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { loadConfig } from "../../src/kube/config.ts";
import { parseRequest } from "../../src/kube/resource-path.ts";
import { selfSigned } from "./certificate.ts";
import { decider, matches, type Decide, type Fault, type Match, type Rule, type SeenCall } from "./plan.ts";
import { passWatch } from "./watch-faults.ts";

/** A request that went through the proxy, and what became of it. */
export interface PassedCall extends SeenCall {
  /** Milliseconds since the epoch at which it came. */
  readonly at: number;
  /** The status that was passed back; undefined while there is none, and for ever if none was. */
  readonly code: number | undefined;
  readonly fault: Fault | undefined;
}

/** Stands between a client and a real API server, and spoils what the plan says. */
export interface FaultProxy {
  readonly url: string;
  /** Path of a kubeconfig that leads through the proxy. It names no user: the proxy logs in as its own kubeconfig says. */
  readonly kubeconfig: string;
  /** Adds a rule or a decision; the first that names a fault for a request wins. */
  plan(rule: Rule | Decide): void;
  /** Forgets the plan; what is under way goes on. */
  clear(): void;
  /** What came so far, oldest first. */
  calls(match?: Match): readonly PassedCall[];
  /** Nobody listens any more and every connection is cut, until plugIn: the server is down. */
  unplug(): Promise<void>;
  plugIn(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts a proxy on a free port of this machine to the server of a kubeconfig. A client's own Authorization is passed on. */
export async function startFaultProxy(options: {
  readonly kubeconfig: string;
  /** Added to every caller's user agent, so that the server's audit log tells apart who came this way. */
  readonly signature?: string;
  /** How many of the last calls it keeps; default: all. */
  readonly kept?: number;
}): Promise<FaultProxy> {
  const upstream = await loadConfig({ kubeconfig: options.kubeconfig });
  const target = new URL(upstream.server);
  const { ca, cert, key } = await upstream.tls();
  const tls = { keepAlive: true, ...(ca === undefined ? {} : { ca }) };
  const asUpstream = new Agent({
    ...tls,
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  });
  const asCaller = new Agent(tls);
  const directory = await mkdtemp(join(tmpdir(), "fault-proxy-"));
  const certificate = await selfSigned(directory);
  let decisions: Decide[] = [];
  const { kept = Infinity } = options;
  let came = 0;
  const passed: { -readonly [K in keyof PassedCall]: PassedCall[K] }[] = [];

  const forward = async (request: IncomingMessage, response: ServerResponse): Promise<IncomingMessage> => {
    const own = request.headers.authorization;
    const authorization = own ?? (await upstream.authorization());
    const agents = [request.headers["user-agent"], options.signature].filter(Boolean).join(" ");
    const outgoing = requestTls({
      host: target.hostname,
      port: target.port,
      method: request.method,
      path: request.url,
      headers: {
        ...request.headers,
        host: target.host,
        ...(agents === "" ? {} : { "user-agent": agents }),
        ...(authorization === undefined ? {} : { authorization }),
      },
      agent: own === undefined ? asUpstream : asCaller,
    });
    // A caller that has gone needs no answer: a watch would go on for ever.
    response.once("close", () => {
      if (!response.writableFinished) outgoing.destroy();
    });
    request.pipe(outgoing);
    const [answer] = (await once(outgoing, "response")) as [IncomingMessage];
    // Its reader hears of errors through its own loop; one that nobody reads may fail in silence.
    answer.on("error", () => undefined);
    return answer;
  };

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method = "GET", url: path = "/" } = request;
    const call: SeenCall = { number: ++came, method, path, ...parseRequest(method, path) };
    // Every rule sees every request, for rules count.
    const fault = decisions.map((decide) => decide(call)).find((decided) => decided !== undefined);
    const record = { ...call, at: Date.now(), fault, code: undefined as number | undefined };
    if (passed.push(record) > kept) passed.shift();
    const begin = (code: number, headers: IncomingMessage["headers"]): void => {
      record.code = code;
      response.writeHead(code, headers);
      response.flushHeaders();
    };
    if (fault?.fault === "answer") {
      begin(fault.code, headersOf(fault));
      response.end(JSON.stringify(statusOf(fault)));
      return;
    }
    if (fault?.fault === "cut") return void request.socket.destroy();
    if (fault?.fault === "hang" && fault.afterCommit !== true) return;
    if (fault?.fault === "hold") await fault.until;
    if (fault?.fault === "delay") await sleep(fault.ms);
    const answer = await forward(request, response);
    if (fault?.fault === "hang" || fault?.fault === "lose-answer") {
      answer.resume();
      await once(answer, "end");
      if (fault.fault === "lose-answer") request.socket.destroy();
      return;
    }
    begin(answer.statusCode ?? 502, answer.headers);
    if (fault?.fault === "end-answer") {
      await passBytes(answer, fault.afterBytes, response);
      if (fault.how === "in-order") response.end();
      else await cut(response);
      return;
    }
    if (fault?.fault === "drip") {
      await drip(answer, fault.ms, response);
      response.end();
      return;
    }
    if (fault === undefined || call.verb !== "watch") {
      answer.pipe(response);
      return;
    }
    const end = await passWatch(answer, fault, (text) => response.write(text));
    if (end === "in-order") response.end();
    else if (end === "cut") await cut(response);
  };

  const server = createServer({ ...certificate, ALPNProtocols: ["http/1.1"] }, (request, response) => {
    serve(request, response).catch(() => request.socket.destroy());
  });
  const listen = async (port: number): Promise<number> => {
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    return typeof address === "object" && address !== null ? address.port : port;
  };
  const close = async (): Promise<void> => {
    const closed = once(server, "close");
    server.close();
    server.closeAllConnections();
    await closed;
  };
  const port = await listen(0);
  const url = `https://127.0.0.1:${port}`;
  const kubeconfig = join(directory, "kubeconfig");
  await writeFile(kubeconfig, JSON.stringify(kubeconfigOf(url, certificate.cert)), { mode: 0o600 });

  return {
    url,
    kubeconfig,
    plan: (rule) => {
      decisions.push(typeof rule === "function" ? rule : decider(rule));
    },
    clear: () => {
      decisions = [];
    },
    calls: (match = {}) => passed.filter((call) => matches(match, call)),
    unplug: close,
    plugIn: async () => {
      await listen(port);
    },
    stop: async () => {
      if (server.listening) await close();
      asUpstream.destroy();
      asCaller.destroy();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** Passes on so many bytes of a body, and lets go of the rest. */
async function passBytes(from: IncomingMessage, most: number, to: ServerResponse): Promise<void> {
  let left = most;
  for await (const chunk of from as AsyncIterable<Buffer>) {
    to.write(chunk.subarray(0, left));
    left -= chunk.length;
    if (left <= 0) return;
  }
}

/** In how many parts an answer drips. */
const DROPS = 8;

/** Passes a body on in parts, spread over so many milliseconds. */
async function drip(from: IncomingMessage, ms: number, to: ServerResponse): Promise<void> {
  const body = Buffer.concat(await Array.fromAsync(from as AsyncIterable<Buffer>));
  const size = Math.ceil(body.length / DROPS);
  for (let part = 0; part < DROPS; part++) {
    to.write(body.subarray(part * size, (part + 1) * size));
    await sleep(ms / DROPS);
  }
}

/** Breaks the connection once what was written has left. */
async function cut(response: ServerResponse): Promise<void> {
  await new Promise<void>((resolve) => {
    response.write("", () => resolve());
  });
  response.destroy();
}

type Answered = Extract<Fault, { readonly fault: "answer" }>;

function headersOf({ retryAfterSeconds }: Answered): Record<string, string> {
  return {
    "content-type": "application/json",
    ...(retryAfterSeconds === undefined ? {} : { "retry-after": String(retryAfterSeconds) }),
  };
}

function statusOf({ code, reason, message = `planned ${code}` }: Answered): object {
  return {
    kind: "Status",
    apiVersion: "v1",
    status: "Failure",
    code,
    message,
    ...(reason === undefined ? {} : { reason }),
  };
}

function kubeconfigOf(server: string, ca: string): object {
  return {
    apiVersion: "v1",
    kind: "Config",
    clusters: [
      { name: "faults", cluster: { server, "certificate-authority-data": Buffer.from(ca).toString("base64") } },
    ],
    users: [{ name: "nobody", user: {} }],
    contexts: [{ name: "faults", context: { cluster: "faults", user: "nobody" } }],
    "current-context": "faults",
  };
}
