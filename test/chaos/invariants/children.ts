import { controllerOf, label, managedBy } from "../../../src/workloads/labels.ts";
import { type Change, type History, nameOf, presentAtEnd, type Violation, type Watched } from "../history.ts";

/** One child per owner and key at any time (L1, K3, R1). */
export function oneChild({ changes }: History): readonly Violation[] {
  const alive = new Map<string, Map<string, string>>();
  return changes.flatMap((change): readonly Violation[] => {
    const slot = slotOf(change);
    if (slot === undefined) return [];
    const { uid, name } = change.object.metadata;
    const its = alive.get(slot) ?? new Map<string, string>();
    alive.set(slot, its);
    if (change.type === "DELETED") its.delete(uid);
    else its.set(uid, name);
    if (change.type !== "ADDED" || its.size <= 1) return [];
    return [
      violation("one-child", change, `stands beside another of the same ${slot}: ${[...its.values()].join(", ")}`),
    ];
  });
}

/** At most one start for each occurrence, run and number, alive or not (K3, L5, R1, R8). */
export function oneStart({ changes }: History): readonly Violation[] {
  const started = new Map<string, string>();
  return changes.flatMap((change): readonly Violation[] => {
    const start = change.type === "ADDED" ? startOf(change) : undefined;
    if (start === undefined) return [];
    const before = started.get(start);
    started.set(start, change.object.metadata.uid);
    if (before === undefined || before === change.object.metadata.uid) return [];
    return [violation("one-start", change, `is the second start of ${start}`)];
  });
}

/** Exactly one controller owner for all that the operator made. */
export function oneController({ changes }: History): readonly Violation[] {
  const seen = new Set<string>();
  return changes.flatMap((change): readonly Violation[] => {
    const { metadata } = change.object;
    if (change.kind === "Event" || change.type === "DELETED") return [];
    const controllers = (metadata.ownerReferences ?? []).filter(({ controller }) => controller === true);
    const isOurs = metadata.labels?.[label.managedBy] === managedBy;
    if (controllers.length === 1 || (controllers.length === 0 && !isOurs) || seen.has(metadata.uid)) return [];
    seen.add(metadata.uid);
    return [violation("one-controller", change, `has ${controllers.length} controllers`)];
  });
}

/** No orphan: at the end every owner of what is there is there too (F6). */
export function noOrphan({ changes }: History): readonly Violation[] {
  const present = presentAtEnd(changes).filter(({ kind }) => kind !== "Event");
  const uids = new Set(present.map(({ object }) => object.metadata.uid));
  return present.flatMap((change) =>
    (change.object.metadata.ownerReferences ?? [])
      .filter(({ uid }) => !uids.has(uid))
      .map(({ kind, name }) => violation("no-orphan", change, `is there although its owner ${kind} ${name} is gone`)),
  );
}

/** Finalizers gone: at the end nothing is still on its way out. */
export function noneTerminating({ changes }: History): readonly Violation[] {
  return presentAtEnd(changes)
    .filter(({ object }) => object.metadata.deletionTimestamp !== undefined)
    .map((change) => {
      const { finalizers = [] } = change.object.metadata;
      const why = finalizers.length === 0 ? "without a finalizer" : `held by ${finalizers.join(", ")}`;
      return violation("finalizers-gone", change, `is still terminating at the end, ${why}`);
    });
}

/** Of what at most one may be alive: an agent's Pod, a run's Job, an occurrence's or a request's run, a fleet's agent of a name. */
function slotOf({ kind, object }: Change): string | undefined {
  const owner = controllerOf(object);
  if (owner === undefined) return undefined;
  // By name, without uid: the Pod of an agent that was deleted and made anew must be gone before the next runs.
  if (kind === "Pod") return owner.kind === "Agent" ? `Pod of Agent ${owner.name}` : undefined;
  if (kind === "Job") return `Job of ${owner.kind} ${owner.name} (${owner.uid})`;
  if (kind === "AgentRun") return `run ${keyOf(object)} of ${owner.kind} ${owner.name} (${owner.uid})`;
  if (kind === "Agent") return `agent ${object.metadata.name} of ${owner.kind} ${owner.name} (${owner.uid})`;
  return undefined;
}

/** What happens once in all time. */
function startOf({ kind, object }: Change): string | undefined {
  const owner = controllerOf(object);
  if (owner === undefined) return undefined;
  if (kind === "Job") return `the Job of ${owner.kind} ${owner.name} (${owner.uid})`;
  if (kind === "AgentRun") return `run ${keyOf(object)} of ${owner.kind} ${owner.name} (${owner.uid})`;
  if (kind === "Pod" && owner.kind === "Agent") return `Pod ${object.metadata.name} of ${owner.name} (${owner.uid})`;
  return undefined;
}

/** A run of the schedule is told by its occurrence, any other by its name. */
function keyOf(object: Watched): string {
  const { scheduledTime } = object.spec as { readonly scheduledTime?: string };
  return scheduledTime ?? object.metadata.name;
}

function violation(invariant: string, change: Change, what: string): Violation {
  return { invariant, about: nameOf(change), what };
}
