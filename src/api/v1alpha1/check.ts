import * as z from "zod";
import { childPath, problemOf, tooMany, type Problem } from "./problems.ts";
import { rulesOf } from "./rules.ts";

/** Something that was checked: the value with its defaults, or all that is wrong with it. */
export type Parsed<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problems: readonly Problem[] };

/**
 * Checks `raw` as the API server would: the schema first and, only when that holds, the rules. `at` is the path of `raw` in
 * its object. Unknown fields are left out, a null counts as absent.
 */
export function check<S extends z.ZodType>(schema: S, raw: unknown, at: string): Parsed<z.output<S>> {
  const cleaned = clean(raw);
  const parsed = schema.safeParse(cleaned);
  if (!parsed.success) {
    return { ok: false, problems: parsed.error.issues.map((issue) => problemOf(issue, cleaned, at)) };
  }
  const problems = brokenRules(schema, { at, self: parsed.data, oldSelf: undefined });
  return problems.length === 0 ? { ok: true, value: parsed.data } : { ok: false, problems };
}

/** The rules about change that replacing `before` by `after` breaks; both are parsed. */
export function checkChange<S extends z.ZodType>(
  schema: S,
  before: z.output<S>,
  after: z.output<S>,
  at: string,
): readonly Problem[] {
  return brokenRules(schema, { at, self: after, oldSelf: before });
}

interface Node {
  readonly at: string;
  readonly self: unknown;
  /** What stood there before; undefined: nothing, so that rules about change do not apply. */
  readonly oldSelf: unknown;
}

function brokenRules(schema: z.core.$ZodType, node: Node): readonly Problem[] {
  if (node.self === undefined || !hasRules(schema)) return [];
  const own = rulesOf(schema)
    .filter((rule) => rule.transition !== true || node.oldSelf !== undefined)
    .filter((rule) => !rule.holds(node.self, node.oldSelf))
    .map(({ fieldPath = "", message }) => ({ field: node.at + fieldPath, message }));
  return [...own, ...shapeProblems(schema, node), ...children(schema, node)];
}

function children(schema: z.core.$ZodType, node: Node): readonly Problem[] {
  const inner = wrapped(schema);
  if (inner !== undefined) return brokenRules(inner, node);
  if (schema instanceof z.ZodObject) {
    return Object.entries(schema.def.shape).flatMap(([key, field]) =>
      brokenRules(field, { at: childPath(node.at, key), self: at(node.self, key), oldSelf: at(node.oldSelf, key) }),
    );
  }
  if (schema instanceof z.ZodArray && Array.isArray(node.self)) {
    const key = mapKey(schema);
    const before = Array.isArray(node.oldSelf) ? node.oldSelf : [];
    return node.self.flatMap((item: unknown, index) =>
      brokenRules(schema.def.element, {
        at: childPath(node.at, index),
        self: item,
        // The API server matches items by their key only; in other lists no item has a past.
        oldSelf: key === undefined ? undefined : before.find((old: unknown) => at(old, key) === at(item, key)),
      }),
    );
  }
  return [];
}

/** What the API server demands of lists and maps without a rule: different keys, a bounded number of entries. */
function shapeProblems(schema: z.core.$ZodType, { self, at: path }: Node): readonly Problem[] {
  if (schema instanceof z.ZodArray && Array.isArray(self)) {
    const { "x-kubernetes-list-type": type } = schema.meta() ?? {};
    if (type !== "map" && type !== "set") return [];
    const key = mapKey(schema);
    const seen = new Set<unknown>();
    return self.flatMap((item: unknown, index) => {
      const value = key === undefined ? item : at(item, key);
      if (seen.has(value)) {
        const shown = key === undefined ? value : { [key]: value };
        return [{ field: childPath(path, index), message: `Duplicate value: ${JSON.stringify(shown)}` }];
      }
      seen.add(value);
      return [];
    });
  }
  if (schema instanceof z.ZodRecord && typeof self === "object" && self !== null) {
    const max = schema.meta()?.["maxProperties"];
    const found = Object.keys(self).length;
    return typeof max === "number" && found > max ? [{ field: path, message: tooMany(found, max) }] : [];
  }
  return [];
}

const known = new WeakMap<z.core.$ZodType, boolean>();

/** Whether anything in the schema has more to say than zod's own checks; most of it has not, and is not walked. */
function hasRules(schema: z.core.$ZodType): boolean {
  const before = known.get(schema);
  if (before !== undefined) return before;
  const inner = wrapped(schema);
  const found =
    rulesOf(schema).length > 0 ||
    schema instanceof z.ZodRecord ||
    (inner !== undefined && hasRules(inner)) ||
    (schema instanceof z.ZodArray &&
      (schema.meta()?.["x-kubernetes-list-type"] !== "atomic" || hasRules(schema.def.element))) ||
    (schema instanceof z.ZodObject && Object.values(schema.def.shape).some(hasRules));
  known.set(schema, found);
  return found;
}

function wrapped(schema: z.core.$ZodType): z.core.$ZodType | undefined {
  return schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault
    ? schema.def.innerType
    : undefined;
}

function mapKey(schema: z.ZodType): string | undefined {
  const keys = schema.meta()?.["x-kubernetes-list-map-keys"];
  return Array.isArray(keys) && typeof keys[0] === "string" ? keys[0] : undefined;
}

function at(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, key) ? Reflect.get(value, key) : undefined;
}

/** A field whose nulls mean something: in a strategic merge they remove what they meet. */
const OVERLAY = "podTemplate";

/** A copy without null and undefined fields, as the API server drops them, and without a key that could reach a prototype. */
function clean(value: unknown, inOverlay = false): unknown {
  if (Array.isArray(value)) return value.map((item) => clean(item, inOverlay));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key, field]) => key !== "__proto__" && field !== undefined && (field !== null || inOverlay))
      .map(([key, field]) => [key, clean(field, inOverlay || key === OVERLAY)]),
  );
}
