import { isRecord } from "../is-record.ts";
import { check, type Parsed } from "./check.ts";
import { nightwatchDefaults, nightwatchSchema, type Nightwatch, type NightwatchOverrides } from "./nightwatch.ts";

/**
 * What holds for one agent: its own fields over its fleet's, field by field, over the defaults. Together they can break a
 * rule that each keeps alone (an agent's minorPercent above its fleet's moderatePercent), so the answer may be problems.
 */
export function effectiveNightwatch(
  fleet: NightwatchOverrides | undefined,
  agent: NightwatchOverrides | undefined,
): Parsed<Nightwatch> {
  const merged = overlay(overlay(nightwatchDefaults, fleet), agent);
  return check(nightwatchSchema, merged, "spec.nightwatch") as Parsed<Nightwatch>;
}

function overlay(base: unknown, over: unknown): unknown {
  if (over === undefined || over === null) return base;
  if (!isRecord(base) || !isRecord(over)) return over;
  const keys = new Set([...Object.keys(base), ...Object.keys(over)]);
  return Object.fromEntries([...keys].map((key) => [key, overlay(base[key], over[key])]));
}
