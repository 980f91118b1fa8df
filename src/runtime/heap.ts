/** A min-heap of keys, each at most once, ordered by a number. Every operation costs O(log n); size and peek O(1). */
export interface KeyedHeap<K> {
  readonly size: number;
  /** The key with the smallest order, left in place. */
  peek(): { readonly key: K; readonly order: number } | undefined;
  pop(): K | undefined;
  orderOf(key: K): number | undefined;
  /** Inserts the key, or moves it to a new order. */
  set(key: K, order: number): void;
  delete(key: K): boolean;
  clear(): void;
}

interface Slot<K> {
  readonly key: K;
  order: number;
  index: number;
}

/** An empty heap. Keys of equal order leave in no particular sequence. */
export function createKeyedHeap<K>(): KeyedHeap<K> {
  const slots: Slot<K>[] = [];
  const byKey = new Map<K, Slot<K>>();

  function place(slot: Slot<K>, index: number): void {
    slots[index] = slot;
    slot.index = index;
  }

  function rise(slot: Slot<K>): void {
    while (slot.index > 0) {
      const above = (slot.index - 1) >> 1;
      const parent = slots[above];
      if (parent === undefined || parent.order <= slot.order) return;
      place(parent, slot.index);
      place(slot, above);
    }
  }

  function sink(slot: Slot<K>): void {
    for (;;) {
      const left = slots[2 * slot.index + 1];
      const right = slots[2 * slot.index + 2];
      const child = right !== undefined && left !== undefined && right.order < left.order ? right : left;
      if (child === undefined || child.order >= slot.order) return;
      const below = child.index;
      place(child, slot.index);
      place(slot, below);
    }
  }

  function remove(slot: Slot<K>): void {
    byKey.delete(slot.key);
    const last = slots.pop();
    if (last === undefined || last === slot) return;
    place(last, slot.index);
    rise(last);
    sink(last);
  }

  return {
    get size() {
      return slots.length;
    },
    peek: () => slots[0],
    pop() {
      const first = slots[0];
      if (first === undefined) return undefined;
      remove(first);
      return first.key;
    },
    orderOf: (key) => byKey.get(key)?.order,
    set(key, order) {
      const known = byKey.get(key);
      if (known !== undefined) {
        known.order = order;
        rise(known);
        sink(known);
        return;
      }
      const slot: Slot<K> = { key, order, index: slots.length };
      slots.push(slot);
      byKey.set(key, slot);
      rise(slot);
    },
    delete(key) {
      const slot = byKey.get(key);
      if (slot === undefined) return false;
      remove(slot);
      return true;
    },
    clear() {
      slots.length = 0;
      byKey.clear();
    },
  };
}
