import { beforeAll, describe, expect, inject, it } from "vitest";
import { fieldsOf } from "../../src/api/reference.ts";
import { kinds } from "../../src/api/v1alpha1/kinds.ts";
import { loadConfig } from "../../src/kube/config.ts";
import { createKubeClient } from "../../src/kube/kube-client.ts";
import { eventually, mustKubectl, sampleOf } from "./support.ts";

/** A schema in the server's OpenAPI document, as much of it as explains a field. */
interface Schema {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
}

/** What kubectl explain answers from. */
let schemas: Readonly<Record<string, Schema>>;
beforeAll(async () => {
  const client = createKubeClient(await loadConfig({ kubeconfig: inject("cluster").kubeconfig }));
  // The server publishes it a moment after the CRDs are established, one kind after another.
  schemas = await eventually(async () => {
    const { components } = (await client.raw("GET", "/openapi/v3/apis/darkfactory.dev/v1alpha1")) as {
      readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
    };
    expect(Object.keys(components.schemas)).toEqual(
      expect.arrayContaining(kinds.map(({ resource }) => `dev.darkfactory.v1alpha1.${resource.kind}`)),
    );
    return components.schemas;
  });
  await client.close();
});

describe.each(kinds.map((kind) => [kind.resource.kind, kind] as const))("kubectl explain of %s", (name, kind) => {
  const paths = fieldsOf(kind).map(({ path }) => path);
  const fields = paths.filter((path) => !path.endsWith("[]"));
  const parents = fields.filter((path) => fields.some((other) => parentOf(other) === path));

  it.each(parents)("has from the server a description of %s and of every field directly below it", (path) => {
    const schema = path.split(".").reduce<Schema | undefined>(fieldOf, schemas[`dev.darkfactory.v1alpha1.${name}`]);
    const { description, properties = {} } = within(schema) ?? {};
    expect(schema?.description ?? description).toMatch(/\S/);
    for (const [field, { description }] of Object.entries(properties))
      expect([field, description]).toEqual([field, text]);
    const children = fields.filter((other) => parentOf(other) === path).map((child) => child.split(".").at(-1));
    expect(Object.keys(properties)).toEqual(expect.arrayContaining(children));
  });

  it.concurrent.each(sampleOf(parents))(
    "shows the description of %s and of every field directly below it",
    async (path) => {
      const { plural, group } = kind.resource;
      const text = await mustKubectl(["explain", `${plural}.${group}.${path.replaceAll("[]", "")}`]);
      expect(text).toMatch(/DESCRIPTION:\n {4}\S/);
      expect(text).not.toContain("<empty>");
      expect(text).not.toContain("<no description>");
      for (const [, name] of text.matchAll(/^ {2}(\w+)\t<.*$/gm)) {
        expect(text).toMatch(new RegExp(`^ {2}${name}\t<.*\n(?: {2}enum:.*\n)* {4}\\S`, "m"));
      }
      const children = fields.filter((other) => parentOf(other) === path);
      for (const child of children) expect(text).toMatch(new RegExp(`^ {2}${child.split(".").at(-1)}\t<`, "m"));
    },
  );
});

it("says of capabilities that they are not acted on yet, since not-acted-on.ts says so", async () => {
  const text = await mustKubectl(["explain", "agents.darkfactory.dev.spec.capabilities"]);
  expect(text).toContain("Not acted on yet.");
});

it("explains by the kind's short name too", async () => {
  expect(await mustKubectl(["explain", "dfa.spec.layer"])).toContain("always exactly one Pod");
});

/** The field that a path is explained under: a list stands for its items. */
function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf(".")).replace(/\[\]$/, "");
}

const text = expect.stringMatching(/\S/) as string;

/** A list stands for its items. */
const within = (schema: Schema | undefined): Schema | undefined => schema?.items ?? schema;

/** One step of a path, such as "env[]". */
function fieldOf(schema: Schema | undefined, step: string): Schema | undefined {
  return within(schema)?.properties?.[step.replace(/\[\]$/, "")];
}
