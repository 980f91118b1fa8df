import { agentResource } from "../../src/api/v1alpha1/agent.ts";
import { agentFleetResource } from "../../src/api/v1alpha1/agent-fleet.ts";
import { agentRunResource } from "../../src/api/v1alpha1/agent-run.ts";
import { keptPart } from "../../src/kube/kept-part.ts";
import { jobResource, podResource } from "../../src/kube/types-core.ts";
import type { ResourceType } from "../../src/kube/types.ts";
import type { Person } from "../chaos/person.ts";

const KINDS: readonly ResourceType[] = [agentResource, agentFleetResource, agentRunResource, podResource, jobResource];

/** MB (10^6 bytes of JSON) of a namespace's objects that the operator's caches keep, managedFields apart. */
export async function keptMb(person: Person): Promise<number> {
  const objects = (await Promise.all(KINDS.map((type) => person.list(type)))).flat();
  return objects.reduce((sum, object) => sum + JSON.stringify(keptPart(object)).length, 0) / 1e6;
}
