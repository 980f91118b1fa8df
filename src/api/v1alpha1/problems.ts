import type * as z from "zod";

/** One thing that is wrong with an object: where, and what to do, in the API server's own words. */
export interface Problem {
  /** Path of the field, as the API server names it: "spec.agents[0].schedule". */
  readonly field: string;
  readonly message: string;
}

/** Path of a child: list positions in brackets, everything else after a dot. */
export function childPath(path: string, key: PropertyKey): string {
  if (typeof key === "number") return `${path}[${key}]`;
  return path === "" ? String(key) : `${path}.${String(key)}`;
}

/** What zod found in `root`, said as the API server says it (apimachinery field errors, kube-openapi validation). */
export function problemOf(issue: z.core.$ZodIssue, root: unknown, at: string): Problem {
  const field = issue.path.reduce<string>(childPath, at);
  return { field, message: messageOf(issue, valueAt(root, issue.path), field) };
}

function messageOf(issue: z.core.$ZodIssue, value: unknown, field: string): string {
  if (value === undefined) return "Required value";
  const invalid = `Invalid value: ${JSON.stringify(value)}: ${field} in body`;
  switch (issue.code) {
    case "invalid_type":
      return `Invalid value: "${typeName(value)}": ${field} in body must be of type ${wanted(issue.expected)}: "${typeName(value)}"`;
    case "invalid_value":
      return `Unsupported value: ${JSON.stringify(value)}: supported values: ${issue.values.map((one) => `"${String(one)}"`).join(", ")}`;
    case "invalid_format":
      if (issue.format === "datetime") return `${invalid} must be of type date-time: ${JSON.stringify(value)}`;
      return `${invalid} should match '${(issue.pattern ?? "").replace(/^\/|\/$/g, "")}'`;
    case "too_big":
      if (issue.origin === "string") return `Too long: may not be more than ${issue.maximum} bytes`;
      if (issue.origin === "array") return tooMany(Array.isArray(value) ? value.length : 0, Number(issue.maximum));
      return `${invalid} should be less than or equal to ${issue.maximum}`;
    case "too_small":
      if (issue.origin === "string") return `${invalid} should be at least ${issue.minimum} chars long`;
      return `${invalid} should be greater than or equal to ${issue.minimum}`;
    case "invalid_union":
      return intOrString(issue, value, field);
    case "unrecognized_keys":
    case "invalid_key":
    case "invalid_element":
    case "not_multiple_of":
    case "custom":
      break;
  }
  return `${invalid} is invalid: ${issue.message}`;
}

export function tooMany(found: number, max: number): string {
  return `Too many: ${found}: must have at most ${max} items`;
}

/** The only union of the API is that of a whole number and text: what concerns the value's own type is what matters. */
function intOrString(issue: z.core.$ZodIssueInvalidUnion, value: unknown, field: string): string {
  const own = issue.errors.flat().find(({ code }) => code !== "invalid_type");
  if (own !== undefined && (typeof value === "string" || typeof value === "number"))
    return messageOf(own, value, field);
  return `Invalid value: "${typeName(value)}": ${field} in body must be of type integer,string: "${typeName(value)}"`;
}

function wanted(expected: string): string {
  return expected === "int" ? "integer" : expected === "record" ? "object" : expected;
}

/** The JSON type of a value, as the API server calls it. */
function typeName(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  if (typeof value === "number") return Number.isInteger(value) ? "integer" : "number";
  return typeof value;
}

function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, key) => (typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined),
    root,
  );
}
