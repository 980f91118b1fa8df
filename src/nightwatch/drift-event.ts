import type { DriftLevel } from "../api/v1alpha1/nightwatch.ts";
import type { Correction } from "./correction-target.ts";
import { isWorse } from "./level.ts";
import type { Judgement } from "./judgement.ts";

/** An event about an agent or its fleet: what the controllers' plans call a note. */
export interface DriftEvent {
  readonly type: "Normal" | "Warning";
  readonly reason: string;
  /** What was done, one CamelCase word (events.k8s.io). */
  readonly action: string;
  readonly note: string;
}

/** One event per change of the level: a Warning when it got worse; undefined where it stays. A status without a level: Normal. */
export function levelChangeEvent(before: DriftLevel = "Normal", { drift, message }: Judgement): DriftEvent | undefined {
  const { level = "Normal" } = drift;
  if (level === before) return undefined;
  return {
    type: isWorse(level, before) ? "Warning" : "Normal",
    reason: reasonOf(level),
    action: "Evaluate",
    note: `${level} after ${before}, ${message}`,
  };
}

/** The one event of a correction (C8): why, and what becomes of what runs. `budget` says how much of it is used. */
export function correctionEvent(
  correction: Correction,
  { evaluation, message }: Judgement,
  budget: string,
): DriftEvent {
  const { action, level, pause } = correction;
  if (pause !== undefined) return { type: "Warning", reason: pause.reason, action, note: pause.message };
  const why = `${evaluation.level}, ${message}`;
  const effect = effectOf(correction);
  const note = [why, ...(effect === undefined ? [] : [effect]), ...(action === "Warn" ? [] : [budget])].join("; ");
  return { type: "Warning", reason: reasonOf(level), action, note };
}

function effectOf({ action, target, instead }: Correction): string | undefined {
  if (instead !== undefined) {
    const cause = target === undefined ? "nothing of it runs any more" : `${target.name} is not what drifted`;
    return `${cause}, so this is a warning and no ${instead}`;
  }
  const how =
    action === "Restart" ? "with a fresh workspace and fresh context" : "from current spec, ConfigMaps and Secrets";
  if (action === "Warn" || target === undefined) return undefined;
  return target.kind === "Pod"
    ? `Pod ${target.name} is replaced ${how}`
    : `run ${target.name} is cancelled, and one takes its place ${how}`;
}

/** DriftNormal, DriftMinor, DriftModerate, DriftSevere or DriftCritical. */
function reasonOf(level: DriftLevel): string {
  return `Drift${level}`;
}
