import * as fc from "fast-check";
import type { StructuralSchema } from "../../src/api/structural.ts";
import type { Json } from "./from-schema.ts";

/** A place in a manifest: names of fields and indexes of lists. */
export type Path = readonly (string | number)[];

/** A value that does not fit the schema of its place, by one rule of it. */
export function unfitting(schema: StructuralSchema): fc.Arbitrary<Json> {
  const wrong: Json[] = [null];
  const { minimum, maximum, minLength, maxLength, maxItems } = schema;
  if (schema.type !== "string") wrong.push("text", "");
  if (schema.type !== "integer" && schema["x-kubernetes-int-or-string"] !== true) wrong.push(7, -1, 1.5);
  if (schema.type !== "boolean") wrong.push(true);
  if (schema.type !== "array") wrong.push([], [[]]);
  if (schema.type !== "object") wrong.push({}, { a: {} });
  if (minimum !== undefined) wrong.push(minimum - 1);
  if (maximum !== undefined) wrong.push(maximum + 1, 1e300);
  if (minLength !== undefined && minLength > 0) wrong.push("");
  if (maxLength !== undefined) wrong.push("x".repeat(maxLength + 1));
  if (schema.pattern !== undefined) wrong.push("\n", " ", "*");
  if (schema.enum !== undefined) wrong.push("NoSuchWord");
  if (maxItems !== undefined) wrong.push(Array.from({ length: maxItems + 1 }, (_, n) => ({ name: `n${n}` })));
  return fc.constantFrom(...wrong);
}

/** Every place that a schema knows, with its own schema; of lists the first item. */
export function placesOf(
  schema: StructuralSchema,
  path: Path = [],
): readonly { path: Path; schema: StructuralSchema }[] {
  const below = [
    ...Object.entries(schema.properties ?? {}).flatMap(([name, field]) => placesOf(field, [...path, name])),
    ...(schema.items === undefined ? [] : placesOf(schema.items, [...path, 0])),
  ];
  return path.length === 0 ? below : [{ path, schema }, ...below];
}

/** The value with another one at a place; what is missing on the way there is made. */
export function withValue(value: Json | undefined, [head, ...rest]: Path, put: Json): Json {
  if (head === undefined) return put;
  if (typeof head === "number") {
    const items = Array.isArray(value) ? [...(value as readonly Json[])] : [];
    items[head] = withValue(items[head], rest, put);
    return items;
  }
  const fields = typeof value === "object" && value !== null && !Array.isArray(value) ? value : {};
  // Not by assignment: a field may be called __proto__.
  return Object.fromEntries([
    ...Object.entries(fields).filter(([name]) => name !== head),
    [head, withValue((fields as Record<string, Json>)[head], rest, put)],
  ]);
}

/** An object whose own key is one that JavaScript knows otherwise. */
const own = (key: string, value: Json): Json => JSON.parse(`{${JSON.stringify(key)}:${JSON.stringify(value)}}`) as Json;

const deep = (levels: number): Json => JSON.parse(`${'{"a":'.repeat(levels)}1${"}".repeat(levels)}`) as Json;
const nested = (levels: number): Json => JSON.parse(`${"[".repeat(levels)}${"]".repeat(levels)}`) as Json;

const poison: readonly Json[] = [
  own("__proto__", { polluted: "yes" }),
  own("constructor", { prototype: { polluted: "yes" } }),
  own("hasOwnProperty", "no"),
  own("toString", "no"),
  own("", ""),
];

/** What hostile hands put into a manifest, and where: places that take nearly anything. */
export const hostile: fc.Arbitrary<{ readonly path: Path; readonly put: Json }> = fc.oneof(
  fc.record({
    path: fc.constantFrom<Path>(
      ["podTemplate", "spec"],
      ["podTemplate", "metadata", "labels"],
      ["podTemplate", "metadata", "annotations"],
      ["podTemplate"],
      ["resources", "limits"],
      ["nightwatch"],
      [],
    ),
    put: fc.constantFrom(...poison),
  }),
  fc.record({
    path: fc.constantFrom<Path>(
      ["podTemplate", "spec"],
      ["podTemplate", "spec", "containers"],
      ["podTemplate", "spec", "volumes"],
    ),
    put: fc.constantFrom<Json>(
      deep(20),
      deep(500),
      nested(50),
      [],
      {},
      null,
      "text",
      0,
      [null],
      [{}],
      [{ name: "agent" }],
      [{ name: "agent", image: "" }],
      [{ name: "agent", env: [{ name: "" }] }],
      [{ name: "__proto__", image: "x" }],
      [{ name: "agent", $patch: "delete" }],
      { $patch: "replace" },
      Array.from({ length: 300 }, (_, n) => ({ name: `c-${n}`, image: "x" })),
    ),
  }),
  fc.record({
    path: fc.constantFrom<Path>(
      ["task"],
      ["command"],
      ["args"],
      ["env"],
      ["envFrom"],
      ["capabilities"],
      ["imagePullSecrets"],
    ),
    put: fc.constantFrom<Json>(
      "",
      "\u0000",
      "\u202e".repeat(100),
      "\u{1f600}".repeat(5000),
      "x".repeat(900_000),
      [],
      [""],
      ["\u0000"],
      [{ name: "__proto__", value: "x" }],
      [
        { name: "A", value: "1" },
        { name: "A", value: "2" },
      ],
      [{ name: "DARKFACTORY_TASK", value: "mine" }],
      [{ name: "X", value: "$(Y)$(X)$$(Z)$(" }],
      [{ name: "\u{1f600}" }],
      [{ secretRef: { name: "no-such-secret" } }],
    ),
  }),
);
