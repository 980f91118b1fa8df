import type { StoredAgent } from "../agent/observed.ts";
import type { StoredRun } from "./observed.ts";

/** A run that waits for a place, with its agent. */
export interface Candidate {
  readonly run: StoredRun;
  readonly agent: StoredAgent;
}

/** The order in which the runs of one fleet take places, as it was at one moment. Places count from 0. */
export interface QueueView {
  readonly size: number;
  placeOf(run: StoredRun): number | undefined;
  /** Where a run that came since would stand. Costs O(log n). */
  placeFor(candidate: Candidate): number;
  first(count: number): readonly StoredRun[];
}

export function createQueueView(candidates: readonly Candidate[]): QueueView {
  const order = [...candidates].sort(byLayerThenAge);
  const places = new Map(order.map(({ run }, place) => [run.metadata.uid, place]));
  return {
    size: order.length,
    placeOf: ({ metadata }) => places.get(metadata.uid),
    placeFor(candidate) {
      let [low, high] = [0, order.length];
      while (low < high) {
        const middle = (low + high) >> 1;
        const there = order[middle];
        if (there !== undefined && byLayerThenAge(there, candidate) < 0) low = middle + 1;
        else high = middle;
      }
      return low;
    },
    first: (count) => order.slice(0, count).map(({ run }) => run),
  };
}

/** True when `a` was created before `b`; within one second, which is all that the API server tells, the name decides. */
export function isOlder({ metadata: a }: StoredRun, { metadata: b }: StoredRun): boolean {
  if (a.creationTimestamp !== b.creationTimestamp) return a.creationTimestamp < b.creationTimestamp;
  return a.name < b.name;
}

/** behaviour.md R2: Core before Growth, then age. Safety agents have no runs. */
function byLayerThenAge(a: Candidate, b: Candidate): number {
  if (a.agent.spec.layer !== b.agent.spec.layer) return a.agent.spec.layer === "Core" ? -1 : 1;
  if (a.run.metadata.uid === b.run.metadata.uid) return 0;
  return isOlder(a.run, b.run) ? -1 : 1;
}
