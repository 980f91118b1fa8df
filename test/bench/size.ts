/** How many agents, or runs, the benches of the ground, of runs and of schedules make. BENCH_AGENTS: fewer, for a first look. */
export const AGENTS = whole("BENCH_AGENTS", 1000);

/** How long an operator that has nothing to do is watched. BENCH_REST_SECONDS: shorter, for a first look. */
export const REST_SECONDS = whole("BENCH_REST_SECONDS", 60);

/** The sizes of one population that grows. BENCH_SCALE="20,60": smaller, for a first look. */
export const SIZES = rising("BENCH_SCALE", "100,1000,10000");

/** Seconds between two evaluations of an agent, where a bench watches a round of them. BENCH_INTERVAL: shorter, for a first look. */
export const intervalSeconds = (otherwise: number): number => whole("BENCH_INTERVAL", otherwise);

function whole(variable: string, otherwise: number): number {
  return wholeOf(variable, process.env[variable] ?? otherwise);
}

function rising(variable: string, otherwise: string): readonly number[] {
  const values = (process.env[variable] ?? otherwise).split(",").map((text) => wholeOf(variable, text));
  if (values.some((value, index) => value <= (values[index - 1] ?? 0))) throw new Error(`${variable} must rise`);
  return values;
}

function wholeOf(variable: string, text: string | number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new Error(`${variable} must be a whole number from 1 on`);
  return value;
}
