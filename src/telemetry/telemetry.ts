import type { HealthSampler } from "./health-sampler.ts";
import type { ReadLog } from "./read-log.ts";
import type { Ticks } from "./ticks.ts";

/** All that is observed of agents beside what the API server's objects say: shared by the controllers of one scope. */
export interface Telemetry {
  readonly readLog: ReadLog;
  readonly ticks: Ticks;
  readonly health: HealthSampler;
}
