import { createStorms } from "../src/controllers/agent/storms.ts";
import { intervalOf } from "../src/controllers/agent/watched.ts";
import type { KubeClient } from "../src/kube/client.ts";
import { KubeError } from "../src/kube/errors.ts";
import type { KubeObject, ObjectRef, ResourceType, Stored } from "../src/kube/types.ts";
import type { Clock } from "../src/runtime/contract.ts";
import { createHealthSampler } from "../src/telemetry/health-sampler.ts";
import { createReadLog } from "../src/telemetry/read-log.ts";
import { createTicks } from "../src/telemetry/ticks.ts";
import { noonPlus } from "./builders.ts";
import { toldCaches, type ToldCaches } from "./told-caches.ts";

/**
 * An API server that does at once what it is asked, and caches that see it at once: for what depends on hours or on a clock
 * that jumps, which a real one does not produce on demand. It checks nothing, and no other controller works on it.
 */
export interface ObedientServer extends Pick<ToldCaches, "caches"> {
  readonly client: KubeClient;
  /** What a person does: the object is there from now on. */
  readonly put: ToldCaches["put"];
  /** Each try of a write, dry runs included: "create agentruns/sync-1", "status agents/sync". */
  readonly tries: readonly string[];
  /** What admission says to creates and applies from now on; undefined: nothing. */
  refuse(code: 403 | 422 | undefined): void;
}

type Kind = Parameters<ToldCaches["put"]>[0];

export function obedientServer(): ObedientServer {
  const { caches, put: tell } = toldCaches();
  const objects = new Map<string, Stored>();
  const tries: string[] = [];
  let version = 1000;
  let refusing: 403 | 422 | undefined;

  const keyOf = ({ plural }: ResourceType, { namespace = "", name }: ObjectRef) => `${plural}/${namespace}/${name}`;
  function put(kind: string, key: string, object: Stored): Stored {
    version += 1;
    const stored = { ...object, metadata: { ...object.metadata, resourceVersion: String(version) } };
    objects.set(key, stored);
    tell(kind as Kind, stored as never);
    return stored;
  }
  function attempt(verb: string, { plural }: ResourceType, { name }: ObjectRef): void {
    tries.push(`${verb} ${plural}/${name}`);
  }
  function find(type: ResourceType, ref: ObjectRef): Stored {
    const found = objects.get(keyOf(type, ref));
    if (found === undefined) throw answer(404, "NotFound");
    return found;
  }
  function admit(type: ResourceType, object: KubeObject): Stored {
    if (refusing !== undefined) throw answer(refusing, refusing === 403 ? "Forbidden" : "Invalid");
    const key = keyOf(type, object.metadata);
    const before = objects.get(key);
    const { name } = object.metadata;
    const fresh = { uid: `uid-${name}`, resourceVersion: "", creationTimestamp: noonPlus(0), generation: 1 };
    return put(type.plural, key, {
      ...before,
      ...object,
      metadata: { ...fresh, ...before?.metadata, ...object.metadata },
    });
  }

  const calls = {
    get: async (type: ResourceType, ref: ObjectRef) => await Promise.resolve(find(type, ref)),
    async create(type: ResourceType, object: KubeObject) {
      attempt("create", type, object.metadata);
      if (objects.has(keyOf(type, object.metadata))) throw answer(409, "AlreadyExists");
      return await Promise.resolve(admit(type, object));
    },
    async apply(type: ResourceType, object: KubeObject) {
      attempt("apply", type, object.metadata);
      return await Promise.resolve(admit(type, object));
    },
    async applyStatus(type: ResourceType, object: KubeObject & { readonly status?: unknown }) {
      attempt("status", type, object.metadata);
      const before = find(type, object.metadata);
      return await Promise.resolve(
        put(type.plural, keyOf(type, object.metadata), { ...before, status: object.status } as Stored),
      );
    },
    async mergePatch(type: ResourceType, ref: ObjectRef) {
      attempt("patch", type, ref);
      return await Promise.resolve(find(type, ref));
    },
  };
  return {
    caches,
    client: calls as unknown as KubeClient,
    put: (kind, object) => void put(kind, `${kind}/${object.metadata.namespace ?? ""}/${object.metadata.name}`, object),
    tries,
    refuse: (code) => {
      refusing = code;
    },
  };
}

/** What controllers watch agents with; no log can be read. */
export function watchParts({ caches, client }: Pick<ObedientServer, "caches" | "client">, clock: Clock) {
  const health = createHealthSampler({ pods: caches.pods, agentOf: () => undefined, clock });
  return {
    telemetry: { readLog: createReadLog(client), ticks: createTicks(), health },
    storms: createStorms(caches.agents, clock, intervalOf(caches)),
  };
}

function answer(code: number, reason: string): KubeError {
  const message = `the server says ${reason}`;
  return new KubeError({
    code,
    reason,
    message,
    details: undefined,
    retryAfterSeconds: undefined,
    method: "",
    path: "/",
  });
}
