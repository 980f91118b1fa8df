import { type AgentStatus, RUNS_MAX } from "../../api/v1alpha1/agent-status.ts";
import { addCounters, type Counters, isEmpty, noCounts } from "../../nightwatch/counters.ts";
import type { StoredRun } from "../agent-run/observed.ts";
import { hasEnded } from "../agent-run/run-state.ts";

/** How much of one run's output stands in its agent's window. */
export type RunShare = NonNullable<NonNullable<AgentStatus["drift"]>["runs"]>[number];

export interface NewShares {
  /** What the runs did that the window does not hold yet. */
  readonly counts: Counters;
  /** What it holds once that was added. */
  readonly shares: readonly RunShare[];
  /** A run ended, and the window did not hold all of it: it is evaluated now (D8). */
  readonly hasEnd: boolean;
}

/**
 * What an agent's runs add to its window. Runs count for themselves (AgentRun.status.signals); their shares are written
 * together with the window, so that each line is in it once, whoever crashes in between (S5).
 */
export function newShares(
  runs: readonly StoredRun[],
  { drift, correction }: Pick<AgentStatus, "drift" | "correction">,
): NewShares {
  const before = drift?.runs ?? [];
  const known = new Map(before.map((share) => [share.uid, share]));
  const oldest = oldestKnownEnd(runs, known);
  let counts = noCounts;
  let hasEnd = false;
  const shares: EndedShare[] = [];
  for (const run of runs) {
    const { uid, name } = run.metadata;
    const all = countsOf(run);
    const share = known.get(uid);
    // What it writes on its way out belongs to no window, least of all to the one that its correction began (D7, C2).
    if (uid === correction?.pending?.uid || wasStopped(run)) {
      if (share !== undefined) shares.push({ share, end: run.status?.completionTime ?? "" });
      continue;
    }
    const end = hasEnded(run) ? (run.status?.completionTime ?? run.metadata.creationTimestamp) : "";
    // Ended longer ago than all that are told apart: it was counted, and its share made room for a later one's.
    if (share === undefined && end !== "" && before.length >= RUNS_MAX && end < oldest) continue;
    const fresh = beyond(all, share);
    if (!isEmpty(fresh)) {
      counts = addCounters(counts, fresh);
      hasEnd ||= end !== "";
    }
    const { lines, errorLines, commands, failedCommands } = all;
    if (!isEmpty(all)) shares.push({ share: { name, uid, lines, errorLines, commands, failedCommands }, end });
  }
  return { counts, shares: bounded(shares), hasEnd };
}

/** Its agent's correction or pause ended it. */
function wasStopped({ status }: StoredRun): boolean {
  const { class: kind, reason } = status?.exit ?? {};
  return kind === "Cancelled" && (reason === "Corrected" || reason === "AgentPaused");
}

/** A run's share, and when the run ended; "" while it goes on. */
interface EndedShare {
  readonly share: RunShare;
  readonly end: string;
}

/** Those that run first, then those that ended last; by name, so that the list never flips about (O4). */
function bounded(shares: readonly EndedShare[]): readonly RunShare[] {
  const kept =
    shares.length <= RUNS_MAX
      ? shares
      : shares
          .toSorted((a, b) => Number(a.end !== "") - Number(b.end !== "") || (a.end > b.end ? -1 : 1))
          .slice(0, RUNS_MAX);
  return kept.map(({ share }) => share).toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** What a run has done, as far as its output was read. */
export function countsOf({ status }: StoredRun): Counters {
  const { lines = 0, errorLines = 0, commands = 0, failedCommands = 0 } = status?.signals ?? {};
  return { ...noCounts, lines, errorLines, commands, failedCommands };
}

function beyond(all: Counters, share: RunShare | undefined): Counters {
  const more = (name: "lines" | "errorLines" | "commands" | "failedCommands"): number =>
    Math.max(0, all[name] - (share?.[name] ?? 0));
  return {
    ...noCounts,
    lines: more("lines"),
    errorLines: more("errorLines"),
    commands: more("commands"),
    failedCommands: more("failedCommands"),
  };
}

function oldestKnownEnd(runs: readonly StoredRun[], known: ReadonlyMap<string, RunShare>): string {
  return runs
    .filter((run) => known.has(run.metadata.uid) && hasEnded(run))
    .map((run) => run.status?.completionTime ?? "")
    .reduce((oldest, end) => (oldest === "" || end < oldest ? end : oldest), "");
}
