import { isDeepStrictEqual } from "node:util";
import type { Stored } from "../kube/types.ts";

/**
 * True when an update may change what is decided about the object itself: its spec, or its metadata. A status that this
 * operator wrote itself wakes nobody.
 */
export function specOrMetadataChanged(before: Stored, after: Stored): boolean {
  const was = before.metadata;
  const is = after.metadata;
  return (
    was.generation !== is.generation ||
    was.deletionTimestamp !== is.deletionTimestamp ||
    !isDeepStrictEqual(was.annotations, is.annotations) ||
    !isDeepStrictEqual(was.labels, is.labels) ||
    !isDeepStrictEqual(was.ownerReferences, is.ownerReferences)
  );
}
