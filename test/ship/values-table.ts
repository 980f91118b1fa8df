import * as yaml from "js-yaml";
import { markdownTable } from "./markdown-table.ts";

interface Row {
  readonly path: string;
  readonly text: string;
}

/**
 * The table of a chart's values, from the comments "# -- …" in its values.yaml. A described value stands for all below it.
 * Refuses a file in which some value is described by none.
 */
export function valuesTable(source: string): string {
  const rows = described(source);
  const values = yaml.load(source) as Record<string, unknown>;
  const silent = leaves(values).filter(
    (leaf) => !rows.some(({ path }) => leaf === path || leaf.startsWith(`${path}.`)),
  );
  if (silent.length > 0) throw new Error(`values.yaml does not describe ${silent.join(", ")}`);
  return markdownTable([
    ["Value", "What it is", "Default"],
    ...rows.map(({ path, text }) => [`\`${path}\``, text, shown(at(values, path))]),
  ]);
}

function described(source: string): readonly Row[] {
  const rows: Row[] = [];
  const parents: { readonly indent: number; readonly path: string }[] = [];
  let text: string | undefined;
  for (const line of source.split("\n")) {
    const comment = /^\s*# -- (.+)$/.exec(line);
    if (comment !== null) text = comment[1];
    const [, spaces = "", name = ""] = /^( *)([A-Za-z]\w*):/.exec(line) ?? [];
    if (name === "") continue;
    while ((parents.at(-1)?.indent ?? -1) >= spaces.length) parents.pop();
    const path = [parents.at(-1)?.path, name].filter((part) => part !== undefined).join(".");
    parents.push({ indent: spaces.length, path });
    if (text !== undefined) rows.push({ path, text });
    text = undefined;
  }
  return rows;
}

function leaves(value: unknown, path = ""): readonly string[] {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [path];
  const entries = Object.entries(value);
  if (entries.length === 0) return [path];
  return entries.flatMap(([name, inner]) => leaves(inner, path === "" ? name : `${path}.${name}`));
}

function at(values: unknown, path: string): unknown {
  return path.split(".").reduce<unknown>((inner, name) => (inner as Record<string, unknown>)[name], values);
}

function shown(value: unknown): string {
  return `\`${JSON.stringify(value)}\``;
}
