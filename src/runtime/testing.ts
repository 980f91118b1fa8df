import type { ReflectorSink } from "../kube/reflector-contract.ts";
import type { KubeObject, ObjectMeta, ResourceType, Stored } from "../kube/types.ts";
import { createInformer, type RunnableInformer } from "./informer.ts";
import { createLogger, type Logger } from "./logging.ts";
import type { Indexes } from "./store.ts";

/** A logger for tests, and its lines as parsed JSON. */
export function recordingLogger(): { readonly logger: Logger; readonly lines: Record<string, unknown>[] } {
  const lines: Record<string, unknown>[] = [];
  const destination = { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) };
  return { logger: createLogger({ level: "debug", format: "json", destination }), lines };
}

/** An object as a server would return it; uid "<name>-uid", namespace "ns" and resourceVersion "1" unless given. */
export function stored(metadata: ObjectMeta): Stored {
  return {
    metadata: {
      namespace: "ns",
      uid: `${metadata.name}-uid`,
      resourceVersion: "1",
      creationTimestamp: "2026-01-01T00:00:00Z",
      ...metadata,
    },
  };
}

export const WIDGET: ResourceType = {
  group: "test.darkfactory.dev",
  version: "v1",
  kind: "Widget",
  plural: "widgets",
  namespaced: true,
};

/** An informer whose events a test feeds in by hand through the sink, as the reflector does. */
export function fedInformer(options: { readonly logger?: Logger; readonly indexes?: Indexes<KubeObject> } = {}): {
  readonly informer: RunnableInformer;
  readonly sink: ReflectorSink<KubeObject>;
} {
  let sink: ReflectorSink<KubeObject> | undefined;
  const informer = createInformer({
    type: WIDGET,
    client: { list: neverCalled, watch: neverCalled },
    logger: options.logger ?? recordingLogger().logger,
    indexes: options.indexes ?? {},
    reflect: (given) => {
      sink = given.sink;
      return Promise.resolve();
    },
  });
  void informer.run(new AbortController().signal);
  if (sink === undefined) throw new Error("the informer did not start its reflector");
  return { informer, sink };
}

/** In place of a client's method, where a test has no API server. */
export function neverCalled(): never {
  throw new Error("there is no API server here");
}
