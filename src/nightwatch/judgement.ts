import type { AgentStatus } from "../api/v1alpha1/agent-status.ts";
import type { DriftLevel, Nightwatch } from "../api/v1alpha1/nightwatch.ts";
import { samplesOf, type Counters } from "./counters.ts";
import { evaluate, ratePercentsOf, type Evaluation } from "./evaluation.ts";
import { explainDrift } from "./explain.ts";
import { totalOf, type DriftWindow } from "./window.ts";

/** status.drift of an Agent. */
export type Drift = NonNullable<AgentStatus["drift"]>;

/** Status and reason of the condition Drifted: the level, or why there is none to go by (D4, D9). */
export interface Drifted {
  readonly status: "True" | "False" | "Unknown";
  readonly reason: DriftLevel | "InsufficientSamples" | "StaleEvidence";
}

/** The condition Drifted of an agent of which nothing was seen yet (D4). */
export const notYetDrifted: Drifted = { status: "Unknown", reason: "InsufficientSamples" };

/** What one evaluation of an agent comes to. */
export interface Judgement {
  /** The whole next status.drift. */
  readonly drift: Drift;
  readonly evaluation: Evaluation;
  readonly drifted: Drifted;
  /** Message of Drifted. */
  readonly message: string;
  /** False where nothing is worth a write (D12): the caller keeps the status and the message that stand there. */
  readonly isNews: boolean;
}

/** What a window says, before it is known whether that is news. Slid: see `slide`. */
export type Verdict = Omit<Judgement, "isNews">;

/** Judges a window (D4, D5, D9). Stale evidence is shown, and judged by nobody. */
export function judge(window: DriftWindow, settings: Nightwatch, isStale: boolean): Verdict {
  const counts = totalOf(window);
  const evaluation = evaluate(counts, settings);
  const { level, scorePercent } = evaluation;
  const why = explainDrift(counts, evaluation, settings);
  return {
    evaluation,
    drifted: driftedOf(evaluation, isStale),
    message: isStale
      ? `no fresh evidence for longer than two intervals of ${settings.evaluationIntervalSeconds} s; of what is known: ${why}`
      : why,
    drift: { level, ...(scorePercent === undefined ? {} : { scorePercent }), ...figuresOf(counts), ...window },
  };
}

function driftedOf({ level, hasEnoughSamples }: Evaluation, isStale: boolean): Drifted {
  if (isStale) return { status: "Unknown", reason: "StaleEvidence" };
  if (!hasEnoughSamples) return notYetDrifted;
  return { status: level === "Normal" ? "False" : "True", reason: level };
}

/** What a status shows of the counts of its window. */
export function figuresOf(
  counts: Counters,
): Pick<Drift, "samples" | "counts" | keyof ReturnType<typeof ratePercentsOf>> {
  return { samples: samplesOf(counts), ...ratePercentsOf(counts), counts };
}
