import type { Problem } from "../../api/v1alpha1/problems.ts";

/** What one entry was merged from, and what came of it. */
export interface MergedFrom {
  readonly name: string;
  readonly own: unknown;
  readonly defaults: unknown;
  readonly merged: unknown;
}

/** Whose a field is: the entry's, the defaults', or made of both. */
type Side = "own" | "defaults" | "both";

/**
 * Says of a problem of the merged Agent where it stands in the fleet's manifest, which is where a person mends it:
 * spec.agents[name=x].command, or spec.defaults.command. A field that is nowhere is missing in the entry.
 */
export function inManifest({ field, message }: Problem, from: MergedFrom): Problem {
  const { path, side } = walk(field, from);
  const [own, defaults] = [`spec.agents[name=${from.name}]${path}`, `spec.defaults${path}`];
  const place = side === "defaults" ? defaults : own;
  return {
    field: side === "both" ? `${own}, merged with ${defaults}` : place,
    message: message.replaceAll(`${field} in body`, `${place} in body`),
  };
}

/** The path from the spec on, its list items by name where they have one, and the side that the last known part of it is on. */
function walk(field: string, { own, defaults, merged }: MergedFrom): { readonly path: string; readonly side: Side } {
  let place = { own, defaults, merged };
  let side: Side = "own";
  let path = "";
  for (const [text, key, index] of field.replace(/^spec/, "").matchAll(/\.([^.[]+)|\[(\d+)\]/g)) {
    const name = index === undefined ? undefined : nameOf(at(place.merged, index));
    path += name === undefined ? text : `[name=${name}]`;
    place = name === undefined ? child(place, key ?? index ?? "") : item(place, name, index ?? "");
    side = sideOf(place, side);
  }
  return { path, side };
}

type Place = Pick<MergedFrom, "own" | "defaults" | "merged">;

function child({ own, defaults, merged }: Place, key: string): Place {
  // A list whose items have no names replaces the other as a whole (F3).
  const isReplaced = Array.isArray(own);
  return { own: at(own, key), defaults: isReplaced ? undefined : at(defaults, key), merged: at(merged, key) };
}

function item({ own, defaults, merged }: Place, name: string, index: string): Place {
  const find = (list: unknown): unknown =>
    Array.isArray(list) ? list.find((each) => nameOf(each) === name) : undefined;
  return { own: find(own), defaults: find(defaults), merged: at(merged, index) };
}

function sideOf({ own, defaults }: Place, before: Side): Side {
  if (own !== undefined && defaults !== undefined) return typeof own === "object" ? "both" : "own";
  if (own !== undefined) return "own";
  if (defaults !== undefined) return "defaults";
  return before === "both" ? "own" : before;
}

function at(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, key) ? Reflect.get(value, key) : undefined;
}

function nameOf(value: unknown): string | undefined {
  const name = at(value, "name");
  return typeof name === "string" ? name : undefined;
}
