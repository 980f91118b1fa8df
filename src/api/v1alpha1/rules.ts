import * as z from "zod";

/** How the API server words a broken rule (metav1.CauseType); it puts the words in front of the message. */
export type RuleReason = "FieldValueInvalid" | "FieldValueRequired" | "FieldValueForbidden" | "FieldValueDuplicate";

/**
 * One rule, said twice: in CEL for the API server and as a predicate for what never passes it (a fleet's merged entry, F5).
 * A test holds the two together: it gives the same broken manifest to both.
 */
export interface Rule<T> {
  /** CEL over `self`; its cost must be bounded, so all that it walks has maxLength or maxItems. */
  readonly rule: string;
  /** What is wrong and what to do. A plain text: a messageExpression with string(int) has no cost bound. */
  readonly message: string;
  /** The field below `self` that the message is about, such as ".schedule"; absent: `self`. */
  readonly fieldPath?: string;
  readonly reason?: RuleReason;
  /** Whether the rule compares with the stored object: it is then not checked on a create. */
  readonly transition?: true;
  /** The predicate. A method, not a property, so that rules of different types fit into one table. */
  holds(self: T, oldSelf: T): boolean;
}

/** The rules of each schema; a schema made from another by describe() or clone() inherits them. */
const registry = z.registry<{ rules: readonly Rule<never>[] }>();

/** Puts rules on a schema that was just made; replaces those that it inherited. */
export function withRules<S extends z.ZodType>(schema: S, rules: readonly Rule<z.output<S>>[]): S {
  registry.add(schema, { rules });
  return schema;
}

export function rulesOf(schema: z.core.$ZodType): readonly Rule<unknown>[] {
  return registry.get(schema)?.rules ?? [];
}

/** A rule that text must match a pattern: written once, in the dialect that Go's RE2 and JavaScript share. */
export function matches(pattern: string, message: string): Rule<string> {
  const expression = new RegExp(pattern);
  return { rule: `self.matches(r'${pattern}')`, message, holds: (self) => expression.test(self) };
}

/** A rule that a value never changes once set. */
export function immutable(message: string): Rule<unknown> {
  return {
    rule: "self == oldSelf",
    message,
    transition: true,
    holds: (self, oldSelf) => JSON.stringify(sorted(self)) === JSON.stringify(sorted(oldSelf)),
  };
}

/** Equal values have one text: keys in order. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, item]) => [key, sorted(item)]),
  );
}
