import { type Agent, parseAgentSpec } from "../../api/v1alpha1/agent.ts";
import { withSharedParts } from "../../kube/shared-parts.ts";
import { hashOf } from "../../workloads/hash.ts";
import { annotation, controlledBy, label, managedBy } from "../../workloads/labels.ts";
import { merge, mergeOverlays } from "../../workloads/merge.ts";
import { inManifest } from "./entry-field.ts";
import type { InvalidAgent, StoredFleet } from "./observed.ts";

/** One entry of a fleet, merged and checked: the Agent to apply, or why there can be none. */
export type Entry =
  | { readonly ok: true; readonly name: string; readonly hash: string; readonly agent: Agent }
  | { readonly ok: false; readonly invalid: InvalidAgent };

/** Merges the fleet's defaults under each entry (F3) and checks the result with the rules that the CRD states (F5). */
export function entriesOf(fleet: StoredFleet): readonly Entry[] {
  const known = made.get(fleet.spec);
  if (known?.uid === fleet.metadata.uid) return known.entries;
  const entries = makeEntries(fleet);
  made.set(fleet.spec, { uid: fleet.metadata.uid, entries });
  return entries;
}

/** A spec's entries are the same at every look, and of a fleet of a thousand they are looked at twice a second. */
const made = new WeakMap<object, { readonly uid: string; readonly entries: readonly Entry[] }>();

function makeEntries(fleet: StoredFleet): readonly Entry[] {
  return (fleet.spec.agents ?? []).map(({ name, ...own }) => {
    const spec = withDefaults(fleet, own);
    const parsed = parseAgentSpec(spec);
    if (parsed.ok) return { ok: true, name, ...toApply(fleet, name, spec as Agent["spec"]) };
    const from = { name, own, defaults: fleet.spec.defaults, merged: spec };
    const problems = parsed.problems.map((problem) => inManifest(problem, from));
    const message = problems.map(({ field, message }) => `${field}: ${message}`).join("; ");
    return { ok: false, invalid: { name, reason: "InvalidSpec", message } };
  });
}

/** An overlay's nulls are not ours to carry out: they remove what the operator's own Pod would have. */
function withDefaults({ spec: { defaults = {} } }: StoredFleet, own: { readonly podTemplate?: unknown }): object {
  const podTemplate = mergeOverlays(defaults.podTemplate, own.podTemplate);
  return { ...(merge(defaults, own) as object), ...(podTemplate === undefined ? {} : { podTemplate }) };
}

/** What the fleet applies: only fields that it sets itself, so that all others stay with whoever set them (F1). */
function toApply(
  fleet: StoredFleet,
  name: string,
  spec: Agent["spec"],
): { readonly hash: string; readonly agent: Agent } {
  const hash = hashOf({ spec, fleet: fleet.metadata.name });
  return {
    hash,
    agent: withSharedParts({
      apiVersion: "darkfactory.dev/v1alpha1",
      kind: "Agent",
      metadata: {
        name,
        ...(fleet.metadata.namespace === undefined ? {} : { namespace: fleet.metadata.namespace }),
        labels: {
          [label.managedBy]: managedBy,
          [label.fleet]: fleet.metadata.name,
          [label.layer]: spec.layer,
        },
        annotations: { [annotation.appliedHash]: hash },
        ownerReferences: [controlledBy("AgentFleet", fleet.metadata)],
      },
      spec,
    }),
  };
}
