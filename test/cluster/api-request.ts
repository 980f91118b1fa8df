import { readFile } from "node:fs/promises";
import { get as getPlain } from "node:http";
import { request as requestSecure, type RequestOptions } from "node:https";
import { join } from "node:path";
import { directoryOf, type ClusterRecord, serverOf } from "./record.ts";

/** What a server answered; `body` is parsed JSON where it is JSON, else text. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** One request to the API server as cluster administrator, without retries. Rejects when no answer comes within 10 s. */
export async function requestApi(record: ClusterRecord, method: string, path: string, body?: unknown): Promise<Answer> {
  const pki = join(directoryOf(record), "pki");
  const [ca, cert, key] = await Promise.all(
    ["ca.crt", "admin.crt", "admin.key"].map((file) => readFile(join(pki, file))),
  );
  const headers = body === undefined ? {} : { "content-type": "application/json" };
  return send(`${serverOf(record)}${path}`, { method, headers, ca, cert, key, agent: false }, body);
}

function send(url: string, options: RequestOptions, body: unknown): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = requestSecure(url, { ...options, timeout: 10_000 }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
      response.once("error", reject);
      response.once("end", () => {
        const isJson = response.headers["content-type"]?.startsWith("application/json") ?? false;
        resolve({ status: response.statusCode ?? 0, body: isJson ? JSON.parse(text) : text });
      });
    });
    sent.once("timeout", () => sent.destroy(new Error(`no answer from ${url}`)));
    sent.once("error", reject);
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

/** Whether a health endpoint answers 200. Its certificate is not checked: these are self-signed and prove nothing. */
export function isHealthy(url: string): Promise<boolean> {
  return new Promise((resolve) => {
    const sent = url.startsWith("https:")
      ? requestSecure(url, { rejectUnauthorized: false, timeout: 2000, agent: false })
      : getPlain(url, { timeout: 2000, agent: false });
    sent.once("response", (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    sent.once("timeout", () => sent.destroy());
    sent.once("error", () => resolve(false));
    sent.once("close", () => resolve(false));
    sent.end();
  });
}
