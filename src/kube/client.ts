import type { KubeObject, ObjectRef, ResourceType, Stored } from "./types.ts";

/** Options of every call. A call without `deadlineMs` ends by the client's own (30 s, a list 60 s): no request waits for ever. */
export interface CallOptions {
  readonly signal?: AbortSignal;
  readonly deadlineMs?: number;
}

export interface WriteOptions extends CallOptions {
  /** "All": the server checks and answers, and stores nothing. */
  readonly dryRun?: boolean;
  readonly fieldManager?: string;
  /** What the server does about fields it does not know, of creates and patches; its own default is Warn. */
  readonly fieldValidation?: "Strict" | "Warn" | "Ignore";
}

export interface DeleteOptions extends CallOptions {
  /** Precondition, always sent: a recreated object of the same name is never deleted by mistake (409 Conflict). */
  readonly uid: string;
  readonly resourceVersion?: string;
  readonly propagationPolicy?: "Background" | "Foreground" | "Orphan";
  readonly gracePeriodSeconds?: number;
}

export interface ListOptions extends CallOptions {
  /** Absent: all namespaces. */
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** "" or absent: a consistent read; "0": whatever the server's cache has. */
  readonly resourceVersion?: string;
  /** Objects per page; default 500. */
  readonly limit?: number;
}

export interface ListPage<T extends KubeObject> {
  readonly items: readonly Stored<T>[];
  readonly resourceVersion: string;
}

export interface WatchOptions {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly resourceVersion?: string;
  /** Ask for the state as ADDED events, closed by a bookmark annotated k8s.io/initial-events-end. */
  readonly sendInitialEvents?: boolean;
  /** The server ends the watch after this long. */
  readonly timeoutSeconds?: number;
  /** No byte for this long aborts the watch; default 120 s (bookmarks come about once a minute). */
  readonly idleMs?: number;
  /** Called once, when the server has accepted the watch: an idle one sends nothing for a minute. */
  readonly onOpen?: () => void;
  readonly signal?: AbortSignal;
}

export type WatchEvent<T extends KubeObject> =
  | { readonly type: "ADDED" | "MODIFIED" | "DELETED"; readonly object: Stored<T> }
  | { readonly type: "BOOKMARK"; readonly resourceVersion: string; readonly initialEventsEnd: boolean };

export interface LogOptions extends CallOptions {
  readonly container?: string;
  readonly sinceTime?: string;
  readonly timestamps?: boolean;
  readonly limitBytes?: number;
  readonly tailLines?: number;
  readonly previous?: boolean;
}

/**
 * Speaks to one API server. Every method throws KubeError when the server says no, and TransportError when no answer
 * came. Reads, applies and deletes are retried on 429, 503 and cut connections; a create is retried too, because every
 * name that darkfactory creates is deterministic: see create.
 */
export interface KubeClient {
  get<T extends KubeObject>(type: ResourceType<T>, ref: ObjectRef, options?: CallOptions): Promise<Stored<T>>;
  /** One consistent list, read page by page so that no page stalls the event loop. The deadline is a page's. */
  list<T extends KubeObject>(type: ResourceType<T>, options?: ListOptions): AsyncIterable<ListPage<T>>;
  /**
   * Creates under a deterministic name. If the answer to an earlier try was lost and the retry finds the name taken, the
   * object that stands there is read and returned when it was made by this very call (its owner and its age by the server's clock say so), else the
   * AlreadyExists error is thrown.
   */
  create<T extends KubeObject>(type: ResourceType<T>, object: T, options?: WriteOptions): Promise<Stored<T>>;
  /** Server-side apply, forced: `fieldManager` owns every field in `object`. metadata.resourceVersion, if set, is a precondition. */
  apply<T extends KubeObject>(
    type: ResourceType<T>,
    object: T,
    options: WriteOptions & { readonly fieldManager: string },
  ): Promise<Stored<T>>;
  /** As apply, on the status subresource. Set metadata.resourceVersion or uid-check first: the server ignores a foreign uid. */
  applyStatus<T extends KubeObject>(
    type: ResourceType<T>,
    object: T,
    options: WriteOptions & { readonly fieldManager: string },
  ): Promise<Stored<T>>;
  /** JSON merge patch. */
  mergePatch<T extends KubeObject>(
    type: ResourceType<T>,
    ref: ObjectRef,
    patch: unknown,
    options?: WriteOptions,
  ): Promise<Stored<T>>;
  /**
   * Undefined when it is gone: it was already, went by another's delete meanwhile, or went at once and the server answered
   * with a bare Status (as for custom resources without finalizers). Otherwise the object as the server last saw it, or
   * now shows it terminating.
   */
  delete<T extends KubeObject>(
    type: ResourceType<T>,
    ref: ObjectRef,
    options: DeleteOptions,
  ): Promise<Stored<T> | undefined>;
  /**
   * One watch, until the server ends it (a normal end: return), the signal fires (return), or it fails (throws; an ERROR
   * event throws the KubeError it carries, such as 410 Expired).
   */
  watch<T extends KubeObject>(type: ResourceType<T>, options: WatchOptions): AsyncIterable<WatchEvent<T>>;
  /** A Pod's log as raw bytes, read once (never followed). */
  logs(pod: ObjectRef, options?: LogOptions): AsyncIterable<Uint8Array>;
  /** Anything else: the parsed JSON answer, or the text where it is none (/version, /readyz, SelfSubjectAccessReview …). */
  raw(
    method: "GET" | "POST" | "PATCH" | "PUT" | "DELETE",
    path: string,
    body?: unknown,
    options?: CallOptions,
  ): Promise<unknown>;
  /** Closes idle connections; calls in flight end with TransportError. */
  close(): Promise<void>;
}
