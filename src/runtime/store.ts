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

export function createStore<T extends KubeObject>(indexes: Indexes<T>): Store<T> {
  const objects = new Map<Key, Stored<T>>();
  const found = new Map(Object.keys(indexes).map((index) => [index, new Map<string, Map<Key, Stored<T>>>()]));
  let listed: readonly Stored<T>[] | undefined;

  function remove(key: Key): void {
    const object = objects.get(key);
    if (object === undefined) return;
    objects.delete(key);
    for (const [index, byValue] of found) {
      for (const value of valuesOf(index, object)) {
        const bucket = byValue.get(value);
        bucket?.delete(key);
        if (bucket?.size === 0) byValue.delete(value);
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
      return [...(byValue.get(value)?.values() ?? [])];
    },
    set(object) {
      const key = keyOf(object.metadata);
      remove(key);
      listed = undefined;
      objects.set(key, object);
      for (const [index, byValue] of found) {
        for (const value of valuesOf(index, object)) {
          const bucket = byValue.get(value);
          if (bucket === undefined) byValue.set(value, new Map([[key, object]]));
          else bucket.set(key, object);
        }
      }
    },
    delete(ref) {
      remove(keyOf(ref));
      listed = undefined;
    },
  };
}
