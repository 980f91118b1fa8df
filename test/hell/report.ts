import type { HellOutcome } from "./run.ts";

/** Findings that are told in full. */
const TOLD = 10;

export function textOf({ seed, counts, changed, findings }: HellOutcome): string {
  const rows = [...counts].map(
    ([temper, { refused, taken }]) => `${temper.padEnd(14)}${String(refused).padStart(9)}${String(taken).padStart(9)}`,
  );
  const total = [...counts.values()].reduce((sum, { refused, taken }) => sum + refused + taken, 0);
  return [
    `${"MANIFESTS".padEnd(14)}${"REFUSED".padStart(9)}${"TAKEN".padStart(9)}`,
    ...rows,
    "",
    `${total} manifests and ${changed} changes of agents: ${findings.length} findings.`,
    `To see it again: npm run hell -- --seed ${seed} --count ${total} --changes ${changed}`,
    ...findings.slice(0, TOLD).map(({ index, what, manifest }) => `  ${index}: ${what}\n    ${manifest}`),
    ...(findings.length > TOLD ? [`  and ${findings.length - TOLD} more`] : []),
  ].join("\n");
}
