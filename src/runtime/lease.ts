import { z } from "zod";
import type { KubeClient } from "../kube/client.ts";
import { isNotFound } from "../kube/errors.ts";
import type { ObjectRef } from "../kube/types.ts";
import type { Instant } from "./contract.ts";

/** What a Lease (coordination.k8s.io/v1) says of its holder; client-go's LeaderElectionRecord. */
export interface LeaseRecord {
  /** "" when it was released. */
  readonly holderIdentity: string;
  readonly leaseDurationSeconds: number;
  readonly acquireTime: Instant;
  readonly renewTime: Instant;
  readonly leaseTransitions: number;
}

/** One Lease, written only over what was read or written last: a concurrent change answers with a conflict. The signal ends a request. */
export interface LeaseLock {
  /** Undefined when there is none yet. */
  read(signal?: AbortSignal): Promise<LeaseRecord | undefined>;
  create(record: LeaseRecord, signal?: AbortSignal): Promise<LeaseRecord>;
  update(record: LeaseRecord, signal?: AbortSignal): Promise<LeaseRecord>;
}

const time = z
  .string()
  .nullish()
  .transform((text) => (typeof text === "string" ? Date.parse(text) : 0));

/** Unknown fields are kept: a PUT replaces the whole object. */
const leaseSchema = z.looseObject({
  metadata: z.looseObject({ resourceVersion: z.string() }),
  spec: z
    .looseObject({
      holderIdentity: z.string().nullish(),
      leaseDurationSeconds: z.number().nullish(),
      acquireTime: time,
      renewTime: time,
      leaseTransitions: z.number().nullish(),
    })
    .nullish(),
});

type Lease = z.infer<typeof leaseSchema>;

/** `deadlineMs` bounds each request. */
export function createLeaseLock(
  client: Pick<KubeClient, "raw">,
  ref: ObjectRef & { readonly namespace: string },
  deadlineMs: number,
): LeaseLock {
  const collection = `/apis/coordination.k8s.io/v1/namespaces/${ref.namespace}/leases`;
  let last: Lease | undefined;

  async function call(
    method: "GET" | "POST" | "PUT",
    path: string,
    body: unknown,
    signal: AbortSignal | undefined,
  ): Promise<LeaseRecord> {
    const answer = await client.raw(method, path, body, { deadlineMs, ...(signal && { signal }) });
    last = leaseSchema.parse(answer);
    return recordOf(last);
  }

  return {
    async read(signal) {
      try {
        return await call("GET", `${collection}/${ref.name}`, undefined, signal);
      } catch (error) {
        if (isNotFound(error)) return undefined;
        throw error;
      }
    },
    async create(record, signal) {
      const body = {
        apiVersion: "coordination.k8s.io/v1",
        kind: "Lease",
        metadata: { namespace: ref.namespace, name: ref.name },
        spec: specOf(record),
      };
      return call("POST", collection, body, signal);
    },
    async update(record, signal) {
      if (last === undefined) throw new Error("a lease is updated over what was read");
      const body = { ...last, spec: { ...last.spec, ...specOf(record) } };
      return call("PUT", `${collection}/${ref.name}`, body, signal);
    },
  };
}

function recordOf({ spec }: Lease): LeaseRecord {
  return {
    holderIdentity: spec?.holderIdentity ?? "",
    leaseDurationSeconds: spec?.leaseDurationSeconds ?? 0,
    acquireTime: spec?.acquireTime ?? 0,
    renewTime: spec?.renewTime ?? 0,
    leaseTransitions: spec?.leaseTransitions ?? 0,
  };
}

function specOf(record: LeaseRecord): Readonly<Record<string, unknown>> {
  return { ...record, acquireTime: toMicroTime(record.acquireTime), renewTime: toMicroTime(record.renewTime) };
}

/** metav1.MicroTime: exactly six fraction digits; the API server refuses three (kubernetes-from-node.md 0.1). */
export function toMicroTime(instant: Instant): string {
  return new Date(instant).toISOString().replace(/Z$/, "000Z");
}
