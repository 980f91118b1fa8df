/** One entry of metadata.managedFields, as far as tests read it. */
interface ManagedFieldsEntry {
  readonly manager: string;
  readonly subresource?: string;
  readonly fieldsV1?: object;
}

/** An object with its managed fields, as the API server gives it. */
export interface Managed {
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly generation?: number;
    readonly managedFields?: readonly ManagedFieldsEntry[];
  };
}

/**
 * Every field of an object that some manager owns, as "path" by manager: "spec.agents[{"name":"a"}].layer". A status that was
 * written through its subresource is the manager "name/status".
 */
export function fieldsByManager({ metadata }: Managed): ReadonlyMap<string, readonly string[]> {
  const fields = new Map<string, readonly string[]>();
  for (const { manager, subresource, fieldsV1 } of metadata.managedFields ?? []) {
    const name = subresource === undefined ? manager : `${manager}/${subresource}`;
    fields.set(name, [...(fields.get(name) ?? []), ...paths(fieldsV1 ?? {}, "")]);
  }
  return fields;
}

/** The leaves of FieldsV1: f:name is a field, k:… and v:… an entry of a list, "." the value itself. */
function paths(fields: object, above: string): readonly string[] {
  return Object.entries(fields).flatMap(([key, below]: [string, object]) => {
    if (key === ".") return [];
    const path = key.startsWith("f:") ? [above, key.slice(2)].filter(Boolean).join(".") : `${above}[${key.slice(2)}]`;
    const deeper = paths(below, path);
    return deeper.length === 0 ? [path] : deeper;
  });
}
