import type { Log } from "../cluster/failure.ts";
import type { Report, Sample } from "./report.ts";

/** One bench: what its figures mean, and how to get them. */
export interface Bench extends Pick<Report, "name" | "title" | "notes" | "rows" | "sizes" | "plot"> {
  /** Measures that many times, one after the other. */
  run(runs: number, log: Log): Promise<readonly Sample[]>;
}
