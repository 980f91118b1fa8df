import type { KubeObject, Stored } from "./types.ts";

/** Both times are cut to whole seconds, and the answer travelled: what one server's clock cannot tell apart. */
const ALLOWANCE_MS = 2000;

/** When the name was found taken, and how long after the call's begin that was. */
export interface FoundTaken {
  /** The Date header of the server's 409, so that this machine's own clock does not matter. */
  readonly serverDate: string | undefined;
  readonly elapsedMs: number;
}

/**
 * Whether the object under our deterministic name was made by the very call whose first answer was lost: it belongs to
 * the same controller, was created since the call began by the server's own clock, and is not being deleted. A
 * predecessor's object is then never taken for ours unless it was made for the same owner in the same two seconds, where
 * the difference matters to nobody.
 */
export function madeByLostTry(wanted: KubeObject, found: Stored, when: FoundTaken): boolean {
  if (found.metadata.deletionTimestamp !== undefined) return false;
  if (controllerUid(found) !== controllerUid(wanted)) return false;
  const begin = Date.parse(when.serverDate ?? "") - when.elapsedMs - ALLOWANCE_MS;
  return Date.parse(found.metadata.creationTimestamp) >= begin;
}

function controllerUid(object: KubeObject): string | undefined {
  return object.metadata.ownerReferences?.find((owner) => owner.controller === true)?.uid;
}
