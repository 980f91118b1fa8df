import type { ObjectMeta, Stored } from "../../src/kube/types.ts";

/** The kinds that the observer watches. */
export const observedKinds = ["AgentFleet", "Agent", "AgentRun", "Pod", "Job", "Event"] as const;
export type ObservedKind = (typeof observedKinds)[number];

/** Who owns which fields (metav1.ManagedFieldsEntry). */
export interface ManagedFields {
  readonly manager?: string;
  readonly operation?: string;
  readonly subresource?: string;
  readonly fieldsV1?: Fields;
}

/** metav1.FieldsV1: "f:name", "k:{…}", "v:…" and "." to what is below. */
export interface Fields {
  readonly [part: string]: Fields;
}

/** Any object that was watched, with the parts that invariants look at. */
export interface Watched extends Stored {
  readonly metadata: Stored["metadata"] & ObjectMeta & { readonly managedFields?: readonly ManagedFields[] };
  readonly spec?: unknown;
  readonly status?: unknown;
}

/** One event of a watch. */
export interface Change {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly kind: ObservedKind;
  readonly object: Watched;
}

export type Writer = "operator" | "person" | "kubernetes";

/** One request that changes something, as the API server's audit log has it: also one that was refused. */
export interface Write {
  /** Milliseconds since the epoch at which the server received it. */
  readonly at: number;
  readonly by: Writer;
  /** Which of several replicas of the operator. */
  readonly replica?: string;
  /** Of a lease that was written: when that was done, and whether it is held from then on or released. */
  readonly lease?: { readonly doneAt: number; readonly isHeld: boolean };
  readonly verb: string;
  readonly resource: string;
  readonly subresource?: string;
  readonly name?: string;
  readonly code: number;
  readonly dryRun: boolean;
  /** resourceVersion of the object that it made, where the log has it. */
  readonly version?: string;
}

/** One try of a request by the operator, as what stands between it and the server saw it. */
export interface Try {
  readonly at: number;
  /** Method and path without query: what is tried again. */
  readonly key: string;
  readonly failed: boolean;
}

/** A line that the operator logged. */
export interface LogText {
  readonly where: string;
  readonly text: string;
}

/** All that is known of one namespace's life. */
export interface History {
  /** In the order of the API server: one sequence for all kinds. */
  readonly changes: readonly Change[];
  readonly writes: readonly Write[];
  readonly tries: readonly Try[];
  readonly logs: readonly LogText[];
  /** Texts that must never be seen outside of a Secret or the Pod that uses it. */
  readonly secrets: readonly string[];
  /** Field managers whose fields nobody else may change. */
  readonly strangers: readonly string[];
  /** Milliseconds since the epoch from which nothing is left to do; absent: the end was not reached. */
  readonly convergedAt?: number;
}

/** One thing that must not have happened. */
export interface Violation {
  readonly invariant: string;
  readonly about: string;
  readonly what: string;
}

/** "Kind namespace/name", as messages name an object. */
export function nameOf({ kind, object }: Pick<Change, "kind" | "object">): string {
  return `${kind} ${object.metadata.namespace ?? ""}/${object.metadata.name}`;
}

/** One step of an object's life: `before` is absent at its begin, `after` at its end. */
export interface Step {
  readonly change: Change;
  readonly before?: Watched;
  readonly after?: Watched;
  /** Who wrote it; absent where the audit log does not say. */
  readonly by?: Writer;
}

/** Every change with the version of the same object before it. */
export function steps({ changes, writes }: Pick<History, "changes" | "writes">): readonly Step[] {
  const writers = new Map<string, Writer>();
  // A later write that changes nothing is answered with the version of the one that did.
  for (const { version, by } of writes) {
    if (version !== undefined && !writers.has(version)) writers.set(version, by);
  }
  const last = new Map<string, Watched>();
  return changes.map((change) => {
    const { uid, resourceVersion } = change.object.metadata;
    const before = last.get(uid);
    const by = writers.get(resourceVersion);
    if (change.type === "DELETED") last.delete(uid);
    else last.set(uid, change.object);
    return {
      change,
      ...(before === undefined ? {} : { before }),
      ...(change.type === "DELETED" ? {} : { after: change.object }),
      ...(by === undefined ? {} : { by }),
    };
  });
}

/** What was there when the history ended. */
export function presentAtEnd(changes: readonly Change[]): readonly Change[] {
  const present = new Map<string, Change>();
  for (const change of changes) {
    if (change.type === "DELETED") present.delete(change.object.metadata.uid);
    else present.set(change.object.metadata.uid, change);
  }
  return [...present.values()];
}
