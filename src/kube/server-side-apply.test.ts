import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isCovered, isSame } from "./server-side-apply.ts";

describe("isCovered", () => {
  it.each([
    ["equal objects", { a: 1, b: { c: "x" } }, { a: 1, b: { c: "x" } }, true],
    ["fields that others added", { spec: { a: 1 } }, { spec: { a: 1, b: 2 }, status: {} }, true],
    ["a changed leaf", { spec: { a: 1 } }, { spec: { a: 2 } }, false],
    ["a missing leaf", { spec: { a: 1 } }, { spec: {} }, false],
    ["a missing branch", { spec: { a: { b: 1 } } }, {}, false],
    ["a list of other length", { items: [1] }, { items: [1, 2] }, false],
    ["a list in other order", { items: [1, 2] }, { items: [2, 1] }, false],
    ["server defaults inside list items", { list: [{ name: "a" }] }, { list: [{ name: "a", policy: "Always" }] }, true],
    ["an object where a list is desired", { list: [1] }, { list: { 0: 1 } }, false],
    ["a scalar where an object is desired", { map: {} }, { map: "text" }, false],
    ["undefined fields, which are not sent", { a: 1, b: undefined }, { a: 1 }, true],
    ["empty maps and lists, which the server may drop", { labels: {}, list: [] }, {}, true],
    ["a number where text is desired", { a: "1" }, { a: 1 }, false],
    ["false where nothing is", { suspend: false }, {}, false],
  ])("of %s is %j in %j: %s", (_what, desired, live, expected) => {
    expect(isCovered(desired, live)).toBe(expected);
  });

  it("holds for any value and itself with anything added at its top", () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.jsonValue()),
        fc.dictionary(fc.string(), fc.jsonValue()),
        (own, others) => isCovered(own, { ...others, ...own }),
      ),
    );
  });
});

describe("isSame", () => {
  it("ignores the order of keys and absent fields", () => {
    expect(isSame({ a: 1, b: [{ c: 1, d: undefined }] }, { b: [{ c: 1 }], a: 1 })).toBe(true);
  });

  it("sees a field that is only in one of them, whichever", () => {
    expect(isSame({ a: 1 }, { a: 1, b: 2 })).toBe(false);
    expect(isSame({ a: 1, b: 2 }, { a: 1 })).toBe(false);
  });

  it("is coverage both ways wherever there is no empty list or map", () => {
    const value = fc.letrec((tie) => ({
      any: fc.oneof({ maxDepth: 3 }, fc.integer(), fc.string(), fc.boolean(), tie("list"), tie("map")),
      list: fc.array(tie("any"), { minLength: 1, maxLength: 3 }),
      map: fc.dictionary(fc.constantFrom("a", "b", "c"), tie("any"), { minKeys: 1 }),
    })).any;
    fc.assert(fc.property(value, value, (a, b) => isSame(a, b) === (isCovered(a, b) && isCovered(b, a))));
  });
});
