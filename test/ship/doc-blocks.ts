import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "..", "..");

/** One fenced block of a page. */
export interface Block {
  /** Path of the page in the repository. */
  readonly page: string;
  /** Line of its first line. */
  readonly line: number;
  readonly language: string;
  readonly text: string;
}

/** One command of a block that a shell runs. */
export interface Command {
  readonly page: string;
  readonly line: number;
  readonly text: string;
}

/** The pages that users read. */
export function pages(): readonly string[] {
  const docs = readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" });
  const own = docs.filter((file) => file.endsWith(".md")).map((file) => `docs/${file}`);
  return ["README.md", "charts/darkfactory/README.md", ...own.sort()];
}

/** The fenced blocks of a page, with the language that their fence names; "" where it names none. */
export function blocksOf(page: string, text = readFileSync(join(root, page), "utf8")): readonly Block[] {
  const lines = text.split("\n");
  const blocks: Block[] = [];
  let open: { readonly language: string; readonly from: number } | undefined;
  for (const [index, line] of lines.entries()) {
    const fence = /^ *```(\w*)/.exec(line);
    if (fence === null) continue;
    if (open === undefined) open = { language: fence[1] ?? "", from: index + 1 };
    else {
      blocks.push({
        page,
        line: open.from + 1,
        language: open.language,
        text: lines.slice(open.from, index).join("\n"),
      });
      open = undefined;
    }
  }
  if (open !== undefined) throw new Error(`${page}:${open.from}: this block has no end`);
  return blocks;
}

/** The commands of a block: one a line, unless a line goes on after a backslash or a loop stands open. */
export function commandsOf({ page, line, text }: Block): readonly Command[] {
  const commands: Command[] = [];
  let begun: Command | undefined;
  for (const [index, part] of text.split("\n").entries()) {
    if (begun === undefined && /^\s*(#|$)/.test(part)) continue;
    const command: Command =
      begun === undefined ? { page, line: line + index, text: part } : { ...begun, text: `${begun.text}\n${part}` };
    begun = isUnfinished(command.text) ? command : undefined;
    if (begun === undefined) commands.push(command);
  }
  if (begun !== undefined) throw new Error(`${page}:${begun.line}: this command has no end`);
  return commands;
}

function isUnfinished(text: string): boolean {
  const count = (word: RegExp): number => text.match(word)?.length ?? 0;
  return text.endsWith("\\") || count(/\bdo\b/g) > count(/\bdone\b/g);
}
