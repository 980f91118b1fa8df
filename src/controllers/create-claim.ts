import type { KubeClient } from "../kube/client.ts";
import { isAlreadyExists } from "../kube/errors.ts";
import { claimResource } from "../kube/types-core.ts";
import { controllerOf } from "../workloads/labels.ts";
import { isStaleWorkspace } from "../workloads/workspace.ts";
import type { Refusal } from "./agent/refusal.ts";
import type { CreateClaim } from "./plan.ts";
import { CHILD_MANAGER } from "./write-status.ts";

/**
 * Makes an agent's claim unless it is there; one of that name that is not the agent's is refused, never mounted (O5). One
 * that is to be made anew is deleted first, and the error that it still stands in the way is thrown until it is gone.
 */
export async function createClaim(
  client: KubeClient,
  { claim }: CreateClaim,
  signal: AbortSignal,
): Promise<Refusal | undefined> {
  try {
    await client.create(claimResource, claim, { fieldManager: CHILD_MANAGER, signal });
    return undefined;
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
    const there = await client.get(claimResource, claim.metadata, { signal });
    // On its way out (its agent was recreated, or a person begins anew): nothing could mount it. Tried again until it is gone.
    if (there.metadata.deletionTimestamp !== undefined) throw error;
    if (controllerOf(there)?.uid === controllerOf(claim)?.uid) {
      if (!isStaleWorkspace(there, claim)) return;
      await client.delete(claimResource, claim.metadata, { uid: there.metadata.uid, signal });
      throw error;
    }
    const message = `a PersistentVolumeClaim named ${claim.metadata.name} exists and is not this agent's: delete or rename it`;
    return { reason: "NameConflict", message, needsHuman: true };
  }
}
