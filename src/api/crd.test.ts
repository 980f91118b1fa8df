import * as yaml from "js-yaml";
import { describe, expect, it } from "vitest";
import { crdOf } from "./crd.ts";
import { generatedFiles } from "./generate.ts";
import { noteFor, notActedOn, partlyActedOn } from "./not-acted-on.ts";
import { fieldsOf } from "./reference.ts";
import { kinds } from "./v1alpha1/kinds.ts";

/** api.md: CRDs stay small. */
const MAX_BYTES = 200_000;

describe.each(kinds.map((kind) => [kind.resource.kind, kind] as const))("the CRD of %s", (_, kind) => {
  const fields = fieldsOf(kind);

  it("is under 200 KB of YAML", () => {
    const text = generatedFiles().get(`crds/${kind.resource.plural}.yaml`) ?? "";
    expect(text.length).toBeGreaterThan(1000);
    expect(text.length).toBeLessThan(MAX_BYTES);
    expect(yaml.load(text)).toEqual(JSON.parse(JSON.stringify(crdOf(kind))));
  });

  it("describes every field", () => {
    expect(fields.filter(({ schema }) => (schema.description ?? "") === "").map(({ path }) => path)).toEqual([]);
  });

  it("bounds every text, list and map, so that what rules cost is bounded", () => {
    const unbounded = fields.filter(
      ({ schema }) =>
        (schema.type === "string" && schema.enum === undefined && schema.maxLength === undefined) ||
        (schema.type === "array" && schema.maxItems === undefined) ||
        (schema.items?.type === "string" && schema.items.enum === undefined && schema.items.maxLength === undefined) ||
        (schema.additionalProperties !== undefined && schema.maxProperties === undefined),
    );
    expect(unbounded.map(({ path }) => path)).toEqual([]);
  });

  it("says of every list how appliers share it", () => {
    const silent = fields.filter(
      ({ schema }) => schema.type === "array" && schema["x-kubernetes-list-type"] === undefined,
    );
    expect(silent.map(({ path }) => path)).toEqual([]);
  });

  it("has whole numbers only, with their size", () => {
    const numbers = fields.filter(({ schema }) => schema.type === "integer");
    expect(numbers.every(({ schema }) => schema.format === "int32" || schema.format === "int64")).toBe(true);
    expect(JSON.stringify(crdOf(kind))).not.toContain('"number"');
  });

  it("computes no message: string(int) in one has no cost bound", () => {
    expect(JSON.stringify(crdOf(kind))).not.toContain("messageExpression");
  });

  it("shows a time to come as text, never as a date", () => {
    const dates = kind.columns.filter(({ type }) => type === "date").map(({ jsonPath }) => jsonPath);
    expect(dates.filter((path) => path.includes("next"))).toEqual([]);
  });

  it("prints, and selects by, fields that exist", () => {
    const paths = new Set(fields.map(({ path }) => `.${path}`));
    const printed = kind.columns.map(({ jsonPath }) => jsonPath).filter((path) => !/^\.metadata|\[\?/.test(path));
    expect([...printed, ...kind.selectableFields].filter((path) => !paths.has(path))).toEqual([]);
  });
});

describe("the list of fields not acted on yet", () => {
  it.each(Object.keys({ ...notActedOn, ...partlyActedOn }))("names a field that exists: %s", (row) => {
    const [kindName, ...path] = row.split(".");
    const kind = kinds.find(({ resource }) => resource.kind === kindName);
    expect((kind === undefined ? [] : fieldsOf(kind)).map((field) => field.path)).toContain(path.join("."));
  });

  it("covers all below a row, and an Agent's row wherever a fleet gives that field", () => {
    expect(noteFor("Agent", "spec.capabilities[]")).toBeDefined();
    expect(noteFor("AgentFleet", "spec.agents[].capabilities[]")).toBeDefined();
    expect(noteFor("AgentFleet", "spec.defaults.capabilities")).toBeDefined();
  });

  it("covers no field that only begins alike, and none that is acted on", () => {
    expect(noteFor("Agent", "spec.modelled")).toBeUndefined();
    expect(noteFor("Agent", "spec.restart.cooldownSeconds")).toBeUndefined();
    expect(noteFor("AgentFleet", "spec.agents[].name")).toBeUndefined();
  });

  it("stands in the descriptions that kubectl explain shows", () => {
    const agent = kinds.find(({ resource }) => resource.kind === "Agent");
    const described = (agent === undefined ? [] : fieldsOf(agent)).find(({ path }) => path === "spec.capabilities");
    const note = noteFor("Agent", "spec.capabilities");
    if (note !== undefined) expect(described?.schema.description).toContain(note);
  });
});
