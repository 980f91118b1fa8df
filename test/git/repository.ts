import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

/** Runs git in a folder, untouched by this machine's settings, and gives what it printed. Throws when git fails. */
export function git(cwd: string, ...args: readonly string[]): string {
  return execFileSync("git", ["-c", "user.name=T", "-c", "user.email=t@example.com", ...args], {
    cwd,
    encoding: "utf8",
    env: { ...process.env, GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_SYSTEM: "/dev/null" },
  }).trim();
}

/** Commits a file on the branch that is checked out in a folder, and gives the commit's hash. */
export function commitFile(cwd: string, file: string, text: string): string {
  writeFileSync(join(cwd, file), text);
  git(cwd, "add", file);
  git(cwd, "commit", "--quiet", "--message", `write ${file}`);
  return git(cwd, "rev-parse", "HEAD");
}

/** Makes an empty bare repository whose default branch is main, and gives its path. */
export function bareRepository(folder: string, name: string): string {
  const path = join(folder, name);
  git(folder, "init", "--quiet", "--bare", "--initial-branch", "main", path);
  return path;
}
