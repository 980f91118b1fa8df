import type { Soaked } from "./soak.ts";

/** What a soak showed as text, and how to see it again. */
export function textOf({ asked, trend, heldMb, keptMb, faults, disturbances, failed, end, looks }: Soaked): string {
  const of = (values: object): string =>
    Object.entries(values)
      .map(([name, value]) => `${name} ${tenths(Number(value))}`)
      .join(", ");
  return [
    `${looks.length} looks, ${faults} faults, ${disturbances} changes by people, of which ${failed} failed; figures are those after the first third`,
    `memory (RSS), MB        ${of(trend.rssMb)}; slope ${tenths(trend.rssMbPerHour)} MB an hour`,
    `heap without garbage    ${heldMb === undefined ? "was not looked at" : `${of(heldMb)} MB`}`,
    `objects in its caches   ${keptMb === undefined ? "were not looked at" : `${of(keptMb)} MB as JSON`}`,
    `keys that wait          ${of(trend.waiting)}`,
    `wait in queues, ms      ${of(trend.waitedMs)}`,
    `event loop p99, ms      ${of(trend.loopP99Ms)}`,
    `open sockets            ${of(trend.sockets)}`,
    ends[end],
    `To see it again: npm run soak -- --seed ${asked.seed} --minutes ${asked.minutes} --agents ${asked.agents}`,
  ].join("\n");
}

const ends = {
  recovered: "every fleet was ready in the end",
  "not recovered": "NOT every fleet was ready in the end",
  "operator ended": "the operator ENDED before its time: all figures are those until then",
} as const;

const tenths = (value: number): number => Math.round(value * 10) / 10;
