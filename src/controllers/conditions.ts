import type { Condition } from "../kube/types.ts";

/** A condition as decided; when it last changed is worked out from what stood there before. */
export type NewCondition = Omit<Condition, "lastTransitionTime" | "observedGeneration">;

/** The longest message that metav1.Condition's schema admits. */
const MESSAGE_LIMIT = 32_768;

/**
 * The next list of conditions: those given replace the ones of their type, `undefined` removes one, others stay.
 * lastTransitionTime moves only when a status changes (API conventions). Order: as in `types` first, so that the list never
 * flips about.
 */
export function nextConditions(
  before: readonly Condition[] | undefined,
  changes: Readonly<Record<string, NewCondition | undefined>>,
  generation: number,
  now: string,
): readonly Condition[] {
  const kept = new Map((before ?? []).map((condition) => [condition.type, condition]));
  for (const [type, change] of Object.entries(changes)) {
    const old = kept.get(type);
    if (change === undefined) kept.delete(type);
    else {
      const sameStatus = old?.status === change.status;
      kept.set(type, {
        type,
        status: change.status,
        observedGeneration: generation,
        lastTransitionTime: sameStatus ? old.lastTransitionTime : now,
        reason: change.reason,
        message: cut(change.message),
      });
    }
  }
  return [...kept.values()].sort((a, b) => order(a.type) - order(b.type) || (a.type < b.type ? -1 : 1));
}

/** Ready first: kubectl prints the first match, and people read from the top. */
const ORDER = ["Ready", "Reconciling", "Stalled"];

function order(type: string): number {
  const index = ORDER.indexOf(type);
  return index < 0 ? ORDER.length : index;
}

function cut(message: string): string {
  // At a character's boundary: half of a surrogate pair would be no text any more.
  return message.length <= MESSAGE_LIMIT ? message : `${message.slice(0, MESSAGE_LIMIT - 2).toWellFormed()}…`;
}

/** The three conditions that say how a resource stands (kstatus): at most one of Reconciling and Stalled is ever there. */
export interface Standing {
  readonly ready: "True" | "False" | "Unknown";
  readonly reason: string;
  readonly message: string;
  /** Work is in hand ("Reconciling"), or a human must act ("Stalled"). */
  readonly also?: "Reconciling" | "Stalled";
}

/** Turns a standing into its conditions. */
export function standingConditions(standing: Standing): Readonly<Record<string, NewCondition | undefined>> {
  const { reason, message, also } = standing;
  const of = (type: string): NewCondition | undefined =>
    also === type ? { type, status: "True", reason, message } : undefined;
  return {
    Ready: { type: "Ready", status: standing.ready, reason, message },
    Reconciling: of("Reconciling"),
    Stalled: of("Stalled"),
  };
}

/** How a resource stood when its conditions were written; undefined before that. */
export function standingOfConditions(conditions: readonly Condition[] | undefined): Standing | undefined {
  const ready = condition(conditions, "Ready");
  if (ready === undefined) return undefined;
  const also = (["Reconciling", "Stalled"] as const).find((type) => condition(conditions, type)?.status === "True");
  const { status, reason, message } = ready;
  return { ready: status, reason, message, ...(also === undefined ? {} : { also }) };
}

/** Finds one condition by type. */
export function condition(conditions: readonly Condition[] | undefined, type: string): Condition | undefined {
  return conditions?.find((each) => each.type === type);
}
