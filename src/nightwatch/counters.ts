import type { Signal } from "./signal.ts";

/** The six counts that drift is computed from (D1): whole numbers, never negative. */
export interface Counters {
  readonly lines: number;
  readonly errorLines: number;
  readonly commands: number;
  readonly failedCommands: number;
  readonly healthChecks: number;
  readonly healthyChecks: number;
}

export const counterNames = [
  "lines",
  "errorLines",
  "commands",
  "failedCommands",
  "healthChecks",
  "healthyChecks",
] as const satisfies readonly (keyof Counters)[];

export const noCounts: Counters = {
  lines: 0,
  errorLines: 0,
  commands: 0,
  failedCommands: 0,
  healthChecks: 0,
  healthyChecks: 0,
};

export function addCounters(a: Counters, b: Counters): Counters {
  return {
    lines: a.lines + b.lines,
    errorLines: a.errorLines + b.errorLines,
    commands: a.commands + b.commands,
    failedCommands: a.failedCommands + b.failedCommands,
    healthChecks: a.healthChecks + b.healthChecks,
    healthyChecks: a.healthyChecks + b.healthyChecks,
  };
}

/** What is left of `a` without `b`: never below zero, and no part greater than its whole. */
export function subtractCounters(a: Counters, b: Counters): Counters {
  const left = (whole: keyof Counters, part: keyof Counters) => {
    const wholes = Math.max(a[whole] - b[whole], 0);
    return { [whole]: wholes, [part]: Math.min(Math.max(a[part] - b[part], 0), wholes) };
  };
  return {
    ...noCounts,
    ...left("lines", "errorLines"),
    ...left("commands", "failedCommands"),
    ...left("healthChecks", "healthyChecks"),
  };
}

/** Just the six, of whatever else holds them. What is missing was never counted: 0. */
export function countersOf(from: { readonly [Name in keyof Counters]?: number | undefined }): Counters {
  return {
    lines: from.lines ?? 0,
    errorLines: from.errorLines ?? 0,
    commands: from.commands ?? 0,
    failedCommands: from.failedCommands ?? 0,
    healthChecks: from.healthChecks ?? 0,
    healthyChecks: from.healthyChecks ?? 0,
  };
}

/** How much evidence there is (D4). */
export function samplesOf(counts: Counters): number {
  return counts.lines + counts.commands + counts.healthChecks;
}

export function isEmpty(counts: Counters): boolean {
  return counterNames.every((name) => counts[name] === 0);
}

/** A mutable copy to count into. */
export type Counting<C extends Counters = Counters> = { -readonly [Name in keyof C]: C[Name] };

/** Counts one signal, if it is one that drift is computed from: rate limits, usage and results never are (S3). */
export function countSignal(into: Counting, signal: Signal): void {
  switch (signal.kind) {
    case "line":
      into.lines += 1;
      if (signal.outcome === "error") into.errorLines += 1;
      return;
    case "command":
      into.commands += 1;
      if (signal.outcome === "failed") into.failedCommands += 1;
      return;
    case "health":
      into.healthChecks += 1;
      if (signal.outcome === "healthy") into.healthyChecks += 1;
      return;
    case "api":
    case "rate-limit-reset":
    case "usage":
    case "result":
    case "unknown-event":
      return;
  }
}
