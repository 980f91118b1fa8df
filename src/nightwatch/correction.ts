import type { AgentStatus } from "../api/v1alpha1/agent-status.ts";
import type { CorrectionAction, Nightwatch } from "../api/v1alpha1/nightwatch.ts";
import { type Instant } from "../schedule/instant.ts";
import { fromInstant } from "../workloads/time.ts";
import { isWithinActiveHours } from "./active-hours.ts";
import { budgetUsed, type CorrectionRecord, isBudgeted, withCorrection } from "./correction-record.ts";
import { actionAt, type Correction, levelOfTarget, type Target } from "./correction-target.ts";
import { freshDrift } from "./drift.ts";
import { correctionEvent, type DriftEvent, levelChangeEvent } from "./drift-event.ts";
import { type Drift, type Drifted, type Judgement, notYetDrifted } from "./judgement.ts";
import { isWorse } from "./level.ts";
import { type AgentName, type Pause, pausedByNightwatch } from "./pause.ts";

/** All that a correction is decided by. */
export interface CorrectionInput {
  readonly agent: AgentName;
  readonly settings: Nightwatch;
  /** The status before this evaluation: the level that was, and what was corrected before. */
  readonly before: Pick<AgentStatus, "drift" | "correction" | "pause">;
  readonly judgement: Judgement;
  /** Undefined where nothing runs, such as at the end of a run. */
  readonly target: Target | undefined;
  /** A storm is on in the agent's group (C6). */
  readonly isStormOn: boolean;
}

/** Why what a level asks for is not done now. It is done once nothing keeps it, if the evidence still says so. */
export type HeldBack = "Paused" | "Observe" | "StaleEvidence" | "OutsideActiveHours" | "StormGuard" | "Correcting";

/** What an evaluation leads to: the correction, if any, and all that the next status says because of it. */
export interface CorrectionDecision {
  readonly correction?: Correction;
  readonly heldBack?: HeldBack;
  /** The next status.correction: as before where nothing is corrected. */
  readonly record: CorrectionRecord | undefined;
  /**
   * The next status.drift. A Reload or Restart empties the window in the same write, so that no evidence acts twice (C2);
   * after a Pause the last figures stand (D11) until the resume begins an empty one (C5).
   */
  readonly drift: Drift;
  readonly drifted: Drifted;
  /** Message of Drifted. */
  readonly message: string;
  readonly events: readonly DriftEvent[];
  /** False where the status stays as it is (D12). */
  readonly isNews: boolean;
}

/**
 * What is done about a judgement (C1–C5, C7, C8). A Warn comes once, on entering its level from below. Reload, Restart and
 * Pause come whenever the level asks for them: each leaves an empty window or a paused agent, so whatever is judged here is
 * evidence that none of them has answered (C2), and one that was held back needs no memory.
 */
export function decideCorrection(input: CorrectionInput, now: Instant): CorrectionDecision {
  const correction = wantedCorrection(input, now);
  if (correction === undefined) return nothing(input);
  const heldBack = reasonToHoldBack(input, correction.action, now);
  return heldBack === undefined ? carriedOut(input, correction, now) : { ...nothing(input), heldBack };
}

/** What the level asks for, whatever may keep it. */
function wantedCorrection(input: CorrectionInput, now: Instant): Correction | undefined {
  const { settings, judgement, target } = input;
  const { level } = judgement.evaluation;
  const action = actionAt(level, settings.actions);
  switch (action) {
    case "None":
      return undefined;
    case "Warn":
      return warnOnEntering(input, {});
    case "Pause":
      return { level, action, pause: pauseFor(input, "DriftCritical", now), ...targeted(target) };
    case "Reload":
    case "Restart":
      return wantedReplacement(input, action, now);
  }
}

/** A Reload or Restart of what was counted and still runs; else a Warn (C3). Past the budget a Pause (C4). */
function wantedReplacement(
  input: CorrectionInput,
  instead: "Reload" | "Restart",
  now: Instant,
): Correction | undefined {
  const { settings, judgement, target, before } = input;
  if (target === undefined) return warnOnEntering(input, { instead });
  const level = levelOfTarget(target, judgement.evaluation.level, settings);
  const action = actionAt(level, settings.actions);
  if (action !== "Reload" && action !== "Restart") return warnOnEntering(input, { instead });
  if (budgetUsed(before.correction, settings.maxCorrections, now) < settings.maxCorrections.count) {
    return { level, action, target };
  }
  return { level, action: "Pause", pause: pauseFor(input, "CorrectionLoop", now), target };
}

function warnOnEntering(
  { before, judgement, target }: CorrectionInput,
  more: Pick<Correction, "instead">,
): Correction | undefined {
  const { level } = judgement.evaluation;
  if (!isWorse(level, before.drift?.level ?? "Normal")) return undefined;
  return { level, action: "Warn", ...targeted(target), ...more };
}

function reasonToHoldBack(input: CorrectionInput, action: CorrectionAction, now: Instant): HeldBack | undefined {
  const { before, settings, judgement, isStormOn } = input;
  if (before.pause !== undefined) return "Paused";
  if (settings.mode === "Observe") return "Observe";
  if (judgement.drifted.reason === "StaleEvidence") return "StaleEvidence";
  if (!isWithinActiveHours(settings.activeHours, now)) return "OutsideActiveHours";
  if (isStormOn && action !== "Warn") return "StormGuard";
  // One run at a time: where a correction is remembered until its run has ended there is room for one.
  return before.correction?.pending !== undefined && isBudgeted(action) ? "Correcting" : undefined;
}

function nothing({ before, judgement }: CorrectionInput): CorrectionDecision {
  const { drift, drifted, message, isNews } = judgement;
  const changed = levelChangeEvent(before.drift?.level, judgement);
  return { record: before.correction, drift, drifted, message, isNews, events: changed === undefined ? [] : [changed] };
}

function carriedOut(input: CorrectionInput, correction: Correction, now: Instant): CorrectionDecision {
  const { before, settings, judgement } = input;
  const { level, action, target } = correction;
  const unchanged = nothing(input);
  const { scorePercent } = judgement.evaluation;
  const record = withCorrection(
    before.correction,
    { level, action, scorePercent, run: target?.name },
    settings.maxCorrections,
    now,
  );
  const event = correctionEvent(correction, judgement, budgetText(record, settings, now));
  return {
    ...unchanged,
    correction,
    record,
    isNews: true,
    // Entering the level is what a Warn tells: one event, not two.
    events: action === "Warn" ? [event] : [...unchanged.events, event],
    ...(isBudgeted(action) ? begunAnew(judgement, action, now) : {}),
  };
}

function begunAnew(
  { drift, evaluation, message }: Judgement,
  action: CorrectionAction,
  now: Instant,
): Pick<CorrectionDecision, "drift" | "drifted" | "message"> {
  return {
    drift: freshDrift(drift, now),
    drifted: notYetDrifted,
    message: `the window begins anew with the ${action} at ${fromInstant(now)}, which answered ${evaluation.level}, ${message}`,
  };
}

function pauseFor(
  { agent, settings, judgement }: CorrectionInput,
  reason: Exclude<Pause["reason"], "Manual">,
  now: Instant,
) {
  const { count, windowSeconds } = settings.maxCorrections;
  const why = `${judgement.evaluation.level}, ${judgement.message}`;
  const loop = `; ${count} of ${count} corrections within ${windowSeconds} s did not help`;
  return pausedByNightwatch(agent, reason, reason === "CorrectionLoop" ? why + loop : why, now);
}

function budgetText(record: CorrectionRecord, { maxCorrections }: Nightwatch, now: Instant): string {
  const used = budgetUsed(record, maxCorrections, now);
  return `correction ${used} of ${maxCorrections.count} within ${maxCorrections.windowSeconds} s`;
}

function targeted(target: Target | undefined): Pick<Correction, "target"> {
  return target === undefined ? {} : { target };
}
