import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
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
  readonly responseStatus?: { readonly code?: number };
  /** Only from level Request on. */
  readonly requestObject?: unknown;
  /** Only from level RequestResponse on. */
  readonly responseObject?: { readonly kind?: string; readonly metadata?: { readonly resourceVersion?: string } };
}

/** Flags of an API server that writes answered requests down as the rules say, into a folder. */
export async function auditFlags(directory: string, rules: readonly AuditRule[]): Promise<ExtraFlags> {
  const policy = { apiVersion: "audit.k8s.io/v1", kind: "Policy", omitStages: ["RequestReceived"], rules };
  await writeFile(join(directory, "policy.json"), JSON.stringify(policy));
  return {
    "kube-apiserver": [
      `--audit-policy-file=${join(directory, "policy.json")}`,
      `--audit-log-path=${join(directory, "audit.log")}`,
    ],
  };
}

/** All that was written down so far. */
export async function readAuditLog(directory: string): Promise<readonly AuditEvent[]> {
  const text = await readFile(join(directory, "audit.log"), "utf8");
  // What stands after the last line break is still being written.
  const lines = text.slice(0, text.lastIndexOf("\n") + 1).split("\n");
  return lines.filter((line) => line !== "").map((line) => JSON.parse(line) as AuditEvent);
}
