import { isRecord } from "./is-record.ts";
import type { StructuralSchema } from "./structural.ts";

/**
 * Every field and value of a schema by its path: "spec.rollout", "spec.agents[].name", "spec.labels.*" for the values of a
 * map, "spec.tool=gemini".
 */
export function fieldsOf(schema: StructuralSchema, path: string): readonly string[] {
  const { properties = {}, items, additionalProperties, enum: values = [] } = schema;
  return [
    ...Object.entries(properties).flatMap(([name, inner]) => [
      `${path}.${name}`,
      ...fieldsOf(inner, `${path}.${name}`),
    ]),
    ...(items === undefined ? [] : fieldsOf(items, `${path}[]`)),
    ...(additionalProperties === undefined ? [] : fieldsOf(additionalProperties, `${path}.*`)),
    ...values.map((value) => `${path}=${String(value)}`),
  ];
}

/**
 * Those of `ours` that the schema of an object, as the API server publishes it (OpenAPI v3), lacks; of an object that is not
 * there at all, not what is in it. What the API server knows beyond ours is a newer CRD, and no concern.
 */
export function missingFields(ours: readonly string[], served: unknown): readonly string[] {
  const missing: string[] = [];
  for (const path of ours) {
    if (missing.some((above) => path.startsWith(above) && /^[.[=]/.test(path.slice(above.length)))) continue;
    if (!knows(served, path)) missing.push(path);
  }
  return missing;
}

function knows(served: unknown, path: string): boolean {
  let schema = served;
  for (const step of path.match(/\[\]|=.*|[^.[=]+/g) ?? []) {
    if (!isRecord(schema)) return false;
    if (schema["x-kubernetes-preserve-unknown-fields"] === true) return true;
    if (step.startsWith("=")) return isAllowed(schema["enum"], step.slice(1));
    schema = step === "[]" ? schema["items"] : step === "*" ? schema["additionalProperties"] : within(schema, step);
  }
  return schema !== undefined;
}

/** Where nothing is listed, everything is allowed. */
function isAllowed(listed: unknown, value: string): boolean {
  return !Array.isArray(listed) || listed.some((each) => String(each) === value);
}

function within(schema: Readonly<Record<string, unknown>>, name: string): unknown {
  const { properties } = schema;
  return isRecord(properties) && Object.hasOwn(properties, name) ? properties[name] : undefined;
}
