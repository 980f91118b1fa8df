import { request } from "node:http";
import { afterEach, describe, expect, test } from "vitest";
import { createHttpEndpoints, parseAddress, type HttpEndpoints, type HttpOptions } from "./http-server.ts";

const open: HttpEndpoints[] = [];
afterEach(async () => {
  for (const endpoints of open.splice(0)) await endpoints.close();
});

async function serve(options: Partial<HttpOptions> = {}): Promise<HttpEndpoints> {
  const endpoints = createHttpEndpoints({
    healthAddress: "127.0.0.1:0",
    metricsAddress: "127.0.0.1:0",
    healthz: [],
    readyz: [],
    metrics: { contentType: "text/plain; version=0.0.4", metrics: () => Promise.resolve("up 1\n") },
    ...options,
  });
  open.push(endpoints);
  await endpoints.listen();
  return endpoints;
}

interface Reply {
  readonly status: number;
  readonly body: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

function call(port: number, path: string, method = "GET", headers: Record<string, string> = {}): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: "127.0.0.1", port, path, method, headers, agent: false }, (response) => {
      let body = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => (body += chunk));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body, headers: response.headers }));
    });
    sent.on("error", reject);
    sent.end();
  });
}

const portOf = (endpoints: HttpEndpoints, of: "health" | "metrics" = "health"): number =>
  endpoints.address(of)?.port ?? 0;

describe("the web server", () => {
  test("answers health, readiness and metrics on one address", async () => {
    const endpoints = await serve({ readyz: [{ name: "caches", problem: () => "agents: not read yet" }] });
    const port = portOf(endpoints);
    expect(portOf(endpoints, "metrics")).toBe(port);
    expect(await call(port, "/healthz")).toMatchObject({ status: 200, body: "ok" });
    expect(await call(port, "/readyz?verbose")).toMatchObject({
      status: 503,
      body: "[-]caches failed: agents: not read yet\nreadyz check failed\n",
    });
    expect(await call(port, "/metrics")).toMatchObject({
      status: 200,
      body: "up 1\n",
      headers: { "content-type": "text/plain; version=0.0.4" },
    });
  });

  test("keeps metrics off the health address where they have one of their own", async () => {
    const endpoints = await serve({ metricsAddress: "localhost:0" });
    expect(portOf(endpoints)).not.toBe(portOf(endpoints, "metrics"));
    expect((await call(portOf(endpoints), "/metrics")).status).toBe(404);
    expect((await call(portOf(endpoints), "/healthz")).status).toBe(200);
  });

  test("listens nowhere on address 0", async () => {
    const endpoints = await serve({ metricsAddress: "0" });
    expect(endpoints.address("metrics")).toBeUndefined();
    expect((await call(portOf(endpoints), "/metrics")).status).toBe(404);
  });

  test.each([
    ["GET", "/", 404],
    ["GET", "/constructor", 404],
    ["GET", "//", 404],
    ["POST", "/healthz", 405],
    ["DELETE", "/metrics", 405],
    ["HEAD", "/healthz", 200],
  ])("answers %s %s with %i", async (method, path, status) => {
    const reply = await call(portOf(await serve()), path, method);
    expect(reply.status).toBe(status);
    if (status === 405) expect(reply.headers["allow"]).toBe("GET, HEAD");
    if (method === "HEAD") expect(reply.body).toBe("");
  });

  test("refuses headers larger than 8 KiB", async () => {
    const reply = await call(portOf(await serve()), "/healthz", "GET", { "x-large": "x".repeat(9_000) });
    expect(reply.status).toBe(431);
  });

  test("answers 500 when the metrics cannot be read, and goes on", async () => {
    const endpoints = await serve({
      metrics: { contentType: "text/plain", metrics: () => Promise.reject(new Error("broken collector")) },
    });
    expect(await call(portOf(endpoints), "/metrics")).toMatchObject({ status: 500, body: "broken collector\n" });
    expect((await call(portOf(endpoints), "/healthz")).status).toBe(200);
  });

  test("says so when its address is taken", async () => {
    const port = portOf(await serve());
    const second = serve({ healthAddress: `127.0.0.1:${port}`, metricsAddress: "0" });
    await expect(second).rejects.toThrow("EADDRINUSE");
  });
});

describe("an address", () => {
  test.each([
    [":8080", { port: 8080 }],
    ["127.0.0.1:0", { host: "127.0.0.1", port: 0 }],
    ["[::1]:8080", { host: "::1", port: 8080 }],
    ["localhost:65535", { host: "localhost", port: 65_535 }],
    ["0", undefined],
  ])("%s is understood", (text, expected) => {
    expect(parseAddress(text)).toEqual(expected);
  });

  test.each(["8080", "", ":65536", "::1:8080", "host:port"])("%o is refused", (text) => {
    expect(() => parseAddress(text)).toThrow("not an address");
  });
});
