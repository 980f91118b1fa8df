import type { Fields } from "../history.ts";

/** The values of the fields that a manager owns, as JSON by their path: leaves only. */
export function valuesOf(fields: Fields, object: unknown, path = ""): ReadonlyMap<string, string> {
  const parts = Object.entries(fields).filter(([part]) => part !== ".");
  if (parts.length === 0) return new Map(object === undefined ? [] : [[path, JSON.stringify(object)]]);
  return new Map(
    parts.flatMap(([part, below]) => {
      const found = step(part, object);
      return [...valuesOf(below, found.value, `${path}${found.path}`)];
    }),
  );
}

/** One step down: "f:name" is a field, "k:{…}" the item of a list that has these keys, "v:…" the item that is this value. */
function step(part: string, object: unknown): { readonly path: string; readonly value: unknown } {
  const [kind, rest] = [part.slice(0, 2), part.slice(2)];
  if (kind === "f:") return { path: `.${rest}`, value: (object as Record<string, unknown> | undefined)?.[rest] };
  const items = Array.isArray(object) ? (object as readonly unknown[]) : [];
  const sought = JSON.parse(rest) as unknown;
  return { path: `[${rest}]`, value: items.find((item) => (kind === "k:" ? hasKeys(item, sought) : item === sought)) };
}

function hasKeys(item: unknown, keys: unknown): boolean {
  const fields = item as Record<string, unknown>;
  return Object.entries(keys as object).every(([key, value]) => fields[key] === value);
}
