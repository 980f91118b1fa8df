import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface GitServerOptions {
  /** Address of this machine to listen on. */
  readonly address: string;
  /** Folder of bare repositories: its `shop.git` is served under /shop.git. */
  readonly folder: string;
  /** Who may read (HTTP basic authentication); undefined: everybody. */
  readonly login?: { readonly username: string; readonly password: string };
}

/** git's own smart HTTP server (git-http-backend(1)), which Debian's git brings, behind a web server that runs it as CGI. */
export interface GitServer {
  urlOf(repository: string): string;
  stop(): Promise<void>;
}

export async function startGitServer(options: GitServerOptions): Promise<GitServer> {
  const server = createServer((request, response) => {
    if (isAllowed(request, options)) serve(request, response, options.folder);
    else response.writeHead(401, { "WWW-Authenticate": 'Basic realm="git"' }).end("log in first\n");
  });
  server.listen(0, options.address);
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    urlOf: (repository) => `http://${options.address}:${port}/${repository}`,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

function isAllowed({ headers }: IncomingMessage, { login }: GitServerOptions): boolean {
  if (login === undefined) return true;
  const expected = Buffer.from(`${login.username}:${login.password}`).toString("base64");
  return headers.authorization === `Basic ${expected}`;
}

const backend = (): string => `${execFileSync("git", ["--exec-path"], { encoding: "utf8" }).trim()}/git-http-backend`;

function serve(request: IncomingMessage, response: ServerResponse, folder: string): void {
  const { pathname, search } = new URL(request.url ?? "/", "http://server");
  const header = (name: string): string => String(request.headers[name] ?? "");
  const child = spawn(backend(), [], {
    stdio: ["pipe", "pipe", "inherit"],
    env: {
      PATH: process.env["PATH"],
      GIT_PROJECT_ROOT: folder,
      GIT_HTTP_EXPORT_ALL: "1",
      PATH_INFO: decodeURIComponent(pathname),
      QUERY_STRING: search.slice(1),
      REQUEST_METHOD: request.method ?? "GET",
      CONTENT_TYPE: header("content-type"),
      HTTP_CONTENT_ENCODING: header("content-encoding"),
      GIT_PROTOCOL: header("git-protocol"),
      REMOTE_ADDR: request.socket.remoteAddress ?? "",
    },
  });
  // A client that goes away early takes its program along; one that stops reading early is judged by its answer.
  response.once("close", () => child.kill());
  child.stdin.on("error", () => undefined);
  request.pipe(child.stdin);
  let head = "";
  const readHead = (chunk: Buffer): void => {
    head += chunk.toString("latin1");
    const end = /\r?\n\r?\n/.exec(head);
    if (end === null) return;
    child.stdout.off("data", readHead);
    const lines = head.slice(0, end.index).split(/\r?\n/);
    const headers = lines.map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1).trim()]);
    const status = headers.find(([name]) => name === "Status")?.[1];
    response.writeHead(Number.parseInt(status ?? "200", 10), headers.filter(([name]) => name !== "Status").flat());
    response.write(Buffer.from(head.slice(end.index + end[0].length), "latin1"));
    child.stdout.pipe(response);
  };
  child.stdout.on("data", readHead);
  child.once("close", () => response.end());
}
