import * as z from "zod";
import { rulesOf } from "./v1alpha1/rules.ts";

/** A Kubernetes structural schema: the part of OpenAPI v3 that a CRD may hold. */
export interface StructuralSchema {
  type?: "object" | "array" | "string" | "integer" | "boolean";
  description?: string;
  default?: unknown;
  enum?: readonly unknown[];
  format?: string;
  pattern?: string;
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
  maxItems?: number;
  maxProperties?: number;
  properties?: Record<string, StructuralSchema>;
  additionalProperties?: StructuralSchema;
  required?: string[];
  items?: StructuralSchema;
  anyOf?: readonly StructuralSchema[];
  "x-kubernetes-int-or-string"?: true;
  "x-kubernetes-list-type"?: "map" | "set" | "atomic";
  "x-kubernetes-list-map-keys"?: readonly string[];
  "x-kubernetes-preserve-unknown-fields"?: true;
  "x-kubernetes-validations"?: readonly Validation[];
}

/** One CEL rule as a CRD holds it. */
export interface Validation {
  readonly rule: string;
  readonly message: string;
  readonly fieldPath?: string;
  readonly reason?: string;
}

type Emitted = Record<string, unknown>;

/** Keys of a structural schema in the order in which the CRD shows them; every other key that zod emits is an error. */
const KEYS = [
  "description",
  "type",
  "format",
  "enum",
  "default",
  "pattern",
  "minLength",
  "maxLength",
  "minimum",
  "maximum",
  "maxItems",
  "maxProperties",
  "x-kubernetes-int-or-string",
  "anyOf",
  "x-kubernetes-list-type",
  "x-kubernetes-list-map-keys",
  "x-kubernetes-preserve-unknown-fields",
  "required",
  "properties",
  "additionalProperties",
  "items",
  "x-kubernetes-validations",
] as const;

/** What zod says of an int without bounds of its own. */
const SAFE = { minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER };

/**
 * The structural schema of a zod schema, with its rules. Throws for what a structural schema cannot say, or what zod's JSON
 * schema would silently leave out (refinements, pattern flags, tagged unions, tuples, transforms).
 */
export function toStructural(schema: z.ZodType): StructuralSchema {
  const emitted = z.toJSONSchema(schema, {
    target: "openapi-3.0",
    io: "input",
    reused: "inline",
    cycles: "throw",
    unrepresentable: "throw",
    override: ({ zodSchema, jsonSchema }) => {
      refuseSilentLoss(zodSchema);
      const rules = rulesOf(zodSchema);
      if (rules.length > 0) Object.assign(jsonSchema, { "x-kubernetes-validations": rules.map(validation) });
    },
  });
  return structural(emitted, "");
}

function validation({ rule, message, fieldPath, reason }: Validation): Validation {
  return {
    rule,
    message,
    ...(fieldPath === undefined ? {} : { fieldPath }),
    ...(reason === undefined ? {} : { reason }),
  };
}

/** zod's JSON schema has no word for these and drops them: a rule with a CEL twin says them instead. */
function refuseSilentLoss(schema: z.core.$ZodType): void {
  for (const check of schema._zod.def.checks ?? []) {
    const { check: name, pattern } = check._zod.def as { check: string; pattern?: RegExp };
    if (name === "custom") throw new Error("a refinement has no place in a CRD: use withRules");
    if (pattern !== undefined && pattern.flags !== "")
      throw new Error(`pattern ${String(pattern)} has flags, which a CRD drops`);
  }
}

function structural(emitted: Emitted, path: string): StructuralSchema {
  const schema = withoutAnnotations(emitted);
  if (schema["x-kubernetes-int-or-string"] === true) return intOrString(schema);
  if (schema["type"] === undefined) throw new Error(`${path || "schema"}: has no type, so it is not structural`);
  if (schema["type"] === "integer") dropSafeBounds(schema);
  if (schema["format"] === "date-time") delete schema["pattern"];
  if (schema["type"] === "object") objectFields(schema, path);
  if (isRecord(schema["items"])) schema["items"] = structural(schema["items"], `${path}[]`);
  return ordered(schema, path);
}

/** Takes out what is ours alone, and says in the description what a default would not show in kubectl explain. */
function withoutAnnotations(emitted: Emitted): Emitted {
  const { defaultedBy, noteDefault, ...schema } = emitted;
  const value = noteDefault ?? schema["default"];
  if (defaultedBy === "operator") delete schema["default"];
  if (value !== undefined && typeof value !== "object" && typeof schema["description"] === "string") {
    schema["description"] =
      `${schema["description"]} Default: ${typeof value === "string" ? value : JSON.stringify(value)}.`;
  }
  return schema;
}

/** The form that the API server demands for a field that is a whole number or text. */
function intOrString(schema: Emitted): StructuralSchema {
  const { description, pattern } = schema as StructuralSchema;
  return {
    ...(description === undefined ? {} : { description }),
    "x-kubernetes-int-or-string": true,
    anyOf: [{ type: "integer" }, { type: "string" }],
    minimum: 0,
    minLength: 1,
    maxLength: 64,
    ...(pattern === undefined ? {} : { pattern }),
  };
}

function dropSafeBounds(schema: Emitted): void {
  if (schema["minimum"] === SAFE.minimum) delete schema["minimum"];
  if (schema["maximum"] === SAFE.maximum) delete schema["maximum"];
}

/** A structural object has either properties, or values of one schema, or anything at all. */
function objectFields(schema: Emitted, path: string): void {
  const { properties, additionalProperties } = schema;
  if (isRecord(additionalProperties)) {
    delete schema["properties"];
    if (Object.keys(additionalProperties).length === 0) {
      delete schema["additionalProperties"];
      schema["x-kubernetes-preserve-unknown-fields"] = true;
    } else {
      schema["additionalProperties"] = structural(additionalProperties, `${path}.*`);
    }
    return;
  }
  delete schema["additionalProperties"];
  if (!isRecord(properties)) return;
  schema["properties"] = Object.fromEntries(
    Object.entries(properties).map(([name, field]) => [name, structural(field as Emitted, `${path}.${name}`)]),
  );
}

function ordered(schema: Emitted, path: string): StructuralSchema {
  const unknown = Object.keys(schema).find((key) => !(KEYS as readonly string[]).includes(key));
  if (unknown !== undefined) throw new Error(`${path || "schema"}: a CRD cannot say ${unknown}`);
  return Object.fromEntries(KEYS.filter((key) => schema[key] !== undefined).map((key) => [key, schema[key]]));
}

function isRecord(value: unknown): value is Emitted {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
