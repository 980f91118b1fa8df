import { acceptedText, objectIn, objectOrStatusIn, streamIn } from "./answer.ts";
import type { CallOptions, DeleteOptions, KubeClient, WatchEvent, WatchOptions, WriteOptions } from "./client.ts";
import type { ClusterConfig } from "./cluster-config.ts";
import { isAlreadyExists, isNotFound, TransportError } from "./errors.ts";
import type { Bounds } from "./limit.ts";
import { listPages } from "./list-pages.ts";
import { madeByLostTry } from "./lost-create.ts";
import { readLog } from "./pod-logs.ts";
import { apiVersionOf, collectionPath, objectPath } from "./resource-path.ts";
import { createTransport, requestName } from "./transport.ts";
import type { Call, Transport, TransportOptions } from "./transport.ts";
import type { KubeObject, ObjectRef, ResourceType, Stored } from "./types.ts";
import { readWatch } from "./watch.ts";

export interface KubeClientOptions extends TransportOptions {
  /** The field manager of creates and merge patches that name none; default "darkfactory". */
  readonly fieldManager?: string;
  /** Of a call that names none, in ms; defaults 30,000, and 60,000 for one page of a list and for a log. */
  readonly deadlineMs?: number;
  readonly longDeadlineMs?: number;
}

const IDLE_MS = 120_000;
const MERGE_PATCH = "application/merge-patch+json";
const APPLY_PATCH = "application/apply-patch+yaml";

/** A client of the API server that `config` names. Nothing is connected before the first call. */
export function createKubeClient(config: ClusterConfig, options: KubeClientOptions = {}): KubeClient {
  const transport = createTransport(config, options);
  const { fieldManager = "darkfactory", deadlineMs = 30_000, longDeadlineMs = 60_000 } = options;
  const bounds = (given: CallOptions | undefined, byDefault = deadlineMs): Bounds => ({
    deadlineMs: given?.deadlineMs ?? byDefault,
    signal: given?.signal,
  });
  const writeQuery = (given: WriteOptions | undefined): Record<string, string | undefined> => ({
    fieldManager: given?.fieldManager ?? fieldManager,
    dryRun: given?.dryRun === true ? "All" : undefined,
    fieldValidation: given?.fieldValidation,
  });

  const get = async <T extends KubeObject>(
    type: ResourceType<T>,
    ref: ObjectRef,
    given?: CallOptions,
  ): Promise<Stored<T>> => {
    const call: Call = { method: "GET", path: objectPath(type, ref), retry: true, ...bounds(given) };
    return objectIn<T>(call, await transport.call(call));
  };

  const patch = async <T extends KubeObject>(
    path: string,
    body: unknown,
    contentType: string,
    given: WriteOptions | undefined,
  ): Promise<Stored<T>> => {
    const force = contentType === APPLY_PATCH ? { force: "true" } : {};
    const call: Call = {
      method: "PATCH",
      path,
      query: { ...writeQuery(given), ...force },
      body: JSON.stringify(body),
      contentType,
      retry: true,
      ...bounds(given),
    };
    return objectIn<T>(call, await transport.call(call));
  };

  return {
    get,
    list: (type, given) => listPages(transport, type, given ?? {}, bounds(given, longDeadlineMs)),
    create: async <T extends KubeObject>(type: ResourceType<T>, object: T, given?: WriteOptions) => {
      const call: Call = {
        method: "POST",
        path: collectionPath(type, object.metadata.namespace),
        query: writeQuery(given),
        body: JSON.stringify(typed(type, object)),
        retry: true,
        ...bounds(given),
      };
      const answer = await transport.call(call);
      try {
        return objectIn<T>(call, answer);
      } catch (error) {
        if (answer.lostTries === 0 || !isAlreadyExists(error)) throw error;
        const found = await get(type, object.metadata, given).catch((failure: unknown) => {
          if (isNotFound(failure)) throw error;
          throw failure;
        });
        const when = { serverDate: answer.headers.date, elapsedMs: answer.elapsedMs };
        if (madeByLostTry(object, found, when)) return found;
        throw error;
      }
    },
    apply: (type, object, given) => patch(objectPath(type, object.metadata), typed(type, object), APPLY_PATCH, given),
    applyStatus: (type, object, given) =>
      patch(objectPath(type, object.metadata, "status"), typed(type, object), APPLY_PATCH, given),
    mergePatch: (type, ref, body, given) => patch(objectPath(type, ref), body, MERGE_PATCH, given),
    delete: async <T extends KubeObject>(type: ResourceType<T>, ref: ObjectRef, given: DeleteOptions) => {
      const { uid, resourceVersion, propagationPolicy = "Background", gracePeriodSeconds } = given;
      const preconditions = { uid, resourceVersion };
      const call: Call = {
        method: "DELETE",
        path: objectPath(type, ref),
        body: JSON.stringify({
          apiVersion: "v1",
          kind: "DeleteOptions",
          preconditions,
          propagationPolicy,
          gracePeriodSeconds,
        }),
        retry: true,
        ...bounds(given),
      };
      const answer = await transport.call(call);
      return answer.code === 404 ? undefined : objectOrStatusIn<T>(call, answer);
    },
    watch: (type, given) => watchOnce(transport, type, given, deadlineMs),
    logs: (pod, given) => readLog(transport, pod, given ?? {}, bounds(given, longDeadlineMs)),
    raw: async (method, path, body, given) => {
      const [plain = "", query = ""] = path.split("?", 2);
      const call: Call = {
        method,
        path: plain,
        query: Object.fromEntries(new URLSearchParams(query)),
        retry: method === "GET",
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        ...(method === "PATCH" ? { contentType: MERGE_PATCH } : {}),
        ...bounds(given),
      };
      return jsonOrText(acceptedText(call, await transport.call(call)));
    },
    close: () => transport.close(),
  };
}

/** The object with its apiVersion and kind, which callers may leave out. */
function typed<T extends KubeObject>(type: ResourceType<T>, object: T): KubeObject {
  return { apiVersion: apiVersionOf(type), kind: type.kind, ...object };
}

function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

async function* watchOnce<T extends KubeObject>(
  transport: Transport,
  type: ResourceType<T>,
  options: WatchOptions,
  deadlineMs: number,
): AsyncGenerator<WatchEvent<T>> {
  const initial = options.sendInitialEvents === true;
  const call: Call = {
    method: "GET",
    path: collectionPath(type, options.namespace),
    query: {
      watch: "true",
      allowWatchBookmarks: "true",
      labelSelector: options.labelSelector,
      fieldSelector: options.fieldSelector,
      resourceVersion: options.resourceVersion,
      sendInitialEvents: initial ? "true" : undefined,
      resourceVersionMatch: initial ? "NotOlderThan" : undefined,
      timeoutSeconds: options.timeoutSeconds?.toString(),
    },
    deadlineMs,
    signal: options.signal,
    retry: false,
  };
  try {
    const stream = streamIn(call, await transport.open(call));
    options.onOpen?.();
    yield* readWatch<T>(stream, requestName(call), transport.clock, options.idleMs ?? IDLE_MS);
  } catch (error) {
    if (error instanceof TransportError && error.fault === "aborted") return;
    throw error;
  }
}
