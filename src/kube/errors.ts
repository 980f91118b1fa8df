import { parseRequest } from "./resource-path.ts";

/** The longest message kept from a server, in characters: an error is one line of a log, not a document. */
const MAX_MESSAGE = 1000;

/** metav1.Status.details.causes[]: one complaint about one field. */
export interface StatusCause {
  readonly reason?: string;
  readonly message?: string;
  readonly field?: string;
}

export interface StatusDetails {
  readonly name?: string;
  readonly group?: string;
  readonly kind?: string;
  readonly uid?: string;
  readonly causes?: readonly StatusCause[];
  readonly retryAfterSeconds?: number;
}

/** The API server said no. `reason` is its machine-readable word (metav1.Status), never the message; "" when it gave none. */
export class KubeError extends Error {
  override readonly name = "KubeError";
  /** HTTP status, or the code inside a watch's ERROR event. */
  readonly code: number;
  readonly reason: string;
  readonly details: StatusDetails | undefined;
  /** What the server asked for, in seconds, uncapped. */
  readonly retryAfterSeconds: number | undefined;
  readonly method: string;
  /** As in RequestName. */
  readonly path: string;

  constructor(fields: Omit<KubeError, "name" | "stack" | "cause">) {
    super(oneLine(fields.message));
    this.code = fields.code;
    this.reason = fields.reason;
    this.details = fields.details;
    this.retryAfterSeconds = fields.retryAfterSeconds;
    this.method = fields.method;
    this.path = fields.path;
  }
}

/** Names a request in errors: its path without the query, except for "?watch=true". */
export interface RequestName {
  readonly method: string;
  readonly path: string;
}

/**
 * unsent: no connection, nothing left this process. cut: the connection broke after the request was sent. deadline: no
 * answer in time. idle: a watch fell silent. malformed: the answer is none of Kubernetes. aborted: the caller's signal.
 * closed: the client was closed.
 */
export type TransportFault = "unsent" | "cut" | "deadline" | "idle" | "malformed" | "aborted" | "closed";

/** No answer came. Whether the server acted on the request is unknown unless `fault` is "unsent". */
export class TransportError extends Error {
  override readonly name = "TransportError";
  readonly fault: TransportFault;
  readonly method: string;
  /** As in RequestName. */
  readonly path: string;

  constructor(fault: TransportFault, request: RequestName, message: string) {
    super(oneLine(message));
    this.fault = fault;
    this.method = request.method;
    this.path = request.path;
  }
}

/** A configuration that cannot work: names the file and the field. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

const has = (error: unknown, code: number, ...reasons: readonly string[]): boolean =>
  error instanceof KubeError && error.code === code && (reasons.length === 0 || reasons.includes(error.reason));

export const isNotFound = (error: unknown): boolean => has(error, 404);
export const isForbidden = (error: unknown): boolean => has(error, 403);
export const isUnauthorized = (error: unknown): boolean => has(error, 401);
export const isAlreadyExists = (error: unknown): boolean => has(error, 409, "AlreadyExists");
/** A precondition failed (resourceVersion, uid) or another manager owns a field. */
export const isConflict = (error: unknown): boolean => has(error, 409) && !isAlreadyExists(error);
/** The resourceVersion or continue token is too old: read the whole state anew. */
export const isGone = (error: unknown): boolean =>
  error instanceof KubeError && (error.code === 410 || error.reason === "Expired" || error.reason === "Gone");
export const isTooManyRequests = (error: unknown): boolean => has(error, 429);
/** The object itself is wrong; only a change of it helps. */
export const isInvalid = (error: unknown): boolean => has(error, 422) || has(error, 400);
/** The server stands behind the resourceVersion that was asked for (apimachinery's ResourceVersionTooLarge cause). */
export const isTooLargeResourceVersion = (error: unknown): boolean =>
  error instanceof KubeError &&
  error.code === 504 &&
  (error.details?.causes?.some((cause) => cause.reason === "ResourceVersionTooLarge") === true ||
    error.message.includes("Too large resource version"));
/** Worth the same request again later: no answer, overload, or trouble inside the server. */
export const isTransient = (error: unknown): boolean =>
  (error instanceof TransportError && error.fault !== "aborted" && error.fault !== "closed") ||
  (error instanceof KubeError && (error.code === 429 || error.code >= 500));

/** One line for a human: what was tried on which resource, and why it failed. */
export function describe(error: unknown): string {
  if (error instanceof KubeError) {
    const what = describeRequest(error.method, error.path);
    if (error.code === 403) return `no permission to ${what}: ${error.message}`;
    if (error.code === 401) return `the API server does not accept our credentials, to ${what}: ${error.message}`;
    return `cannot ${what}: ${[error.code, error.reason].filter(Boolean).join(" ")}: ${error.message}`;
  }
  if (error instanceof TransportError) return `cannot ${describeRequest(error.method, error.path)}: ${error.message}`;
  return oneLine(error instanceof Error ? error.message : String(error));
}

/** "list agents.darkfactory.dev in namespace x", "delete pods x/y", or "get /readyz". */
export function describeRequest(method: string, path: string): string {
  const target = parseRequest(method, path);
  if (target.resource === undefined) return `${method.toLowerCase()} ${path.split("?", 1)[0]}`;
  const resource = [target.resource, target.subresource].filter(Boolean).join("/");
  const qualified = target.group === "" ? resource : `${resource}.${target.group}`;
  if (target.name !== undefined) {
    return `${target.verb} ${qualified} ${[target.namespace, target.name].filter(Boolean).join("/")}`;
  }
  return `${target.verb} ${qualified}${target.namespace === undefined ? "" : ` in namespace ${target.namespace}`}`;
}

function oneLine(text: string): string {
  const line = text.replace(/\s*[\r\n]+\s*/g, "; ").trim();
  return line.length <= MAX_MESSAGE ? line : `${Array.from(line).slice(0, MAX_MESSAGE).join("")}…`;
}

/**
 * The API server refuses an object because its admission does not know its owner's kind yet: for new kinds it looks every
 * 30 s (OwnerReferencesPermissionEnforcement). It has no machine-readable word for that.
 */
export function isOwnerKindUnknown(error: unknown): boolean {
  return error instanceof KubeError && isForbidden(error) && error.message.includes("cannot find RESTMapping");
}

/** How soon to ask again what was refused so. */
export const OWNER_KIND_RETRY_MS = 5000;
