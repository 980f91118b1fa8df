import type { StructuralSchema, Validation } from "./structural.ts";
import { schemaOf } from "./crd.ts";
import { INT32_MAX } from "./v1alpha1/fields.ts";
import type { Column, Kind } from "./v1alpha1/kinds.ts";

/** One field of a kind with all that the reference says of it. */
export interface Field {
  /** Path from the object's root; items of a list are "[]". */
  readonly path: string;
  readonly schema: StructuralSchema;
  readonly required: boolean;
}

/** The Markdown page that names every field, column and rule of every kind. */
export function referenceOf(kinds: readonly Kind[]): string {
  const intro = [
    "# API reference",
    "All kinds are of group `darkfactory.dev`, version `v1alpha1`, namespaced, and in the category `darkfactory`: `kubectl get darkfactory` lists them all. `kubectl explain <kind>.<path>` says the same as this page.",
    "Other projects have kinds called `agents` too. Where `kubectl get agents` shows somebody else's, `kubectl get agents.darkfactory.dev` or the short name shows these.",
    kinds.map(({ resource }) => `- [${resource.kind}](#${resource.kind.toLowerCase()})`).join("\n"),
  ];
  return [...intro, ...kinds.flatMap(kindSections)].join("\n\n") + "\n";
}

function kindSections(kind: Kind): readonly string[] {
  const { kind: name, plural } = kind.resource;
  const fields = fieldsOf(kind);
  return [
    `## ${name}`,
    kind.description,
    `\`kubectl get ${plural}\`, short \`${kind.shortName}\`. A name has at most ${kind.nameMax} characters.`,
    ...(kind.selectableFields.length === 0
      ? []
      : [`\`--field-selector\` selects by ${kind.selectableFields.map((path) => code(path.slice(1))).join(" and ")}.`]),
    `### ${name} columns`,
    table(["Column", "What it shows", "From"], kind.columns.map(columnRow)),
    ...sectionsOf(name, fields),
    `### ${name} rules`,
    "The API server checks these on every write, once every field by itself is as its table says.",
    table(["Field", "Rule"], fields.flatMap(ruleRows)),
  ];
}

function columnRow({ name, wide, description, jsonPath }: Column): readonly string[] {
  return [wide === true ? `${name} (\`-o wide\`)` : name, description, code(jsonPath)];
}

/** Long lists of objects at the first level of spec have a table of their own, so that each table can be read. */
const OWN_TABLE = ["spec.agents[]", "spec.defaults", "spec.nightwatch", "spec.podTemplate"];

function sectionsOf(kind: string, fields: readonly Field[]): readonly string[] {
  const sections = ["spec", ...OWN_TABLE, "status"];
  return sections.flatMap((section) => {
    const rows = fields.filter(({ path }) => sectionOf(path, sections) === section);
    if (rows.length === 0) return [];
    const title = `### ${kind} ${code(section)}`;
    const header = fields.find(({ path }) => path === section)?.schema.description;
    return [
      title,
      ...(header === undefined ? [] : [header]),
      table(["Field", "Type", "Default", "Allowed", "Description"], rows.map(fieldRow)),
    ];
  });
}

/** The longest section that a field lies below. */
function sectionOf(path: string, sections: readonly string[]): string | undefined {
  return sections.filter((section) => path.startsWith(`${section}.`)).toSorted((a, b) => b.length - a.length)[0];
}

function fieldRow({ path, schema, required }: Field): readonly string[] {
  const fallback = schema.default === undefined ? "" : code(JSON.stringify(schema.default));
  return [code(path), typeOf(schema), required ? "required" : fallback, allowed(schema), schema.description ?? ""];
}

function typeOf(schema: StructuralSchema): string {
  if (schema["x-kubernetes-int-or-string"] === true) return "quantity";
  if (schema.type === "array") return schema.items === undefined ? "list" : `list of ${typeOf(schema.items)}`;
  if (schema.additionalProperties !== undefined) return `map to ${typeOf(schema.additionalProperties)}`;
  if (schema.format === "date-time") return "time";
  return schema.type ?? "any";
}

function allowed(schema: StructuralSchema): string {
  const { minimum, maximum, maxLength, maxItems, maxProperties } = schema;
  if (schema.enum !== undefined) return schema.enum.map((value) => code(String(value))).join(", ");
  if (schema["x-kubernetes-int-or-string"] === true || schema.format === "date-time") return "";
  if (minimum !== undefined && maximum !== undefined && maximum < INT32_MAX) return `${minimum} to ${maximum}`;
  if (minimum !== undefined) return `at least ${minimum}`;
  if (maxLength !== undefined) return `at most ${maxLength} characters`;
  if (maxItems !== undefined) return `at most ${maxItems} items`;
  return maxProperties === undefined ? "" : `at most ${maxProperties} entries`;
}

function ruleRows({ path, schema }: Field): readonly (readonly string[])[] {
  const rules: readonly Validation[] = schema["x-kubernetes-validations"] ?? [];
  const rows = rules.map(({ fieldPath = "", message }) => [code(path + fieldPath), message]);
  // Two rules that are told apart by CEL alone (a known zone, a well-formed name) are one to a reader.
  return rows.filter((row, index) => rows.findIndex((other) => other.join() === row.join()) === index);
}

/** Every field of spec and status of a kind, parents before children, in the order of the schema. */
export function fieldsOf(kind: Kind): readonly Field[] {
  const { properties = {} } = schemaOf(kind);
  return ["spec", "status"].flatMap((name) => {
    const schema = properties[name];
    return schema === undefined ? [] : [{ path: name, schema, required: name === "spec" }, ...below(schema, name)];
  });
}

function below(schema: StructuralSchema, path: string): readonly Field[] {
  const named = Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const at = `${path}.${name}`;
    return [{ path: at, schema: field, required: schema.required?.includes(name) === true }, ...below(field, at)];
  });
  const { items } = schema;
  if (items?.properties === undefined && items?.["x-kubernetes-validations"] === undefined) return named;
  return [...named, { path: `${path}[]`, schema: items, required: false }, ...below(items, `${path}[]`)];
}

function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  return [header, header.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

function code(text: string): string {
  return `\`${text}\``;
}
