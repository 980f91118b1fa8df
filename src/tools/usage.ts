import type { Usage, UsageSignal } from "../nightwatch/signal.ts";
import type { Memory } from "./reader.ts";

const MICRO = 1_000_000;

/** Whole millionths of a US dollar; undefined for what is no amount. */
export function microUSD(dollars: number | undefined): number | undefined {
  return dollars === undefined || dollars < 0 ? undefined : Math.round(dollars * MICRO);
}

/** A usage signal of what was told; nothing where nothing was. */
export function usageSignal(told: { readonly [Name in keyof Usage]?: number | undefined }): readonly UsageSignal[] {
  const usage = Object.fromEntries(Object.entries(told).filter(([, value]) => value !== undefined));
  return Object.keys(usage).length === 0 ? [] : [{ kind: "usage", usage }];
}

/**
 * What a session's running total grew by since it was last told in this stream. The first total counts as a whole: what an
 * earlier run of a resumed session used is in it, unless that run's state was handed on. A total that shrank began anew.
 */
export function growth(memory: Memory, name: keyof Usage, total: number | undefined): number | undefined {
  if (total === undefined) return undefined;
  const before = memory.totals?.[name] ?? 0;
  memory.totals = { ...memory.totals, [name]: total };
  return total >= before ? total - before : total;
}
