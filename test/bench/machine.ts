import { execFileSync } from "node:child_process";
import { cpus, loadavg, release, totalmem } from "node:os";

/** Where figures come from, in one line: processors, memory, kernel, Node, and how busy the machine was before. */
export function describeMachine(): string {
  const [cpu] = cpus();
  const gib = Math.round(totalmem() / 2 ** 30);
  const [load = 0] = loadavg();
  return `${cpus().length} × ${cpu?.model.trim() ?? "CPU"}, ${gib} GiB, Linux ${release()}, Node ${process.version}; load before ${load.toFixed(1)}`;
}

/** The commit that was measured; with + when files differed from it. */
export function describeCommit(): string {
  const git = (...args: readonly string[]): string => execFileSync("git", args, { encoding: "utf8" }).trim();
  const isChanged = git("status", "--porcelain", "--", "src", "test/bench") !== "";
  return `${git("rev-parse", "--short", "HEAD")}${isChanged ? "+" : ""}`;
}
