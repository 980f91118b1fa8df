import { show, spreadOf } from "./figures.ts";

/** What one run of a bench measured, by name. */
export type Sample = Readonly<Record<string, number>>;

/** One line of a bench's table. */
export interface Row {
  /** The figure's name in each sample. */
  readonly figure: string;
  readonly text: string;
  /** Such as s, ms, MB or 1/s; absent for ratios and counts. */
  readonly unit?: string;
  readonly goal?: Goal;
}

/** What the median ought to be. `because` is said when it is not. */
export interface Goal {
  readonly at: "least" | "most";
  readonly value: number;
  readonly because?: string;
}

/** A bench's outcome, ready to print. */
export interface Report {
  readonly name: string;
  readonly title: string;
  /** On what it was measured, and how to read it: one sentence each. */
  readonly notes: readonly string[];
  readonly rows: readonly Row[];
  readonly samples: readonly Sample[];
}

/** The report as a table of Markdown, columns in line. Figures that no run has are left out. */
export function tableOf({ rows, samples }: Report): string {
  const several = samples.length > 1;
  const head = ["what", "unit", ...(several ? ["min", "median", "max"] : ["figure"]), "goal"];
  const body = rows.flatMap((row) => {
    const values = samples.map((sample) => sample[row.figure]).filter((value) => value !== undefined);
    if (values.length === 0) return [];
    const { min, median, max } = spreadOf(values);
    const figures = several ? [show(min), show(median), show(max)] : [show(median)];
    return [[row.text, row.unit ?? "", ...figures, row.goal === undefined ? "" : verdict(row.goal, median)]];
  });
  return aligned([head, ...body]);
}

/** Says a goal and whether it was reached; nothing fails by it. */
export function verdict(goal: Goal, value: number): string {
  const isReached = goal.at === "least" ? value >= goal.value : value <= goal.value;
  const text = `${goal.at === "least" ? "≥" : "≤"} ${show(goal.value)}`;
  if (isReached) return `${text}: reached`;
  return `${text}: missed${goal.because === undefined ? "" : ` (${goal.because})`}`;
}

/** Title, table and notes, for people. */
export function textOf(report: Report): string {
  const runs = report.samples.length === 1 ? "one run" : `${report.samples.length} runs`;
  return [
    `${report.name}: ${report.title} (${runs})`,
    "",
    tableOf(report),
    "",
    ...report.notes.map((note) => `- ${note}`),
    "",
  ].join("\n");
}

function aligned(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`;
  const [head = [], ...body] = rows;
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...body.map(line)].join("\n");
}
