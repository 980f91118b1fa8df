import type { KubeObject, ObjectRef, Stored } from "../kube/types.ts";
import type { Key } from "./contract.ts";
import { keyOf } from "./keys.ts";

/** The values under which an object is found, per index. Declared once, when the informer is made. */
export type Indexes<T extends KubeObject> = Readonly<Record<string, (object: Stored<T>) => readonly string[]>>;

/** Objects of one kind by key and by index. A change costs the object's own index entries, never the number of objects. */
export interface Store<T extends KubeObject> {
  readonly size: number;
  get(ref: ObjectRef): Stored<T> | undefined;
  /** The same array until something changes; copying costs O(n), so ask an index where one fits. */
  list(): readonly Stored<T>[];
  byIndex(index: string, value: string): readonly Stored<T>[];
  set(object: Stored<T>): void;
  delete(ref: ObjectRef): void;
}

/** What an index has under one value: often a single object, as an agent's Pod, for which a map would cost more than its key. */
type Bucket<T extends KubeObject> = Stored<T> | Map<Key, Stored<T>>;

export function createStore<T extends KubeObject>(indexes: Indexes<T>): Store<T> {
  const objects = new Map<Key, Stored<T>>();
  const found = new Map(Object.keys(indexes).map((index) => [index, new Map<string, Bucket<T>>()]));
  let listed: readonly Stored<T>[] | undefined;

  function remove(key: Key): void {
    const object = objects.get(key);
    if (object === undefined) return;
    objects.delete(key);
    for (const [index, byValue] of found) {
      for (const value of valuesOf(index, object)) {
        const bucket = byValue.get(value);
        if (bucket instanceof Map) bucket.delete(key);
        if (!(bucket instanceof Map) || bucket.size === 0) byValue.delete(value);
      }
    }
  }

  function valuesOf(index: string, object: Stored<T>): readonly string[] {
    return indexes[index]?.(object) ?? [];
  }

  return {
    get size() {
      return objects.size;
    },
    get: (ref) => objects.get(keyOf(ref)),
    list: () => (listed ??= [...objects.values()]),
    byIndex(index, value) {
      const byValue = found.get(index);
      if (byValue === undefined) throw new Error(`no index "${index}" was declared`);
      const bucket = byValue.get(value);
      if (bucket === undefined) return [];
      return bucket instanceof Map ? [...bucket.values()] : [bucket];
    },
    set(object) {
      const key = keyOf(object.metadata);
      remove(key);
      listed = undefined;
      objects.set(key, object);
      for (const [index, byValue] of found) {
        for (const value of valuesOf(index, object)) {
          const bucket = byValue.get(value);
          if (bucket === undefined) byValue.set(value, object);
          else if (bucket instanceof Map) bucket.set(key, object);
          else byValue.set(value, new Map([bucket, object].map((each) => [keyOf(each.metadata), each])));
        }
      }
    },
    delete(ref) {
      remove(keyOf(ref));
      listed = undefined;
    },
  };
}
