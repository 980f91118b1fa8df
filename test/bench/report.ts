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
  /** Where a bench measures the same at several sizes: a column for each. Its samples are made of `at`. */
  readonly sizes?: readonly number[];
  /** What of it is drawn as lines over the sizes. */
  readonly plot?: Plot;
  readonly samples: readonly Sample[];
}

export interface Plot {
  readonly title: string;
  readonly lines: readonly { readonly figure: string; readonly name: string; readonly unit: string }[];
}

/** Figures of one size, as they stand in a sample of several. */
export function at(size: number, sample: Sample): Sample {
  return Object.fromEntries(Object.entries(sample).map(([figure, value]) => [`${figure}@${size}`, value]));
}

/** The median of a figure at a size; undefined where no run has it. */
export function medianAt(samples: readonly Sample[], figure: string, size: number): number | undefined {
  const values = samples.map((sample) => sample[`${figure}@${size}`]).filter((value) => value !== undefined);
  return values.length === 0 ? undefined : spreadOf(values).median;
}

/** The report as a table of Markdown, columns in line. Figures that no run has are left out. */
export function tableOf({ rows, samples, sizes }: Report): string {
  if (sizes !== undefined) return matrixOf(rows, samples, sizes);
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

/** A column for each size, and between two how much a figure grew, for a tenfold growth of the size; goals are of the last. */
function matrixOf(rows: readonly Row[], samples: readonly Sample[], sizes: readonly number[]): string {
  const columns = (cells: (size: number) => string, grown: (from: number, to: number) => string): readonly string[] =>
    sizes.flatMap((size, index) => {
      const from = sizes[index - 1];
      return from === undefined ? [cells(size)] : [grown(from, size), cells(size)];
    });
  const head = [
    "what",
    "unit",
    ...columns(
      (size) => size.toLocaleString("en"),
      () => "×",
    ),
    "goal",
  ];
  const body = rows.map((row) => {
    const value = (size: number): number | undefined => medianAt(samples, row.figure, size);
    const cell = (size: number): string => show(value(size) ?? NaN);
    const grown = (from: number, to: number): string => show(tenfold([from, value(from)], [to, value(to)]));
    const last = value(sizes.at(-1) ?? NaN);
    const goal = row.goal === undefined || last === undefined ? "" : verdict(row.goal, last);
    return [row.text, row.unit ?? "", ...columns(cell, grown), goal];
  });
  return aligned([head, ...body]);
}

type Point = readonly [size: number, value: number | undefined];

/** By what a value is multiplied when the size is, along the power law through two points: 10 is linear. NaN where there is none. */
export function tenfold([size, value = NaN]: Point, [nextSize, nextValue = NaN]: Point): number {
  return value <= 0 || nextValue <= 0 ? NaN : (nextValue / value) ** (Math.LN10 / Math.log(nextSize / size));
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
