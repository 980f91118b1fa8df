import type { CorrectionAction, DriftLevel, Nightwatch } from "../api/v1alpha1/nightwatch.ts";
import type { Counters } from "./counters.ts";
import { evaluate, type ScoreSettings } from "./evaluation.ts";
import { isWorse } from "./level.ts";
import type { Pause } from "./pause.ts";

/** What runs of an agent now (C3). */
export type Target =
  /** A Safety agent's Pod: its window began with it (D7), so all that was counted is its own. */
  | { readonly kind: "Pod"; readonly name: string }
  /** A run: the agent's window holds the runs before it too (D11). `counts` are what was counted of this run alone. */
  | { readonly kind: "AgentRun"; readonly name: string; readonly counts: Counters };

/** One correction, to be carried out. */
export interface Correction {
  /** The level that is answered: a run is answered for its own (C3). */
  readonly level: DriftLevel;
  readonly action: Exclude<CorrectionAction, "None">;
  readonly target?: Target;
  /** The Reload or Restart that became this Warn: what runs, if anything does, is not what was counted (C3). */
  readonly instead?: "Reload" | "Restart";
  /** The next status.pause, where the action is Pause. */
  readonly pause?: Pause;
}

/** What is done at a level (C1). */
export function actionAt(level: DriftLevel, actions: Nightwatch["actions"]): CorrectionAction {
  switch (level) {
    case "Normal":
      return "None";
    case "Minor":
      return actions.minor;
    case "Moderate":
      return actions.moderate;
    case "Severe":
      return actions.severe;
    case "Critical":
      return actions.critical;
  }
}

/**
 * How far off a target is by its own doing, when its agent is at `level`: a run is never stopped for what runs before it
 * did (C3), nor for more than its agent's level.
 */
export function levelOfTarget(target: Target, level: DriftLevel, settings: ScoreSettings): DriftLevel {
  if (target.kind === "Pod") return level;
  const own = evaluate(target.counts, settings).level;
  return isWorse(own, level) ? level : own;
}

/** Of several runs the one to correct: the one that is farthest off by its own doing; undefined where none runs. */
export function farthestOff<T extends { readonly counts: Counters }>(
  runs: readonly T[],
  settings: ScoreSettings,
): T | undefined {
  const scored = runs.map((run) => ({ run, evaluation: evaluate(run.counts, settings) }));
  // A run of too few samples to judge may score high by chance.
  const rank = ({ evaluation }: (typeof scored)[number]) => (evaluation.hasEnoughSamples ? evaluation.score : -1);
  return scored.reduce<(typeof scored)[number] | undefined>(
    (worst, one) => (worst === undefined || rank(one) > rank(worst) ? one : worst),
    undefined,
  )?.run;
}
