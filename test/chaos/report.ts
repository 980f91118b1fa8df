import { invariants } from "./invariants/invariants.ts";
import type { Outcome } from "./run.ts";

/** Violations of one invariant that are told in full. */
const TOLD = 10;

/** What of the whole is no invariant of a history: that it ends, ends well, and that no operator falls over. */
const ofTheWhole = [
  { id: "convergence", promise: "every step of the scenario is reached" },
  { id: "final-state", promise: "the end is that of the run without faults" },
  { id: "no-crash", promise: "no operator ends but by a planned kill" },
];

/** The outcome as text: faults by kind, invariants and their violations, and how to see it again. */
export function textOf({ asked, rounds, seconds, faults, seen, violations }: Outcome): string {
  const total = [...faults.values()].reduce((sum, count) => sum + count, 0);
  const kinds = [...faults].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([name, count]) => [name, String(count)]);
  const checks = [...invariants, ...ofTheWhole].map(({ id, promise }) => {
    const its = violations.filter(({ invariant }) => invariant === id);
    return [id, promise, String(its.length)];
  });
  const told = [...Map.groupBy(violations, ({ invariant }) => invariant)].flatMap(([id, its]) => [
    ...its.slice(0, TOLD).map(({ about, what }) => `  ${id}: ${about}: ${what}`),
    ...(its.length > TOLD ? [`  ${id}: and ${its.length - TOLD} more`] : []),
  ]);
  return [
    table([["FAULT", "TIMES"], ...kinds, ["all", String(total)]]),
    "",
    table([["INVARIANT", "PROMISE", "VIOLATIONS"], ...checks]),
    "",
    `${seen.changes} changes of objects, ${seen.writes} writes and ${seen.tries} tries were looked at;`,
    `${seen.objects} objects at the end were compared with a run without faults.`,
    `${violations.length} violations in ${rounds} rounds, ${Math.round(seconds)} s. To see it again:`,
    `npm run chaos -- --seed ${asked.seed} --faults ${asked.faults} --kills ${asked.kills}${asked.replicas === 1 ? "" : ` --replicas ${asked.replicas}`}`,
    ...told,
  ].join("\n");
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
