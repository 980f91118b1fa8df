import { readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describeCommit, describeMachine } from "./machine.ts";
import { plotOf } from "./plot.ts";
import { type Report, textOf } from "./report.ts";

const file = join(import.meta.dirname, "..", "..", "docs", "benchmarks.md");

const HEAD = `# Benchmarks

What the operator costs and how fast it is, measured beside a raw writer: the least that any program needs for the same
objects. Every section is written by \`npm run bench -- NAME --write\`; nothing asserts a time. Absolute figures belong to
the machine named below them, which also runs the API server, etcd, Kubernetes' controllers and the simulated nodes; ratios
travel better. A missed goal stands here as missed.
`;

/** Puts a report into docs/benchmarks.md, in place of the one of that name. */
export async function writeToDocs(report: Report): Promise<void> {
  const before = await readFile(file, "utf8").catch(() => HEAD);
  const { name, title, samples } = report;
  const where = `Measured ${new Date().toISOString().slice(0, 10)} at commit ${describeCommit()} on ${describeMachine()}.`;
  const [, ...body] = textOf(report).trim().split("\n");
  const [begin, end] = [`<!-- begin ${name} -->`, `<!-- end ${name} -->`];
  const runs = samples.length === 1 ? "one run" : `${samples.length} runs`;
  const picture = `benchmarks-${name}.svg`;
  const drawn = plotOf(report);
  if (drawn !== undefined) {
    await writeFile(join(dirname(file), picture), drawn);
    body.push("", `![${report.plot?.title ?? ""}](${picture})`);
  }
  const section = [begin, `## ${name}: ${title}`, "", `${where} ${runs}.`, ...body, "", end].join("\n");
  const from = before.indexOf(begin);
  const to = before.indexOf(end);
  const after =
    from < 0 || to < 0
      ? `${before.trimEnd()}\n\n${section}\n`
      : before.slice(0, from) + section + before.slice(to + end.length);
  await writeFile(file, after);
}
