/**
 * Whether `live` already holds every field of `desired`, so that applying `desired` would add or change nothing. Fields of
 * `live` that `desired` does not name are others' (or the server's defaults) and do not matter; lists are compared item by
 * item and must be of one length.
 *
 * It cannot see that a field which was applied before is no longer desired: where that can happen and everything is ours
 * (a status), compare with isSame instead.
 */
export function isCovered(desired: unknown, live: unknown): boolean {
  if (isNothing(desired)) return true;
  if (Array.isArray(desired)) {
    if (!Array.isArray(live)) return desired.length === 0 && isNothing(live);
    return desired.length === live.length && desired.every((item, index) => isCovered(item, live[index]));
  }
  if (isObject(desired)) {
    const held = isObject(live) ? live : undefined;
    if (held === undefined && !isNothing(live)) return false;
    return Object.entries(desired).every(([key, value]) => isCovered(value, held?.[key]));
  }
  return Object.is(desired, live);
}

/** Whether two JSON values are equal: key order does not matter, and a key that is undefined or null is an absent one. */
export function isSame(a: unknown, b: unknown): boolean {
  if (isNothing(a) || isNothing(b)) return isNothing(a) && isNothing(b);
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false;
    return a.every((item, index) => isSame(item, b[index]));
  }
  if (!isObject(a) || !isObject(b)) return Object.is(a, b);
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...keys].every((key) => isSame(a[key], b[key]));
}

function isNothing(value: unknown): value is null | undefined {
  return value === undefined || value === null;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
