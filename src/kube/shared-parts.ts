/** Characters of JSON up to which a part is kept once: beyond them hardly two are alike. */
const LONGEST = 512;

/** How many parts are remembered. When there are more, remembering begins anew; what is shared stays so. */
const MOST = 2048;

const known = new Map<string, object>();

/**
 * The same JSON value, in which each part that equals one seen before is that very object, frozen: ten thousand agents of a
 * few fleets have the same labels, owners and limits, and most of what a cache holds would be copies of them.
 */
export function withSharedParts<T extends object>(value: T): T {
  let copy: T | undefined;
  for (const [key, part] of Object.entries(value)) {
    const one: unknown = typeof part === "object" && part !== null ? shared(part) : part;
    if (one === part) continue;
    copy ??= (Array.isArray(value) ? [...value] : { ...value }) as T;
    Reflect.set(copy, key, one);
  }
  return copy ?? value;
}

function shared(part: object): object {
  const value = withSharedParts(part);
  const text = JSON.stringify(value);
  if (text.length > LONGEST) return value;
  const before = known.get(text);
  if (before !== undefined) return before;
  if (known.size >= MOST) known.clear();
  known.set(text, Object.freeze(value));
  return value;
}
