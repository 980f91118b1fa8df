import type { Counters } from "./counters.ts";
import type { Evaluation, ScoreSettings } from "./evaluation.ts";

/**
 * An evaluation as a person says it, for the Drifted condition:
 * "21 %: 30 of 100 lines were errors; 12 of 12 health checks passed".
 */
export function explainDrift(counts: Counters, evaluation: Evaluation, { minSamples }: ScoreSettings): string {
  const evidence = evidenceOf(counts);
  if (evaluation.scorePercent !== undefined) return `${evaluation.scorePercent} %: ${evidence}`;
  const needed = `too few samples to judge, ${evaluation.samples} of the ${minSamples} that are needed`;
  return evaluation.samples === 0 ? needed : `${needed}: ${evidence}`;
}

function evidenceOf({ lines, errorLines, commands, failedCommands, healthChecks, healthyChecks }: Counters): string {
  const parts = [
    lines > 0
      ? `${errorLines} of ${count(lines, "line")} ${errorLines === 1 || lines === 1 ? "was an error" : "were errors"}`
      : [],
    commands > 0 ? `${failedCommands} of ${count(commands, "command")} failed` : [],
    healthChecks > 0 ? `${healthyChecks} of ${count(healthChecks, "health check")} passed` : [],
  ].flat();
  return parts.length === 0 ? "nothing was seen" : parts.join("; ");
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
