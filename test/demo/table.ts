let shown = "";

/** Prints kubectl's tables: in place on a terminal, and elsewhere only when more than times have changed. */
export function showTables(...tables: readonly string[]): void {
  const text = tables.filter((table) => table !== "").join("\n");
  if (text === "") return;
  if (process.stdout.isTTY) {
    const rows = shown === "" ? 0 : shown.split("\n").length;
    // Up to where the last tables began, then clear everything below (ECMA-48: CPL, ED).
    process.stdout.write(`${rows > 1 ? `\u001b[${rows}F\u001b[J` : ""}\n${text}`);
    shown = text;
    return;
  }
  if (withoutTimes(text) === withoutTimes(shown)) return;
  process.stdout.write(`\n${text}`);
  shown = text;
}

/** Lets the tables stand as they are: the next are printed below whatever is said in between. */
export function leaveTables(): void {
  if (process.stdout.isTTY) shown = "";
}

/** True when a row of a table says True under READY, its second column. */
export function isReady(row: string): boolean {
  return cells(row)[1] === "True";
}

/** True when the table of `kubectl get agents` has rows, and each of them is ready. */
export function areAllReady(table: string): boolean {
  const rows = rowsOf(table);
  return rows.length > 0 && rows.every(isReady);
}

/** True when the table of `kubectl get agentruns` has a run of this agent that is Complete. */
export function hasCompleteRun(table: string, agent: string): boolean {
  return rowsOf(table).some((row) => {
    const [, ofAgent, , status] = cells(row);
    return ofAgent === agent && status === "Complete";
  });
}

/** True when the table of `kubectl get agents` shows this action for this agent. */
export function wasCorrected(table: string, agent: string, action: string): boolean {
  // By word: a column that is empty shifts those after it.
  return rowsOf(table).some((row) => cells(row)[0] === agent && cells(row).includes(action));
}

function rowsOf(table: string): readonly string[] {
  return table.trim().split("\n").slice(1);
}

function cells(row: string): readonly string[] {
  return row.trim().split(/\s+/);
}

/** Ages and durations (4m12s, 9d) change by themselves. */
function withoutTimes(table: string): string {
  return table.replaceAll(/\b(\d+[smhdy])+\b/g, "").replaceAll(/ +/g, " ");
}
