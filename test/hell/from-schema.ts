import * as fc from "fast-check";
import type { StructuralSchema } from "../../src/api/structural.ts";

/** Any JSON value. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** Texts of which no pattern tells what is right about them: by the field's name. */
const known: Readonly<Record<string, readonly string[]>> = {
  schedule: ["0 3 * * *", "@yearly", "*/5 0-6,12 1,15 jan-DEC sun", "0\t3  * * 7", "0 0 31 2 *", "0 0 30 2 1"],
  timeZone: ["Europe/London", "Etc/UTC", "America/Argentina/Buenos_Aires", "EST5EDT"],
  start: ["00:00", "22:00"],
  end: ["06:00", "23:59"],
  url: ["https://git.example.test/a/b.git", "git@git.example.test:a/b.git", "ssh://git.example.test/a"],
  serviceAccountName: ["default"],
  storageClassName: ["standard"],
};

/** Characters that programs trip over, each a whole one. */
const odd = [
  "a",
  "0",
  "-",
  " ",
  "é",
  "日",
  "\u{1f600}",
  "\u202e",
  "\u0000",
  "\ufeff",
  "\n",
  "'",
  '"',
  "`",
  "$(X)",
  "{{.}}",
  "%s",
];
const character = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom("a", "b", "x", "Z", "0", "9") },
  fc.constantFrom(...odd),
);

/** Longest text, and most items, of values that are not at their limit. */
const SHORT = 24;
const FEW = 3;
/** Longest text that is generated at all: an object is bounded by what the API server takes. */
const LONG = 40_000;

/** Values that fit a structural schema, its CEL rules aside; bounds are met as often as what lies between. */
export function fitting(schema: StructuralSchema, name = ""): fc.Arbitrary<Json> {
  if (schema.enum !== undefined) return fc.constantFrom(...(schema.enum as readonly Json[]));
  if (schema["x-kubernetes-int-or-string"] === true) return fc.constantFrom<Json>(0, 1, "500m", "2Gi", "1e3", ".5");
  if (schema["x-kubernetes-preserve-unknown-fields"] === true) return fc.constantFrom<Json>({}, { hostNetwork: false });
  const { type = "object" } = schema;
  switch (type) {
    case "boolean":
      return fc.boolean();
    case "integer":
      return integers(schema);
    case "string":
      return texts(schema, name);
    case "array":
      return lists(schema);
    case "object":
      return objects(schema);
  }
}

function integers({ minimum = 0, maximum = 2_147_483_647 }: StructuralSchema): fc.Arbitrary<Json> {
  return fc.oneof(fc.constantFrom(minimum, maximum), fc.integer({ min: minimum, max: maximum }));
}

function texts(schema: StructuralSchema, name: string): fc.Arbitrary<Json> {
  const { minLength = 0, maxLength = SHORT, pattern, format } = schema;
  const choices = known[name];
  if (choices !== undefined) return fc.constantFrom(...choices);
  if (format === "date-time") return fc.constantFrom("2026-03-01T12:00:00Z", "2026-03-01T12:00:00.5+02:00");
  if (pattern !== undefined) {
    return fc
      .stringMatching(new RegExp(pattern))
      .filter((text) => text.length >= minLength && text.length <= maxLength);
  }
  if (name === "name" || name.endsWith("Name")) return fc.stringMatching(/^[a-z][a-z0-9]{0,20}$/);
  const most = Math.min(maxLength, LONG);
  return fc.oneof(
    {
      weight: 6,
      arbitrary: fc.string({ unit: character, minLength, maxLength: Math.max(minLength, Math.min(most, SHORT)) }),
    },
    { weight: 1, arbitrary: fc.constantFrom("x".repeat(most), "é".repeat(most), "x".repeat(Math.max(minLength, 1))) },
  );
}

function lists(schema: StructuralSchema): fc.Arbitrary<Json> {
  const { items = {}, maxItems = FEW } = schema;
  const [key] = schema["x-kubernetes-list-map-keys"] ?? [];
  const item = fitting(items);
  const length = { maxLength: Math.min(maxItems, FEW) };
  const isSet = schema["x-kubernetes-list-type"] === "set";
  if (key === undefined && !isSet) return fc.array(item, length);
  const selector = (each: Json): Json => (key === undefined ? each : ((each as Record<string, Json>)[key] ?? null));
  return fc.uniqueArray(item, { ...length, selector });
}

function objects(schema: StructuralSchema): fc.Arbitrary<Json> {
  const { properties, additionalProperties, required = [] } = schema;
  if (additionalProperties !== undefined) {
    const keys = fc.constantFrom("memory", "cpu", "example.test/x", "a", "sim.darkfactory.dev/note");
    return fc.dictionary(keys, fitting(additionalProperties), { maxKeys: FEW });
  }
  const fields = Object.entries(properties ?? {}).map(([name, field]) => [name, fitting(field, name)] as const);
  return fc
    .record(
      Object.fromEntries(
        fields.map(([name, arbitrary]) => [name, required.includes(name) ? arbitrary : sometimes(arbitrary)]),
      ),
    )
    .map((record) => Object.fromEntries(Object.entries(record).filter(([, value]) => value !== ABSENT)) as Json);
}

/** Stands for a field that is not there. */
const ABSENT = "\u0000absent";

const sometimes = (arbitrary: fc.Arbitrary<Json>): fc.Arbitrary<Json> =>
  fc.oneof({ weight: 3, arbitrary: fc.constant(ABSENT as Json) }, { weight: 1, arbitrary });
