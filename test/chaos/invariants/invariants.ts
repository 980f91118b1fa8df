import type { History, Violation } from "../history.ts";
import { noneTerminating, noOrphan, oneChild, oneController, oneStart } from "./children.ts";
import { fencing } from "./fencing.ts";
import { noLostOccurrence } from "./occurrences.ts";
import { secrecy } from "./secrecy.ts";
import { forward, terminal } from "./status.ts";
import { bounded, foreign, quiet } from "./writing.ts";

/** What must hold of every history, whatever went wrong on the way. */
export interface Invariant {
  readonly id: string;
  readonly promise: string;
  /** Pure: what of the history breaks the promise. */
  readonly judge: (history: History) => readonly Violation[];
}

export const invariants: readonly Invariant[] = [
  { id: "one-child", promise: "one child per owner and key at any time", judge: oneChild },
  { id: "one-start", promise: "at most one start for each occurrence, run and number", judge: oneStart },
  { id: "no-lost-occurrence", promise: "each occurrence ran or is counted as skipped", judge: noLostOccurrence },
  { id: "one-controller", promise: "exactly one controller owner", judge: oneController },
  { id: "no-orphan", promise: "no orphan at the end", judge: noOrphan },
  { id: "finalizers-gone", promise: "nothing still terminating at the end", judge: noneTerminating },
  { id: "status-forward", promise: "starts, generations and counters never go back", judge: forward },
  { id: "terminal-final", promise: "a run that has ended stays as it ended", judge: terminal },
  { id: "quiescence", promise: "no write once all is done, the lease aside", judge: quiet },
  { id: "bounded-retries", promise: "what fails is tried again with patience", judge: bounded },
  { id: "fencing", promise: "of several replicas only the lease's holder writes", judge: fencing },
  { id: "foreign-fields", promise: "nobody else's field or spec is changed", judge: foreign },
  { id: "no-secret", promise: "no secret in a log, an event or a status", judge: secrecy },
];

/** Every violation of every invariant, in their order. */
export function judge(history: History): readonly Violation[] {
  return invariants.flatMap((invariant) => invariant.judge(history));
}
