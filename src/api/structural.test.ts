import * as z from "zod";
import { describe, expect, it } from "vitest";
import { byOperator, int32, int64, listMap, opaque, quantity, text, time } from "./v1alpha1/fields.ts";
import { withRules } from "./v1alpha1/rules.ts";
import { withoutDefaults } from "./v1alpha1/without-defaults.ts";
import { toStructural } from "./structural.ts";

const field = (schema: z.ZodType) => toStructural(z.object({ field: schema })).properties?.["field"];

describe("a structural schema", () => {
  it.each([
    ["text has its bounds", text(5), { type: "string", minLength: 1, maxLength: 5 }],
    [
      "a whole number has its format and bounds",
      int32(1, 9),
      { type: "integer", format: "int32", minimum: 1, maximum: 9 },
    ],
    [
      "an unbounded number does not show how JavaScript counts",
      int64(),
      { type: "integer", format: "int64", minimum: 0 },
    ],
    ["a choice is an enum", z.enum(["A", "B"]), { type: "string", enum: ["A", "B"] }],
    ["a time keeps its format and not zod's pattern", time(), { type: "string", format: "date-time", maxLength: 64 }],
    [
      "a list of named things is a map by name",
      listMap(z.object({ name: text(3) }), "name", 2),
      {
        type: "array",
        maxItems: 2,
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["name"],
        items: {
          type: "object",
          required: ["name"],
          properties: { name: { type: "string", minLength: 1, maxLength: 3 } },
        },
      },
    ],
    [
      "a record is a map",
      z.record(z.string(), text(3)).meta({ maxProperties: 2 }),
      { type: "object", maxProperties: 2, additionalProperties: { type: "string", minLength: 1, maxLength: 3 } },
    ],
    [
      "an opaque object keeps what it holds",
      opaque(),
      { type: "object", "x-kubernetes-preserve-unknown-fields": true },
    ],
    ["a strict object is as any other, for the server prunes", z.strictObject({}), { type: "object", properties: {} }],
  ])("%s", (_, schema, expected) => {
    expect(field(schema)).toEqual(expected);
  });

  it("a quantity has the one form that the API server takes for a whole number or text", () => {
    expect(field(quantity())).toMatchObject({
      "x-kubernetes-int-or-string": true,
      anyOf: [{ type: "integer" }, { type: "string" }],
    });
    expect(field(quantity())).not.toHaveProperty("type");
  });

  it("a default stands in the schema and in the description, which kubectl explain shows", () => {
    expect(field(int32(1).default(60).describe("Seconds."))).toMatchObject({
      default: 60,
      description: "Seconds. Default: 60.",
    });
  });

  it("a default that the operator fills in stands only in the description", () => {
    const schema = field(byOperator(int32(1).default(60).describe("Seconds.")));
    expect(schema).toMatchObject({ description: "Seconds. Default: 60." });
    expect(schema).not.toHaveProperty("default");
  });

  it("rules stand beside the field, without their predicates", () => {
    const holds = () => true;
    const schema = withRules(text(5), [
      { rule: "self != 'x'", message: "not x", fieldPath: ".y", reason: "FieldValueForbidden", holds },
    ]);
    expect(field(schema.optional().describe("Described after."))?.["x-kubernetes-validations"]).toEqual([
      { rule: "self != 'x'", message: "not x", fieldPath: ".y", reason: "FieldValueForbidden" },
    ]);
  });
});

describe("what a CRD would lose or refuse stops the generator", () => {
  it.each([
    ["a refinement, which JSON schema drops", z.string().refine((value) => value !== "x"), "use withRules"],
    ["a pattern's flags, which JSON schema drops", z.string().regex(/a/i), "has flags"],
    ["anything at all", z.unknown(), "has no type"],
    ["a tagged union", z.union([z.object({ a: z.string() }), z.object({ b: z.string() })]), "has no type"],
    ["a date", z.date(), "Date cannot be represented"],
    ["a key that is no schema", z.string().meta({ examples: ["x"] }), "a CRD cannot say examples"],
  ])("%s", (_, schema, message) => {
    expect(() => field(schema)).toThrow(message);
  });
});

describe("a schema without defaults", () => {
  const inner = withRules(z.object({ n: int32(1).default(3).describe("N.") }), [
    { rule: "self.n > 0", message: "n is positive", holds: ({ n }) => n > 0 },
  ]);
  const schema = z.object({
    list: z.array(inner).max(2).optional(),
    one: byOperator(inner.prefault({}).describe("One.")),
  });

  it("fills in nothing, at any depth", () => {
    expect(withoutDefaults(schema, "silent").parse({ list: [{}] })).toEqual({ list: [{}] });
    expect(schema.parse({ list: [{}] })).toEqual({ list: [{ n: 3 }], one: { n: 3 } });
    expect(JSON.stringify(toStructural(withoutDefaults(schema, "noted")))).not.toContain('"default"');
  });

  it("keeps descriptions, bounds and rules, and the note of a default where asked for", () => {
    const noted = toStructural(withoutDefaults(schema, "noted"));
    expect(noted.properties?.["one"]).toMatchObject({
      description: "One.",
      properties: { n: { description: "N. Default: 3.", minimum: 1 } },
      "x-kubernetes-validations": [{ message: "n is positive" }],
    });
    const silent = toStructural(withoutDefaults(schema, "silent"));
    expect(silent.properties?.["one"]?.properties?.["n"]?.description).toBe("N.");
  });
});
