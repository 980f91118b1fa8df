import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { merge, mergeOverlays } from "./merge.ts";

describe("merging an overlay over a base (F3)", () => {
  it.each([
    ["scalars are replaced", { a: 1, b: 2 }, { b: 3 }, { a: 1, b: 3 }],
    [
      "maps merge by key",
      { limits: { cpu: "1" } },
      { limits: { memory: "1Gi" } },
      { limits: { cpu: "1", memory: "1Gi" } },
    ],
    [
      "lists merge by name where they have one",
      {
        env: [
          { name: "A", value: "1" },
          { name: "B", value: "2" },
        ],
      },
      {
        env: [
          { name: "B", value: "3" },
          { name: "C", value: "4" },
        ],
      },
      {
        env: [
          { name: "A", value: "1" },
          { name: "B", value: "3" },
          { name: "C", value: "4" },
        ],
      },
    ],
    [
      "volume mounts merge by path",
      { volumeMounts: [{ name: "w", mountPath: "/w" }] },
      {
        volumeMounts: [
          { name: "x", mountPath: "/w" },
          { name: "y", mountPath: "/y" },
        ],
      },
      {
        volumeMounts: [
          { name: "x", mountPath: "/w" },
          { name: "y", mountPath: "/y" },
        ],
      },
    ],
    ["lists of plain values are replaced", { args: ["a", "b"] }, { args: ["c"] }, { args: ["c"] }],
    ["an empty list replaces", { env: [{ name: "A" }] }, { env: [] }, { env: [] }],
    ["null removes a field", { a: 1, b: { c: 1, d: 2 } }, { b: { c: null } }, { a: 1, b: { d: 2 } }],
    ["null inside a new object never reaches the result", {}, { b: { c: null, d: 1 } }, { b: { d: 1 } }],
    ["a map replaces a scalar", { a: 1 }, { a: { b: 2 } }, { a: { b: 2 } }],
  ])("%s", (_, base, overlay, expected) => {
    expect(merge(base, overlay)).toEqual(expected);
  });

  it.each([
    ["meets nothing", {}],
    ["replaces a list without names", { list: [1] }],
  ])("removes nulls from the items of a list that %s", (_, base) => {
    expect(merge(base, { list: [{ name: "a", b: null }] })).toEqual({ list: [{ name: "a" }] });
  });

  it("treats __proto__ as data and leaves every prototype alone", () => {
    const merged = merge({}, JSON.parse('{"__proto__": {"polluted": true}, "a": 1}'));
    expect(Object.getPrototypeOf(merged)).toBe(Object.prototype);
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
    expect(Object.hasOwn(merged as object, "__proto__")).toBe(true);
  });

  const plain = fc.letrec((tie) => ({
    value: fc.oneof({ depthSize: "small" }, fc.string(), fc.integer(), fc.boolean(), tie("map"), tie("list")),
    map: fc.dictionary(fc.string({ maxLength: 4 }), tie("value"), { maxKeys: 4 }),
    list: fc
      .array(fc.record({ name: fc.constantFrom("a", "b", "c"), v: fc.integer() }), { maxLength: 3 })
      .map((items) => [...new Map(items.map((item) => [item.name, item])).values()]),
  })).map;

  it("is idempotent, and an empty overlay changes nothing", () => {
    fc.assert(
      fc.property(plain, plain, (base, overlay) => {
        expect(merge(base, {})).toEqual(base);
        const once = merge(base, overlay);
        expect(merge(once, overlay)).toEqual(once);
      }),
    );
  });

  it("changes neither side", () => {
    fc.assert(
      fc.property(plain, plain, (base, overlay) => {
        const before = [structuredClone(base), structuredClone(overlay)];
        merge(base, overlay);
        expect([base, overlay]).toEqual(before);
      }),
    );
  });
});

describe("making one overlay of two", () => {
  const scalar = fc.option(fc.integer({ max: 3 }), { nil: null });
  const fields = { a: scalar, b: scalar };
  const overlay = fc.record(
    {
      ...fields,
      map: fc.record(fields, { requiredKeys: [] }),
      list: fc.uniqueArray(fc.record({ name: fc.constantFrom("x", "y"), ...fields }, { requiredKeys: ["name"] }), {
        selector: ({ name }) => name,
        minLength: 1,
      }),
    },
    { requiredKeys: [] },
  );

  it("comes to the same as merging one after the other", () => {
    fc.assert(
      fc.property(overlay, overlay, overlay, (base, first, second) => {
        expect(merge(base, mergeOverlays(first, second))).toEqual(merge(merge(base, first), second));
      }),
    );
  });

  it.each([
    ["keeps a null of the first", { a: null }, {}, { a: null }],
    ["keeps a null of the second", { a: 1 }, { a: null }, { a: null }],
    ["keeps a null where the first says nothing", {}, { a: { b: null } }, { a: { b: null } }],
    ["takes the only one there is", undefined, { a: null }, { a: null }],
    ["is none of none", undefined, undefined, undefined],
  ])("%s", (_, first, second, both) => {
    expect(mergeOverlays(first, second)).toEqual(both);
  });
});
