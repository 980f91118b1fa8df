/** What an agent CLI prints, of which nothing is sure: any field may be missing, null, or of another type than last week. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** The object, or an empty one: so that a path through missing parts ends in undefined. */
export function objectAt(parent: JsonObject, name: string): JsonObject {
  const value = parent[name];
  return isObject(value) ? value : {};
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The objects of a list; none where there is null or no list. */
export function objectsAt(parent: JsonObject, name: string): readonly JsonObject[] {
  const value: unknown = parent[name];
  return Array.isArray(value) ? value.filter(isObject) : [];
}

export function textAt(parent: JsonObject, name: string): string | undefined {
  const value = parent[name];
  return typeof value === "string" ? value : undefined;
}

export function numberAt(parent: JsonObject, name: string): number | undefined {
  const value = parent[name];
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}

/** A whole number of something, never negative. */
export function countAt(parent: JsonObject, name: string): number | undefined {
  const value = numberAt(parent, name);
  return value === undefined || value < 0 ? undefined : Math.round(value);
}
