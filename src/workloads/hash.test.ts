import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hashOf } from "./hash.ts";

/** JSON as it stands in a spec; keys that JavaScript sorts or treats in its own way are among them. */
const json = fc.letrec<{ value: unknown; map: Record<string, unknown> }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    fc.string({ maxLength: 3 }),
    fc.integer(),
    fc.boolean(),
    fc.array(tie("value"), { maxLength: 3 }),
    tie("map"),
  ),
  map: fc.dictionary(fc.constantFrom("a", "b", "c", "1", "10", "__proto__", "podTemplate"), tie("value"), {
    maxKeys: 4,
    noNullPrototype: true,
  }),
})).map;

/** The same value with every map's keys in the opposite order. */
function backwards(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(backwards);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, field]) => [key, backwards(field)]),
  );
}

/** The same value with more fields in every map that say nothing, but not within an overlay. */
function padded(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(padded);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([key, field]) => [key, key === "podTemplate" ? field : padded(field)]);
  return Object.fromEntries([...entries, ["x", []], ["y", {}], ["z", null], ["w", undefined], ["v", { u: [] }]]);
}

describe("the hash of a spec", () => {
  it("is 16 hex digits", () => {
    expect(hashOf({})).toMatch(/^[0-9a-f]{16}$/);
    expect(hashOf(undefined)).toMatch(/^[0-9a-f]{16}$/);
  });

  it("does not depend on the order of keys", () => {
    fc.assert(fc.property(json, (value) => hashOf(backwards(value)) === hashOf(value)));
  });

  it("does not depend on whether nothing is said by an empty list, an empty map, a null or not at all", () => {
    fc.assert(fc.property(json, (value) => hashOf(padded(value)) === hashOf(value)));
  });

  it.each([
    ["a value", { a: 1 }, { a: 2 }],
    ["a key", { a: 1 }, { b: 1 }],
    ["the type of a value", { a: "1" }, { a: 1 }],
    ["the order of a list", { a: [1, 2] }, { a: [2, 1] }],
    ["where a value stands", { a: { b: 1 } }, { a: {}, b: 1 }],
    ["an empty text", { a: "" }, {}],
    ["what is false", { a: false }, {}],
    ["a key that JavaScript treats in its own way", JSON.parse('{"__proto__": 1}'), {}],
    [
      "a null in an overlay, which removes a field",
      { podTemplate: { spec: { a: null } } },
      { podTemplate: { spec: {} } },
    ],
    ["an empty list in an overlay, which replaces one", { podTemplate: { a: [] } }, { podTemplate: {} }],
  ])("depends on %s", (_, one, other) => {
    expect(hashOf(one)).not.toBe(hashOf(other));
  });
});
