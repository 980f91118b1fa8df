import type { MeasuredOperator } from "./operator.ts";
import type { Row, Sample } from "./report.ts";

/** A turn of the event loop that is longer delays what a person waits for. */
const MOST_MS = 100;

/** Two lines of a table, by the clock and in processor time, of what `stallsOf` gives under the same name. */
export function stallRows(name: string, text: string, { isJudged = true } = {}): readonly Row[] {
  const goal = {
    at: "most",
    value: MOST_MS,
    because: "what is beyond the next line is waiting for a processor",
  } as const;
  return [
    { figure: `${name}Ms`, text, unit: "ms", ...(isJudged ? { goal } : {}) },
    { figure: `${name}OwnMs`, text: "the same in the operator's own processor time", unit: "ms" },
  ];
}

/** The longest stall of an operator's event loop since this was last asked. */
export async function stallsOf(operator: MeasuredOperator, name = "stall"): Promise<Sample> {
  return { [`${name}Ms`]: await operator.longestStallMs(), [`${name}OwnMs`]: await operator.longestTurnMs() };
}
