import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createKeyedHeap } from "./heap.ts";

describe("a keyed heap", () => {
  test("gives its keys in order, whatever was set, moved and deleted before", () => {
    const step = fc.oneof(
      fc.record({ act: fc.constant("set" as const), key: fc.nat(20), order: fc.integer({ min: 0, max: 50 }) }),
      fc.record({ act: fc.constant("delete" as const), key: fc.nat(20) }),
      fc.record({ act: fc.constant("pop" as const) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const heap = createKeyedHeap<number>();
        const model = new Map<number, number>();
        const popBoth = (): void => {
          const smallest = Math.min(...model.values());
          const key = heap.pop();
          if (key === undefined) return expect(model.size).toBe(0);
          expect(model.get(key)).toBe(smallest);
          model.delete(key);
        };
        for (const step of steps) {
          if (step.act === "set") {
            heap.set(step.key, step.order);
            model.set(step.key, step.order);
          } else if (step.act === "delete") {
            expect(heap.delete(step.key)).toBe(model.delete(step.key));
          } else popBoth();
          expect(heap.size).toBe(model.size);
          expect(heap.peek()?.order).toBe(model.size === 0 ? undefined : Math.min(...model.values()));
        }
        while (model.size > 0) popBoth();
        expect(heap.pop()).toBeUndefined();
      }),
      { numRuns: 300 },
    );
  });

  test("knows where a key stands", () => {
    const heap = createKeyedHeap<string>();
    heap.set("a", 5);
    heap.set("a", 3);
    expect(heap.orderOf("a")).toBe(3);
    heap.clear();
    expect(heap.orderOf("a")).toBeUndefined();
    expect(heap.size).toBe(0);
  });
});
