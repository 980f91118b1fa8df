import { noteFor } from "./not-acted-on.ts";
import { toStructural, type StructuralSchema } from "./structural.ts";
import type { Kind } from "./v1alpha1/kinds.ts";

/** A CustomResourceDefinition as far as we write one. */
export interface CustomResourceDefinition {
  readonly apiVersion: "apiextensions.k8s.io/v1";
  readonly kind: "CustomResourceDefinition";
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly group: string;
    readonly names: Readonly<Record<string, string | readonly string[]>>;
    readonly scope: "Namespaced";
    readonly versions: readonly CrdVersion[];
  };
}

export interface CrdVersion {
  readonly name: string;
  readonly served: true;
  readonly storage: true;
  readonly schema: { readonly openAPIV3Schema: StructuralSchema };
  readonly subresources: { readonly status: Readonly<Record<string, never>> };
  readonly selectableFields?: readonly { readonly jsonPath: string }[];
  readonly additionalPrinterColumns: readonly Readonly<Record<string, string | number>>[];
}

/** The complete CRD of a kind. */
export function crdOf(kind: Kind): CustomResourceDefinition {
  const { group, version, kind: name, plural } = kind.resource;
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      names: {
        kind: name,
        listKind: `${name}List`,
        plural,
        singular: kind.singular,
        shortNames: [kind.shortName],
        categories: ["darkfactory"],
      },
      scope: "Namespaced",
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          schema: { openAPIV3Schema: schemaOf(kind) },
          subresources: { status: {} },
          ...(kind.selectableFields.length === 0
            ? {}
            : { selectableFields: kind.selectableFields.map((jsonPath) => ({ jsonPath })) }),
          additionalPrinterColumns: kind.columns.map(({ wide, ...column }) => ({
            ...column,
            ...(wide === undefined ? {} : { priority: 1 }),
          })),
        },
      ],
    },
  };
}

/** The schema of whole objects of a kind. */
export function schemaOf(kind: Kind): StructuralSchema {
  const spec = withNotes(toStructural(kind.spec), kind.resource.kind, "spec");
  const status = toStructural(kind.status);
  return {
    description: kind.description,
    type: "object",
    required: ["spec"],
    properties: {
      apiVersion: {
        description: "Version of the schema of this object, darkfactory.dev/v1alpha1.",
        type: "string",
      },
      kind: { description: `What this object is: ${kind.resource.kind}.`, type: "string" },
      metadata: { type: "object", properties: { name: { type: "string", maxLength: kind.nameMax } } },
      spec: { ...spec, description: "What is wanted." + suffix(noteFor(kind.resource.kind, "spec")) },
      status: {
        ...status,
        description: "What the operator observed. Written by the operator alone.",
        // Conventions of kstatus: an object without observedGeneration would count as done before anybody saw it.
        default: { observedGeneration: -1 },
      },
    },
  };
}

/** Adds to each field's description what not-acted-on.ts says of it. */
function withNotes(schema: StructuralSchema, kind: string, path: string): StructuralSchema {
  const { description, properties, items } = schema;
  return {
    ...schema,
    ...(description === undefined ? {} : { description: description + suffix(noteFor(kind, path)) }),
    ...(properties === undefined
      ? {}
      : {
          properties: Object.fromEntries(
            Object.entries(properties).map(([name, field]) => [name, withNotes(field, kind, `${path}.${name}`)]),
          ),
        }),
    ...(items === undefined ? {} : { items: withNotes(items, kind, `${path}[]`) }),
  };
}

function suffix(note: string | undefined): string {
  return note === undefined ? "" : ` ${note}`;
}
