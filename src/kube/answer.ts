import type { Readable } from "node:stream";
import type { ListPage } from "./client.ts";
import { TransportError } from "./errors.ts";
import { apiVersionOf } from "./resource-path.ts";
import { errorFrom, isStatus } from "./status.ts";
import { requestName } from "./transport.ts";
import type { Answer, Call } from "./transport.ts";
import type { KubeObject, ResourceType, Stored } from "./types.ts";

/** The answer's text if the server said yes. Throws KubeError otherwise. */
export function acceptedText(call: Call, answer: Answer): string {
  if (answer.code >= 200 && answer.code < 300) return answer.text;
  throw errorFrom(requestName(call), answer);
}

/** The stream that the server opened. Throws KubeError otherwise. */
export function streamIn(call: Call, answer: Answer & { readonly stream?: Readable }): Readable {
  if (answer.stream !== undefined) return answer.stream;
  throw errorFrom(requestName(call), answer);
}

/** The object that the server answered with. */
export function objectIn<T extends KubeObject>(call: Call, answer: Answer): Stored<T> {
  const object = parse(call, acceptedText(call, answer));
  if (isStored<T>(object)) return object;
  throw malformed(call);
}

/**
 * The object that a delete answered with; undefined where it is gone: the answer is a bare Status, or the object as it
 * was before another's delete was quicker, which the server sends without a resourceVersion (registry Store.Delete).
 */
export function objectOrStatusIn<T extends KubeObject>(call: Call, answer: Answer): Stored<T> | undefined {
  const object = parse(call, acceptedText(call, answer));
  if (isStored<T>(object)) return object.metadata.resourceVersion === undefined ? undefined : object;
  if (isStatus(object)) return undefined;
  throw malformed(call);
}

/** One page and the token of the next. */
export interface WirePage<T extends KubeObject> extends ListPage<T> {
  readonly next: string | undefined;
}

/** A page of a list. Items of built-in kinds come without apiVersion and kind: they are put back. */
export function pageIn<T extends KubeObject>(call: Call, answer: Answer, type: ResourceType<T>): WirePage<T> {
  const list = parse(call, acceptedText(call, answer));
  if (!isList<T>(list)) throw malformed(call);
  const named = { apiVersion: apiVersionOf(type), kind: type.kind };
  const items = (list.items ?? []).map((item) => (item.kind === undefined ? { ...named, ...item } : item));
  const { resourceVersion, continue: next } = list.metadata;
  return { items, resourceVersion, next: next === "" ? undefined : next };
}

interface WireList<T extends KubeObject> {
  /** null where Go has a nil slice. */
  readonly items: readonly Stored<T>[] | null;
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string };
}

function isStored<T extends KubeObject>(value: unknown): value is Stored<T> {
  const metadata = metadataOf(value);
  return typeof metadata?.["name"] === "string" && typeof metadata["uid"] === "string";
}

function isList<T extends KubeObject>(value: unknown): value is WireList<T> {
  if (typeof value !== "object" || value === null || !("items" in value)) return false;
  return (
    typeof metadataOf(value)?.["resourceVersion"] === "string" && (value.items === null || Array.isArray(value.items))
  );
}

function metadataOf(value: unknown): Readonly<Record<string, unknown>> | undefined {
  if (typeof value !== "object" || value === null || !("metadata" in value)) return undefined;
  const { metadata } = value;
  return typeof metadata === "object" && metadata !== null ? (metadata as Record<string, unknown>) : undefined;
}

function parse(call: Call, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's own message would quote the object.
    throw malformed(call);
  }
}

function malformed(call: Call): TransportError {
  return new TransportError("malformed", call, "the answer is not what Kubernetes sends; is this its API server?");
}
