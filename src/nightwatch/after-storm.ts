import type { Nightwatch } from "../api/v1alpha1/nightwatch.ts";
import { type Instant } from "../schedule/instant.ts";
import { fromInstant } from "../workloads/time.ts";
import { judge, type Judgement } from "./judgement.ts";
import { bucketsOf, takeOut, windowOf } from "./window.ts";

/**
 * An agent after the storm that it was part of (C6): what it wrote between its onset and now is taken out of its window, and
 * what is left is judged anew. `judged` is its evaluation at the storm's end, which has read all that it wrote until then.
 */
export function withoutStorm(judged: Judgement, settings: Nightwatch, now: Instant): Judgement {
  const { affected, ...drift } = judged.drift;
  const window = windowOf(drift);
  if (affected === undefined || window === undefined) return judged;
  const left = takeOut(window, bucketsOf(affected.buckets), { now, windowSeconds: settings.windowSeconds });
  const verdict = judge(left, settings, judged.drifted.reason === "StaleEvidence");
  const { scorePercent: _, ...others } = drift;
  return {
    ...verdict,
    isNews: true,
    drift: { ...others, ...verdict.drift, lastEvaluationTime: fromInstant(now) },
  };
}
