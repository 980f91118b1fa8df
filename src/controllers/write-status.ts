import type { KubeClient } from "../kube/client.ts";
import { isNotFound } from "../kube/errors.ts";
import { isSame } from "../kube/server-side-apply.ts";
import type { KubeObject, ResourceType, Stored } from "../kube/types.ts";
import type { Informer, ReconcileContext } from "../runtime/contract.ts";

/** Who writes status (api.md, "Field managers"). */
const STATUS_MANAGER = "darkfactory-status";

/** Who writes Pods, Jobs and runs. */
export const CHILD_MANAGER = "darkfactory";

/** Who writes the Agents of a fleet. */
export const FLEET_MANAGER = "darkfactory-fleet";

type WithStatus = KubeObject & { readonly status?: unknown };

/**
 * Writes the whole status in one apply, or nothing where nothing changed (O4). The object's resourceVersion goes along: a
 * decision on an older state, or on an object that was recreated under this name, ends in a conflict and is made anew.
 */
export async function writeStatus<T extends WithStatus>(
  client: KubeClient,
  informer: Informer<T>,
  object: Stored<T>,
  status: T["status"],
  context: ReconcileContext,
): Promise<Stored<T>> {
  if (isSame(object.status, status)) return object;
  const { group, version, kind } = informer.type as ResourceType;
  const { name, namespace, resourceVersion } = object.metadata;
  const written = {
    apiVersion: `${group}/${version}`,
    kind,
    metadata: { name, ...(namespace === undefined ? {} : { namespace }), resourceVersion },
    status,
  };
  // Only what identifies the object and the status are sent: an apply of the spec would make its fields ours (O6).
  try {
    const answer = await client.applyStatus(informer.type, written as KubeObject as T, {
      fieldManager: STATUS_MANAGER,
      signal: context.signal,
    });
    context.wrote(informer, answer);
    return answer;
  } catch (error) {
    // Deleted meanwhile: there is nothing left that could say anything.
    if (isNotFound(error)) return object;
    throw error;
  }
}
