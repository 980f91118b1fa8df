import * as fc from "fast-check";
import * as z from "zod";
import { describe, expect, it } from "vitest";
import { brokenChanges, brokenManifests, manifest, soundManifests } from "../../../test/broken-manifests.ts";
import { schemaOf } from "../crd.ts";
import type { StructuralSchema } from "../structural.ts";
import { parseAgent } from "./agent.ts";
import { parseAgentFleet } from "./agent-fleet.ts";
import { parseAgentRun } from "./agent-run.ts";
import { check, checkChange } from "./check.ts";
import { INT32_MAX, listMap, text } from "./fields.ts";
import { kinds } from "./kinds.ts";
import { immutable, matches, withRules } from "./rules.ts";

const parse = { Agent: parseAgent, AgentFleet: parseAgentFleet, AgentRun: parseAgentRun } as const;

/** test/integration/api-validation.test.ts gives the same manifests to a real API server. */
describe("without an API server the same manifests are judged the same", () => {
  it.each(brokenManifests.map((row) => [row.kind, row.what, row] as const))(
    "%s with %s is refused",
    (_kind, _what, broken) => {
      const parsed = parse[broken.kind](manifest(broken));
      expect(parsed.ok ? [] : parsed.problems).toHaveLength(1);
      expect(parsed.ok ? [] : parsed.problems).toMatchObject([{ field: broken.field }]);
      expect(parsed.ok ? "" : parsed.problems[0]?.message).toContain(broken.message);
    },
  );

  it.each(soundManifests.map((row) => [row.kind, row.what, row] as const))(
    "%s with %s passes",
    (_kind, _what, sound) => {
      expect(parse[sound.kind](manifest(sound) as unknown)).toMatchObject({ ok: true });
    },
  );

  it.each(brokenChanges.map((row) => [row.kind, row.what, row] as const))(
    "%s with %s is refused",
    (_kind, _what, broken) => {
      const { kind, before, spec, field, message } = broken;
      const schema = kinds.find(({ resource }) => resource.kind === kind)?.spec ?? z.never();
      expect(checkChange(schema, schema.parse(before), schema.parse(spec), "spec")).toEqual([{ field, message }]);
      expect(checkChange(schema, schema.parse(before), schema.parse(before), "spec")).toEqual([]);
    },
  );
});

describe("a check", () => {
  const short = withRules(text(9), [matches("^[a-c]+$", "only a, b and c")]);

  it("says nothing of rules while the schema fails, as the API server does", () => {
    const schema = z.object({ a: short, b: text(2) });
    expect(check(schema, { a: "xyz", b: "long" }, "spec")).toMatchObject({ problems: [{ field: "spec.b" }] });
    expect(check(schema, { a: "xyz", b: "ok" }, "spec")).toMatchObject({ problems: [{ field: "spec.a" }] });
  });

  it("finds rules below lists, defaults and optional fields", () => {
    const schema = z.object({ list: listMap(z.object({ name: short.optional() }), "name", 3).default([]) });
    expect(check(schema, { list: [{ name: "a" }, { name: "z" }] }, "spec")).toEqual({
      ok: false,
      problems: [{ field: "spec.list[1].name", message: "only a, b and c" }],
    });
  });

  it("a value may be set where none was, and removed, though it may never change", () => {
    const schema = z.object({ layer: withRules(text(9), [immutable("no change")]).optional() });
    expect(checkChange(schema, {}, { layer: "a" }, "spec")).toEqual([]);
    expect(checkChange(schema, { layer: "a" }, {}, "spec")).toEqual([]);
    expect(checkChange(schema, { layer: "a" }, { layer: "b" }, "spec")).toHaveLength(1);
  });

  it("equality does not hang on the order of keys", () => {
    const schema = withRules(z.object({ a: z.int(), b: z.array(z.int()) }), [immutable("no change")]);
    expect(checkChange(schema, { a: 1, b: [1, 2] }, { b: [1, 2], a: 1 }, "spec")).toEqual([]);
    expect(checkChange(schema, { a: 1, b: [1, 2] }, { a: 1, b: [2, 1] }, "spec")).toHaveLength(1);
  });
});

describe.each(kinds.map((kind) => [kind.resource.kind, kind] as const))(
  "%s: what the CRD's schema admits",
  (_, kind) => {
    const { spec = {}, status = {} } = schemaOf(kind).properties ?? {};

    it.each([
      ["spec", spec, kind.spec],
      ["status", status, kind.status],
    ])("our schema of %s admits too, so that nothing stored is ever unreadable", (_part, structural, schema) => {
      fc.assert(
        fc.property(valueFor(structural), (value) => {
          expect(schema.safeParse(value).error?.issues).toBeUndefined();
        }),
      );
    });
  },
);

/** Values that a structural schema admits, its rules aside. */
function valueFor(schema: StructuralSchema): fc.Arbitrary<unknown> {
  if (schema["x-kubernetes-int-or-string"] === true) return fc.oneof(fc.nat(), matching(schema.pattern ?? "", 64));
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  if (schema["x-kubernetes-preserve-unknown-fields"] === true) return fc.dictionary(fc.string(), fc.jsonValue());
  const { minimum, maximum, minLength = 0, maxLength = 0 } = schema;
  switch (schema.type) {
    case "boolean":
      return fc.boolean();
    case "integer":
      return fc.integer({ min: minimum ?? -INT32_MAX, max: maximum ?? INT32_MAX });
    case "string":
      if (schema.format === "date-time") return time();
      if (schema.pattern !== undefined) return matching(schema.pattern, maxLength);
      return fc.string({ minLength, maxLength: Math.min(maxLength, 40) });
    case "array":
      return fc.array(valueFor(schema.items ?? {}), { maxLength: Math.min(schema.maxItems ?? 0, 3) });
    case "object":
      return objectFor(schema);
    case undefined:
      break;
  }
  throw new Error(`no values for ${JSON.stringify(schema)}`);
}

function objectFor({ properties = {}, additionalProperties, required = [] }: StructuralSchema): fc.Arbitrary<unknown> {
  if (additionalProperties !== undefined) {
    return fc.dictionary(fc.string({ minLength: 1 }), valueFor(additionalProperties), {
      maxKeys: 3,
      noNullPrototype: true,
    });
  }
  const fields = Object.fromEntries(Object.entries(properties).map(([name, field]) => [name, valueFor(field)]));
  return fc.record(fields, { requiredKeys: required, noNullPrototype: true });
}

function matching(pattern: string, maxLength: number): fc.Arbitrary<string> {
  return fc.stringMatching(new RegExp(pattern)).filter(({ length }) => length <= maxLength);
}

function time(): fc.Arbitrary<string> {
  const range = { min: new Date("1970-01-01T00:00:00Z"), max: new Date("2999-12-31T00:00:00Z"), noInvalidDate: true };
  return fc
    .date(range)
    .chain((date) =>
      fc.constantFrom(
        date.toISOString(),
        date.toISOString().replace(/\.\d+Z/, "Z"),
        date.toISOString().replace("Z", "000001Z"),
        date.toISOString().replace("Z", "+05:30"),
      ),
    );
}
