import { driftLevels, type DriftLevel, type Nightwatch } from "../api/v1alpha1/nightwatch.ts";

type Thresholds = Nightwatch["thresholds"];

/** D5: highest first, inclusive. */
export function levelOf(score: number, thresholds: Thresholds): DriftLevel {
  if (score >= thresholds.criticalPercent / 100) return "Critical";
  if (score >= thresholds.severePercent / 100) return "Severe";
  if (score >= thresholds.moderatePercent / 100) return "Moderate";
  if (score >= thresholds.minorPercent / 100) return "Minor";
  return "Normal";
}

/**
 * D6: the floor of score·100, 0–100. The product is rounded, so by itself it can contradict the level: 0.19999999999999998
 * is Minor, but times 100 it is exactly 20; 0.29 reaches a threshold of 29, but times 100 it is below. It is therefore
 * kept within the percentages of its level.
 */
export function percentOf(score: number, thresholds: Thresholds): number {
  const level = levelOf(score, thresholds);
  const least = lowestPercent(level, thresholds);
  const next = driftLevels[driftLevels.indexOf(level) + 1];
  const most = next === undefined ? 100 : lowestPercent(next, thresholds) - 1;
  return Math.min(Math.max(Math.floor(score * 100), least), most);
}

/** Whether a level is farther off than another. */
export function isWorse(level: DriftLevel, than: DriftLevel): boolean {
  return driftLevels.indexOf(level) > driftLevels.indexOf(than);
}

/** The percentage from which a level begins. */
function lowestPercent(level: DriftLevel, thresholds: Thresholds): number {
  switch (level) {
    case "Normal":
      return 0;
    case "Minor":
      return thresholds.minorPercent;
    case "Moderate":
      return thresholds.moderatePercent;
    case "Severe":
      return thresholds.severePercent;
    case "Critical":
      return thresholds.criticalPercent;
  }
}
