import type { AgentStatus } from "../src/api/v1alpha1/agent.ts";
import { fromInstant } from "../src/workloads/time.ts";

const HOUR_MS = 3_600_000;

/**
 * A schedule of once an hour, and the status of an agent whose operator went away two hours and a half before `last`: three
 * occurrences were missed since, the last one at `last` (a whole minute, in milliseconds since the epoch).
 */
export function beforeDowntime(last: number): { readonly schedule: string; readonly status: AgentStatus } {
  const schedule = `${new Date(last).getUTCMinutes()} * * * *`;
  const since = fromInstant(last - 2.5 * HOUR_MS);
  return { schedule, status: { observedGeneration: 1, timetable: { schedule, timeZone: "Etc/UTC", since } } };
}
