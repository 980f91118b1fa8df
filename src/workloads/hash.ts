import { createHash } from "node:crypto";

/** A field in whose value everything counts: in an overlay a null removes, and an empty list replaces, what it meets. */
const OVERLAY = "podTemplate";

/**
 * A short hash of a JSON value that does not depend on the order of its keys, nor on whether an empty list, an empty map or
 * an absent field says "nothing" (except within a podTemplate). 16 hex digits (64 bits): it tells an agent's own versions
 * apart, it is no security.
 */
export function hashOf(value: unknown): string {
  return createHash("sha256")
    .update(JSON.stringify(canonical(value)) ?? "null")
    .digest("hex")
    .slice(0, 16);
}

/** 0 up to, but never, 1, evenly spread over names: the first 32 bits of the hash. To give each its own place in an interval. */
export function shareOf(name: string): number {
  return Number.parseInt(hashOf(name).slice(0, 8), 16) / 2 ** 32;
}

function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical);
  if (!isMap(value)) return value;
  const entries = Object.entries(value)
    .map(([key, field]) => [key, key === OVERLAY && isMap(field) ? exact(field) : canonical(field)] as const)
    .filter(([, field]) => !isNothing(field));
  return entries.length === 0 ? undefined : asMap(entries);
}

function exact(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(exact);
  return isMap(value) ? asMap(Object.entries(value).map(([key, field]) => [key, exact(field)] as const)) : value;
}

/** An array of pairs, not an object: a key named __proto__ or "1" must not change the order or vanish. */
function asMap(entries: readonly (readonly [string, unknown])[]): unknown {
  return { map: entries.filter(([, field]) => field !== undefined).sort(([a], [b]) => (a < b ? -1 : 1)) };
}

function isMap(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isNothing(value: unknown): boolean {
  return value === undefined || value === null || (Array.isArray(value) && value.length === 0);
}
