import { setTimeout as sleep } from "node:timers/promises";
import type { KubeClient } from "../../src/kube/client.ts";
import { runReflector } from "../../src/kube/reflector.ts";
import type { KubeObject, ResourceType, Stored } from "../../src/kube/types.ts";

/** Notes when each object of a namespace first was as expected. */
export interface Witness<Mark extends string> {
  /** By name of the object: milliseconds since the epoch. */
  seen(mark: Mark): ReadonlyMap<string, number>;
  /** When the last of all came there, in milliseconds since the epoch. */
  last(mark: Mark): number;
  /** Resolves when that many objects came there. Rejects when none came anywhere for three minutes. */
  until(mark: Mark, count: number): Promise<void>;
  stop(): Promise<void>;
}

const PATIENCE_MS = 180_000;

/** Watches from now on; every object is held against the marks as it comes and changes. */
export async function watchFor<T extends KubeObject, Mark extends string>(
  client: KubeClient,
  type: ResourceType<T>,
  namespace: string,
  marks: Readonly<Record<Mark, (object: Stored<T>) => boolean>>,
): Promise<Witness<Mark>> {
  const all = Object.keys(marks) as Mark[];
  const times = new Map(all.map((mark) => [mark, new Map<string, number>()]));
  const seen = (mark: Mark): Map<string, number> => times.get(mark) ?? new Map<string, number>();
  const end = new AbortController();
  const synced = Promise.withResolvers<void>();
  let wake = Promise.withResolvers<void>();
  const look = (object: Stored<T>): void => {
    const { name } = object.metadata;
    for (const mark of all) if (!seen(mark).has(name) && marks[mark](object)) seen(mark).set(name, Date.now());
    wake.resolve();
    wake = Promise.withResolvers();
  };
  const running = runReflector({
    client,
    type,
    namespace,
    signal: end.signal,
    sink: {
      replace(objects) {
        objects.forEach(look);
        synced.resolve();
      },
      apply: ({ type, object }) => (type === "DELETED" ? undefined : look(object)),
      bookmark: () => undefined,
    },
  });
  await synced.promise;
  return {
    seen,
    last: (mark) => Math.max(...seen(mark).values()),
    async until(mark, count) {
      while (seen(mark).size < count) {
        const patience = new AbortController();
        const tooLong = sleep(PATIENCE_MS, undefined, { signal: patience.signal }).then(() => {
          throw new Error(`of ${count} ${type.plural} only ${seen(mark).size} were ${mark}, and no more came`);
        });
        tooLong.catch(() => undefined);
        await Promise.race([wake.promise, tooLong]);
        patience.abort();
      }
    },
    async stop() {
      end.abort();
      await running;
    },
  };
}

/** The mark of every object: that it is there. */
export const created = (): boolean => true;

/** The mark of an object whose condition of that type is True. */
export function hasCondition(
  type: string,
): (object: {
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}) => boolean {
  return ({ status }) => status?.conditions?.some((each) => each.type === type && each.status === "True") === true;
}
