import { createReadStream } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { StringDecoder } from "node:string_decoder";
import type { ExtraFlags } from "./control-plane.ts";

/** One rule of audit.k8s.io/v1 Policy: the first that fits a request decides how much of it is written down. */
export interface AuditRule {
  readonly level: "None" | "Metadata" | "Request" | "RequestResponse";
  readonly users?: readonly string[];
  readonly verbs?: readonly string[];
  readonly resources?: readonly { readonly group: string; readonly resources?: readonly string[] }[];
}

/** A request in the log, answered, as far as tests read it. */
export interface AuditEvent {
  readonly verb: string;
  readonly requestURI: string;
  readonly userAgent?: string;
  readonly requestReceivedTimestamp: string;
  /** When it was answered. */
  readonly stageTimestamp: string;
  readonly objectRef?: {
    readonly apiGroup?: string;
    readonly resource?: string;
    readonly subresource?: string;
    readonly namespace?: string;
    readonly name?: string;
  };
  readonly responseStatus?: { readonly code?: number; readonly message?: string };
  /** Only from level Request on. */
  readonly requestObject?: unknown;
  /** Only from level RequestResponse on. */
  readonly responseObject?: { readonly kind?: string; readonly metadata?: { readonly resourceVersion?: string } };
}

/** By default the API server begins a new file after 100 MB, and who reads on in audit.log misses what came before. */
const NEVER_FULL_MB = 1_000_000;

/** Flags of an API server that writes answered requests down as the rules say, into a folder. */
export async function auditFlags(directory: string, rules: readonly AuditRule[]): Promise<ExtraFlags> {
  const policy = { apiVersion: "audit.k8s.io/v1", kind: "Policy", omitStages: ["RequestReceived"], rules };
  await writeFile(join(directory, "policy.json"), JSON.stringify(policy));
  return {
    "kube-apiserver": [
      `--audit-policy-file=${join(directory, "policy.json")}`,
      `--audit-log-path=${join(directory, "audit.log")}`,
      `--audit-log-maxsize=${NEVER_FULL_MB}`,
    ],
  };
}

/** All that was written down so far. */
export function readAuditLog(directory: string): Promise<readonly AuditEvent[]> {
  return tailAuditLog(directory, (event) => event)();
}

/** Gives with each call what was written down since the one before: `pick` takes of each request what is kept of it. */
export function tailAuditLog<T>(directory: string, pick: (event: AuditEvent) => T): () => Promise<readonly T[]> {
  const decoder = new StringDecoder("utf8");
  let start = 0;
  let rest = "";
  return async () => {
    const picked: T[] = [];
    // In parts: a long run's log is longer than the longest string.
    for await (const part of createReadStream(join(directory, "audit.log"), { start }) as AsyncIterable<Buffer>) {
      start += part.length;
      const lines = (rest + decoder.write(part)).split("\n");
      // What stands after the last line break is still being written.
      rest = lines.pop() ?? "";
      picked.push(...lines.filter((line) => line !== "").map((line) => pick(JSON.parse(line) as AuditEvent)));
    }
    return picked;
  };
}
