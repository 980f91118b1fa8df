/** How many agents, or runs, the benches of the ground, of runs and of schedules make. BENCH_AGENTS: fewer, for a first look. */
export const AGENTS = whole("BENCH_AGENTS", 1000);

/** How long an operator that has nothing to do is watched. BENCH_REST_SECONDS: shorter, for a first look. */
export const REST_SECONDS = whole("BENCH_REST_SECONDS", 60);

/** The sizes of one population that grows. BENCH_SCALE="20,60": smaller, for a first look. */
export const SIZES = (process.env["BENCH_SCALE"] ?? "100,1000,10000")
  .split(",")
  .map((size) => wholeOf("BENCH_SCALE", size));

function whole(variable: string, otherwise: number): number {
  return wholeOf(variable, process.env[variable] ?? otherwise);
}

function wholeOf(variable: string, text: string | number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new Error(`${variable} must be a whole number from 1 on`);
  return value;
}
