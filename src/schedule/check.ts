import { quote } from "./quote.ts";
import { neverFires, type ParsedSchedule, parseSchedule } from "./schedule.ts";
import { findTimeZoneProblem } from "./time-zone.ts";

/**
 * Reads a schedule together with its zone and refuses whatever can never run: what becomes Stalled/InvalidSchedule (K1).
 * The problem is one sentence on one line.
 */
export function checkSchedule(text: string, timeZone: string): ParsedSchedule {
  const parsed = parseSchedule(text);
  if (!parsed.ok) return parsed;
  if (neverFires(parsed.schedule)) {
    return { ok: false, problem: `schedule ${quote(text)} never fires: no month that it names has such a day` };
  }
  const problem = findTimeZoneProblem(timeZone);
  return problem === undefined ? parsed : { ok: false, problem };
}
