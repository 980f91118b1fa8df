import { type AuditEvent, type AuditRule, tailAuditLog } from "../cluster/audit-log.ts";
import type { Write, Writer } from "./history.ts";

/** How a person's client introduces itself. */
export const PERSON = "chaos-person";

/** Everything that changes something; with its answer, which says what version it made, where we must know whose it was. */
export const auditRules: readonly AuditRule[] = [
  { level: "None", verbs: ["get", "list", "watch"] },
  {
    level: "RequestResponse",
    resources: [
      { group: "darkfactory.dev" },
      { group: "batch", resources: ["jobs"] },
      { group: "", resources: ["pods"] },
    ],
  },
  { level: "Request", resources: [{ group: "coordination.k8s.io" }] },
  {
    level: "Metadata",
    resources: [
      { group: "", resources: ["pods/status", "events", "persistentvolumeclaims", "secrets"] },
      { group: "batch", resources: ["jobs/status"] },
      { group: "events.k8s.io" },
    ],
  },
  { level: "None" },
];

/** The writes of an API server, as its audit log tells them. */
export interface Trail {
  /** All writes in a namespace up to now, in the order in which they were answered. */
  writesIn(namespace: string): Promise<readonly Write[]>;
  /** When the last in these namespaces was received, in milliseconds since the epoch, leases aside; 0 for none. */
  lastWriteIn(namespaces: readonly string[]): Promise<number>;
}

/** Follows the audit log of a folder: each line is read once, however often one asks. */
export function followTrail(directory: string): Trail {
  const writes = new Map<string, Write[]>();
  const next = tailAuditLog(directory, (event) => ({ namespace: event.objectRef?.namespace, write: writeOf(event) }));
  const catchUp = async (): Promise<void> => {
    for (const { namespace, write } of await next()) {
      if (namespace === undefined) continue;
      const its = writes.get(namespace);
      if (its === undefined) writes.set(namespace, [write]);
      else its.push(write);
    }
  };
  let caughtUp = Promise.resolve();
  // One reader at a time: two would tell a line twice.
  const now = (): Promise<void> => (caughtUp = caughtUp.then(catchUp));
  return {
    async writesIn(namespace) {
      await now();
      return [...(writes.get(namespace) ?? [])];
    },
    async lastWriteIn(namespaces) {
      await now();
      return namespaces
        .flatMap((namespace) => writes.get(namespace) ?? [])
        .filter(({ resource }) => resource !== "leases")
        .reduce((last, { at }) => Math.max(last, at), 0);
    },
  };
}

function writeOf(event: AuditEvent): Write {
  const { verb, requestURI, objectRef = {}, responseStatus, responseObject } = event;
  const { resource = "", subresource, name } = objectRef;
  const dryRun = new URL(requestURI, "https://server").searchParams.has("dryRun");
  const version = dryRun ? undefined : responseObject?.metadata?.resourceVersion;
  return {
    at: Date.parse(event.requestReceivedTimestamp),
    by: writerOf(event),
    verb,
    resource,
    ...(subresource === undefined ? {} : { subresource }),
    ...(name === undefined ? {} : { name }),
    code: responseStatus?.code ?? 0,
    dryRun,
    ...replicaOf(event),
    ...leaseOf(event),
    ...(version === undefined || version === "" ? {} : { version }),
  };
}

function writerOf({ userAgent = "" }: AuditEvent): Writer {
  if (userAgent.startsWith("darkfactory/")) return "operator";
  return userAgent.startsWith(PERSON) ? "person" : "kubernetes";
}

/** What the proxy of a replica adds to its user agent. */
export const signatureOf = (replica: string): string => `replica/${replica}`;

function replicaOf({ userAgent = "" }: AuditEvent): Pick<Write, "replica"> {
  const replica = /replica\/(\S+)/.exec(userAgent)?.[1];
  return replica === undefined ? {} : { replica };
}

function leaseOf({ objectRef, requestObject, stageTimestamp, responseStatus }: AuditEvent): Pick<Write, "lease"> {
  if (objectRef?.resource !== "leases" || (responseStatus?.code ?? 0) >= 300) return {};
  const { spec } = (requestObject ?? {}) as { readonly spec?: { readonly holderIdentity?: string } };
  return { lease: { doneAt: Date.parse(stageTimestamp), isHeld: (spec?.holderIdentity ?? "") !== "" } };
}
