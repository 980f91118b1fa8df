import { withSharedParts } from "./shared-parts.ts";
import type { KubeObject, Stored } from "./types.ts";

/**
 * What a cache keeps of an object: all but managedFields, which are half of a Pod's size and nobody's concern here, frozen
 * at its top and in metadata, where a mistaken write is likeliest. (Freezing deeper costs as much as parsing.)
 */
export function keptPart<T extends KubeObject>(
  object: Stored<T>,
  transform: (object: Stored<T>) => Stored<T> = (same) => same,
): Stored<T> {
  const kept = transform({ ...object, metadata: withoutManagedFields(object.metadata) });
  Object.freeze(kept.metadata);
  return Object.freeze(kept);
}

/** With labels and owners shared; a copy, because deleting a property would turn the object into a slower and larger one. */
function withoutManagedFields<M extends object>(metadata: M): M {
  const { managedFields: _dropped, ...rest } = metadata as M & { readonly managedFields?: unknown };
  return withSharedParts(rest as M);
}
