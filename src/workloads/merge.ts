/** Lists of these fields are matched by this key when both sides are merged (Kubernetes' own patchMergeKey of core/v1). */
const MERGE_KEYS: Readonly<Record<string, string>> = {
  volumeMounts: "mountPath",
  volumeDevices: "devicePath",
  ports: "containerPort",
  hostAliases: "ip",
  topologySpreadConstraints: "topologyKey",
};

/** What a null in an overlay does: it removes what it meets, or stays, where the result is itself an overlay for later. */
type Nulls = "remove" | "keep";

/**
 * Merges an overlay over a base, strategically (F3): objects by key, lists by their items' name (or the field's own merge
 * key) where every item has one, everything else by replacement. `null` in the overlay removes the field. Neither side is
 * changed. Keys such as `__proto__` are plain data here.
 */
export function merge(base: unknown, overlay: unknown): unknown {
  return mergeField(base, overlay, { field: "", nulls: "remove" });
}

/** Makes one overlay of two, the second over the first, as merge does; a `null` stays, for what it is merged over later. */
export function mergeOverlays(first: unknown, second: unknown): unknown {
  return mergeField(first, second, { field: "", nulls: "keep" });
}

interface Place {
  readonly field: string;
  readonly nulls: Nulls;
}

function mergeField(base: unknown, overlay: unknown, place: Place): unknown {
  if (overlay === undefined) return base;
  if (isRecord(base) && isRecord(overlay)) return mergeObjects(base, overlay, place.nulls);
  if (Array.isArray(base) && Array.isArray(overlay)) return mergeLists(base, overlay, place);
  return fresh(overlay, place.nulls);
}

/** What an overlay says where it meets nothing that it could be merged with. */
function fresh(overlay: unknown, nulls: Nulls): unknown {
  if (Array.isArray(overlay)) return overlay.map((item) => fresh(item, nulls));
  return isRecord(overlay) ? mergeObjects({}, overlay, nulls) : overlay;
}

function mergeObjects(
  base: Record<string, unknown>,
  overlay: Record<string, unknown>,
  nulls: Nulls,
): Record<string, unknown> {
  const merged = new Map(Object.entries(base));
  for (const [field, value] of Object.entries(overlay)) {
    if (value === null && nulls === "remove") merged.delete(field);
    else merged.set(field, mergeField(merged.get(field), value, { field, nulls }));
  }
  return Object.fromEntries(merged);
}

function mergeLists(
  base: readonly unknown[],
  overlay: readonly unknown[],
  { field, nulls }: Place,
): readonly unknown[] {
  const key = MERGE_KEYS[field] ?? "name";
  const keyed = (items: readonly unknown[]) => items.every((item) => isRecord(item) && item[key] !== undefined);
  if (overlay.length === 0 || !keyed(base) || !keyed(overlay)) return overlay.map((item) => fresh(item, nulls));
  const items = new Map(base.map((item) => [keyOf(item, key), item]));
  for (const item of overlay) {
    const at = keyOf(item, key);
    items.set(at, mergeField(items.get(at), item, { field: "", nulls }));
  }
  return [...items.values()];
}

function keyOf(item: unknown, key: string): unknown {
  return isRecord(item) ? item[key] : undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
