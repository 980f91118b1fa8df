import { quote } from "./quote.ts";

/** What one of the five fields may hold. */
export interface FieldRule {
  readonly name: string;
  readonly lowest: number;
  readonly highest: number;
  /** What `*` ends at, where that is not the highest: day of week 7 is Sunday again. */
  readonly lastOfAll?: number;
  /** Three-letter names, the first of which stands for `lowest`. */
  readonly names?: readonly string[];
}

export interface Field {
  /** Ascending, without duplicates, never empty. */
  readonly values: readonly number[];
  /** False when an item is `*` (or `*` with step 1): the field then leaves the choice to the others. */
  readonly isRestricted: boolean;
}

export type ParsedField =
  { readonly ok: true; readonly field: Field } | { readonly ok: false; readonly problem: string };

interface Item {
  readonly values: readonly number[];
  readonly isRestricted: boolean;
}

/** A problem in plain words, or a value; told apart by their types. */
type OrProblem<T> = T | string;

/** What Jenkins and Quartz add to cron: H, L, LW, 15W, 5L, MON#2, `?`. */
const EXTENSION = /^(H\b.*|L\b.*|LW|(\d+|[A-Z]{3})[LW]|.*[#?].*)$/i;

/** Reads one field of a schedule; `problem` names the field and the part of the text that is wrong. */
export function parseField(rule: FieldRule, text: string): ParsedField {
  const items: Item[] = [];
  for (const part of text.split(",")) {
    const item = parseItem(rule, part, text);
    if (typeof item === "string") return { ok: false, problem: `${rule.name} ${item}` };
    items.push(item);
  }
  const values = [...new Set(items.flatMap((item) => item.values))].sort((a, b) => a - b);
  return { ok: true, field: { values, isRestricted: items.every((item) => item.isRestricted) } };
}

function parseItem(rule: FieldRule, item: string, field: string): OrProblem<Item> {
  if (item === "") return `${quote(field)} has an empty item in its list`;
  const [span = "", step, ...more] = item.split("/");
  if (more.length > 0) return `${quote(item)} has more than one step`;
  const range = parseRange(rule, span, step !== undefined);
  if (typeof range === "string") return range;
  const stride = step === undefined ? 1 : parseStep(step, item, range);
  if (typeof stride === "string") return stride;
  return { values: everyNth(rule, range, stride), isRestricted: !(span === "*" && stride === 1) };
}

interface Range {
  readonly from: number;
  readonly to: number;
}

function parseRange(rule: FieldRule, span: string, hasStep: boolean): OrProblem<Range> {
  const last = rule.lastOfAll ?? rule.highest;
  if (span === "*") return { from: rule.lowest, to: last };
  const [first = "", end, ...more] = span.split("-");
  if (more.length > 0 || first === "" || end === "") return `${quote(span)} is not a value or a range of two values`;
  const from = parseValue(rule, first);
  if (typeof from === "string") return from;
  // As in Kubernetes' CronJob, "5/15" counts on from 5 to the field's end.
  if (end === undefined) return { from, to: hasStep ? Math.max(from, last) : from };
  const to = parseValue(rule, end);
  if (typeof to === "string") return to;
  if (from <= to) return { from, to };
  const hint = to === rule.lowest && rule.lastOfAll !== undefined ? `; write ${from}-${rule.highest}` : "";
  return `${quote(span)} is a reversed range: ${first} comes after ${end}${hint}`;
}

function parseValue(rule: FieldRule, text: string): OrProblem<number> {
  const named = rule.names?.indexOf(text.toUpperCase()) ?? -1;
  if (named >= 0) return rule.lowest + named;
  if (/^\d+$/.test(text)) {
    const value = Number(text);
    if (value >= rule.lowest && value <= rule.highest) return value;
    return `${quote(text)} is not within ${rule.lowest} to ${rule.highest}`;
  }
  if (EXTENSION.test(text)) return `${quote(text)} is an extension of cron that is not supported (H, L, W, # and ?)`;
  const names = rule.names ? ` or a name such as ${rule.names[1]}` : "";
  return `${quote(text)} is not a number from ${rule.lowest} to ${rule.highest}${names}`;
}

/** Refuses a step that leaves only the first value: who writes one every 70 minutes would get one every hour. */
function parseStep(text: string, item: string, range: Range): OrProblem<number> {
  if (!/^\d+$/.test(text)) return `${quote(item)} has ${quote(text)} where a step is a whole number of 1 or more`;
  const step = Number(text);
  const count = range.to - range.from + 1;
  if (step === 0) return `${quote(item)} has step 0, where a step is a whole number of 1 or more`;
  if (step <= count) return step;
  return `${quote(item)} has step ${quote(text)} over only ${count} ${count === 1 ? "value" : "values"}, so nothing but ${range.from} would ever match`;
}

function everyNth(rule: FieldRule, range: Range, step: number): number[] {
  const values: number[] = [];
  for (let value = range.from; value <= range.to; value += step) {
    values.push(rule.lastOfAll !== undefined && value > rule.lastOfAll ? rule.lowest : value);
  }
  return values;
}
