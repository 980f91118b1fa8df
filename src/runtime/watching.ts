import type { KubeObject, ObjectRef, ResourceType, Stored } from "../kube/types.ts";
import type { Controller, Informer } from "./contract.ts";

/** Connects an informer to a controller: registers a handler that enqueues. */
export type Watch = (controller: Controller) => void;

export interface WatchOptions<T extends KubeObject> {
  /** An update for which this is false enqueues nothing (controller-runtime's predicates); default: every update counts. */
  readonly when?: (before: Stored<T>, after: Stored<T>) => boolean;
  /** Whether an object of the initial list may have missed something that is due: it waits behind no later change. Default: none. */
  readonly isUrgent?: (object: Stored<T>) => boolean;
}

/**
 * Enqueues what `refsOf` makes of every object that was added, updated or deleted; of an update both what it was and what
 * it became, so that an object that moves from one parent to another wakes both. The initial list comes at low priority,
 * but for what is urgent.
 */
export function watching<T extends KubeObject>(
  informer: Informer<T>,
  refsOf: (object: Stored<T>) => readonly ObjectRef[],
  options: WatchOptions<T> = {},
): Watch {
  const { when = () => true, isUrgent = () => false } = options;
  return (controller) =>
    informer.onEvent({
      added(object, isInInitialList) {
        const priority = isInInitialList && !isUrgent(object) ? "low" : "normal";
        for (const ref of refsOf(object)) controller.enqueue(ref, priority);
      },
      updated(before, after) {
        if (!when(before, after)) return;
        for (const ref of refsOf(before)) controller.enqueue(ref);
        for (const ref of refsOf(after)) controller.enqueue(ref);
      },
      deleted(object) {
        for (const ref of refsOf(object)) controller.enqueue(ref);
      },
    });
}

/** Enqueues the object itself. */
export function itself(object: Stored): readonly ObjectRef[] {
  const { namespace, name } = object.metadata;
  return [namespace === undefined ? { name } : { namespace, name }];
}

/**
 * Enqueues the controlling owner, if it is of that kind in any version. Owner and child share a namespace. The owner's
 * uid is for the reconcile to check: the event may come after the owner was recreated.
 */
export function owner(type: ResourceType): (object: Stored) => readonly ObjectRef[] {
  return ({ metadata }) => {
    const reference = metadata.ownerReferences?.find(({ controller }) => controller === true);
    if (reference === undefined || reference.kind !== type.kind || groupOf(reference.apiVersion) !== type.group)
      return [];
    const { namespace } = metadata;
    return [
      type.namespaced && namespace !== undefined ? { namespace, name: reference.name } : { name: reference.name },
    ];
  };
}

function groupOf(apiVersion: string): string {
  const slash = apiVersion.indexOf("/");
  return slash < 0 ? "" : apiVersion.slice(0, slash);
}
