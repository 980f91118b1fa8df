import { execFileSync, spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { checkoutScript } from "../../src/workloads/checkout.ts";
import { findProgram } from "../cluster/programs.ts";
import { bareRepository, commitFile, git } from "../git/repository.ts";

// Each program that is started takes seconds on a machine that is busy with other tests.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

/** Hash of no commit of any repository here. */
const NOWHERE = "0123456789abcdef0123456789abcdef01234567";

let folder: string;
let remote: string;
/** The commits of main, oldest first. */
let commits: readonly string[];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "darkfactory-"));
  remote = bareRepository(folder, "remote.git");
  const work = join(folder, "work");
  git(folder, "init", "--quiet", "--initial-branch", "main", work);
  commits = ["one", "two", "three"].map((text) => commitFile(work, "file", text));
  git(work, "tag", "v1", commits[0]!);
  git(work, "tag", "--annotate", "--message", "second", "v2", commits[1]!);
  git(work, "branch", "both", commits[2]!);
  git(work, "tag", "both", commits[0]!);
  git(work, "checkout", "--quiet", "-b", "feature/a+b", commits[0]!);
  commitFile(work, "feature", "of a branch");
  git(work, "checkout", "--quiet", "--orphan", "nothing");
  git(work, "rm", "-r", "--quiet", "--force", ".");
  git(work, "commit", "--quiet", "--allow-empty", "--message", "nothing at all");
  git(work, "push", "--quiet", remote, "--all");
  git(work, "push", "--quiet", remote, "--tags");
  git(work, "push", "--quiet", remote, `${commits[1]!}:refs/pull/42/head`);
});
afterAll(() => rmSync(folder, { recursive: true }));

let workspace: string;
beforeEach(() => {
  workspace = mkdtempSync(join(folder, "workspace-"));
});

const inWorkspace = (): readonly string[] => readdirSync(workspace).sort();
const read = (file: string): string => readFileSync(join(workspace, file), "utf8");
const head = (): string => git(workspace, "rev-parse", "HEAD");
const branch = (): string => git(workspace, "branch", "--show-current");

const busybox = findProgram("busybox");

/** With this machine's own shell and, where it has it, that of the images for git. */
describe.each([
  ["/bin/sh", ["/bin/sh"]],
  ...(busybox === undefined ? [] : [["busybox", [busybox, "sh"]] as const]),
] as const)("the checkout script run by %s", (name, [shell, ...shellArgs]) => {
  const checkout = (ref: string, { url = remote, env = {} }: { url?: string; env?: Record<string, string> } = {}) => {
    const { status, stdout, stderr } = spawnSync(shell, [...shellArgs, "-c", checkoutScript], {
      cwd: workspace,
      encoding: "utf8",
      env: {
        PATH: process.env["PATH"],
        TMPDIR: folder,
        HOME: folder,
        GIT_CONFIG_SYSTEM: "/dev/null",
        GIT_TERMINAL_PROMPT: "0",
        GIT_URL: url,
        GIT_REF: ref,
        ...env,
      },
    });
    return { code: status, said: stdout + stderr };
  };

  it("checks a branch out, shallow, ready to commit and push to", () => {
    expect(checkout("main")).toEqual({
      code: 0,
      said: `checked out main of ${remote}: commit ${commits[2]}\n`,
    });
    expect([head(), branch(), read("file")]).toEqual([commits[2], "main", "three"]);
    expect(git(workspace, "rev-parse", "--abbrev-ref", "main@{upstream}")).toBe("origin/main");
    expect(git(workspace, "status", "--porcelain")).toBe("");
    expect(git(workspace, "rev-parse", "--is-shallow-repository")).toBe("true");
    expect(inWorkspace()).toEqual([".git", "file"]);
  });

  it("checks the default branch out where no ref is named", () => {
    expect(checkout("HEAD")).toMatchObject({ code: 0 });
    expect([head(), branch()]).toEqual([commits[2], "main"]);
  });

  it.each([
    ["a branch with a slash and a plus", "feature/a+b", "feature/a+b", "feature"],
    ["a branch by its full name", "refs/heads/feature/a+b", "feature/a+b", "feature"],
  ])("checks %s out", (_, ref, expected, file) => {
    expect(checkout(ref)).toMatchObject({ code: 0 });
    expect([branch(), existsSync(join(workspace, file))]).toEqual([expected, true]);
  });

  it.each([
    ["a tag", "v1", 0],
    ["an annotated tag", "v2", 1],
    ["a tag by its full name", "refs/tags/v2", 1],
    ["a ref that is neither branch nor tag", "refs/pull/42/head", 1],
  ])("checks %s out, on no branch", (_, ref, index) => {
    expect(checkout(ref)).toMatchObject({ code: 0 });
    expect([head(), branch()]).toEqual([commits[index], ""]);
  });

  it("prefers a branch to a tag of its name, and is on that branch's own commit", () => {
    expect(checkout("both")).toMatchObject({ code: 0 });
    expect([head(), branch()]).toEqual([commits[2], "both"]);
  });

  // Version 0 of git's protocol gives only the tips of refs, unless the server is told otherwise.
  it.each([
    ["the newest of a branch", 2, 2],
    ["in its history", 1, 2],
    ["the newest of a branch", 2, 0],
    ["in its history", 1, 0],
  ])("checks a commit out that is %s (%#, protocol %i)", (_, index, protocol) => {
    const env = {
      GIT_CONFIG_COUNT: "1",
      GIT_CONFIG_KEY_0: "protocol.version",
      GIT_CONFIG_VALUE_0: String(protocol),
    };
    expect(checkout(commits[index]!, { env })).toMatchObject({ code: 0 });
    expect([head(), branch()]).toEqual([commits[index], ""]);
  });

  it.each([
    ["a branch that is not there", "gone", "has no branch, tag or commit gone"],
    ["a commit that is not there", NOWHERE, "has no commit"],
    ["a part of a name", "feature", "has no branch, tag or commit feature"],
    ["a pattern", "ma*", "is no name"],
    ["an option", "--upload-pack=touch${IFS}stolen", ""],
    ["a commit without files", "nothing", "holds no files"],
    ["nothing", "", "is no name"],
  ])("fails for %s and leaves nothing to work in", (_, ref, words) => {
    const { code, said } = checkout(ref);
    expect([code, said]).toEqual([expect.not.toBeOneOf([0, null]), expect.stringContaining(words)]);
    expect(inWorkspace()).toEqual([]);
  });

  it("fails for an empty repository and for none, and leaves nothing to work in", () => {
    const empty = join(folder, "empty.git");
    if (!existsSync(empty)) bareRepository(folder, "empty.git");
    for (const [ref, url] of [
      ["HEAD", empty],
      ["main", empty],
      ["HEAD", join(folder, "none.git")],
    ] as const) {
      expect(checkout(ref, { url }).code).not.toBeOneOf([0, null]);
      expect(inWorkspace()).toEqual([]);
    }
  });

  describe("in a persistent workspace", () => {
    it("keeps what an agent did: commits, branches, changes, and removes the locks of one that was killed", () => {
      checkout("main");
      const own = commitFile(workspace, "own", "work");
      git(workspace, "checkout", "--quiet", "-b", "mine");
      writeFileSync(join(workspace, "file"), "changed");
      writeFileSync(join(workspace, ".git", "index.lock"), "");
      expect(checkout("main")).toEqual({ code: 0, said: "" });
      expect([head(), branch(), read("file")]).toEqual([own, "mine", "changed"]);
      expect(git(workspace, "status", "--porcelain")).toBe("M file");
      expect(() => git(workspace, "add", "file")).not.toThrow();
    });

    it("begins a checkout anew that was cut short", () => {
      checkout("main");
      writeFileSync(join(workspace, ".darkfactory-checkout"), "");
      rmSync(join(workspace, ".git", "HEAD"));
      writeFileSync(join(workspace, "half"), "");
      expect(checkout("main")).toMatchObject({ code: 0 });
      expect([head(), inWorkspace()]).toEqual([commits[2], [".git", "file"]]);
    });

    it("takes a volume with a lost+found of root's for empty", () => {
      mkdirSync(join(workspace, "lost+found", "of-root"), { recursive: true });
      chmodSync(join(workspace, "lost+found"), 0);
      expect(checkout("gone").code).not.toBe(0);
      expect(checkout("main")).toMatchObject({ code: 0 });
      expect(inWorkspace()).toEqual([".git", "file", "lost+found"]);
    });

    it("is refused where it was made for another repository or another ref, and touches nothing", () => {
      const other = join(folder, "other.git");
      if (!existsSync(other)) git(folder, "clone", "--quiet", "--bare", remote, other);
      checkout("main");
      const own = commitFile(workspace, "own", "work");
      for (const result of [checkout("main", { url: other }), checkout("v1")]) {
        expect(result).toEqual({ code: 1, said: expect.stringContaining("holds another checkout than") });
      }
      expect([head(), read("own")]).toEqual([own, "work"]);
    });

    it.each([
      ["files", (path: string) => writeFileSync(join(path, "notes"), "mine")],
      ["a repository of somebody's own", (path: string) => git(path, "clone", "--quiet", remote, ".")],
    ])("is refused where it holds %s, and touches nothing", (_, fill) => {
      fill(workspace);
      const before = inWorkspace();
      expect(checkout("main")).toEqual({ code: 1, said: expect.stringContaining("but no checkout of") });
      expect(inWorkspace()).toEqual(before);
    });

    it("runs nothing and prints nothing that an agent left behind for the password's sake", () => {
      checkout("main");
      const stolen = join(folder, `stolen-${name.replace(/\W/g, "")}`);
      const steal = `touch ${stolen}`;
      for (const [key, value] of [
        ["core.fsmonitor", steal],
        ["core.sshCommand", steal],
        ["credential.helper", `!${steal}`],
        ["core.alternateRefsCommand", steal],
      ] as const) {
        git(workspace, "config", key, value);
      }
      const hooks = join(workspace, ".git", "hooks");
      mkdirSync(hooks);
      for (const hook of ["post-checkout", "reference-transaction"]) {
        writeFileSync(join(hooks, hook), `#!/bin/sh\n${steal}\n`, { mode: 0o755 });
      }
      for (const file of ["shallow", "objects/info/alternates", "packed-refs"]) {
        mkdirSync(join(workspace, ".git", "objects", "info"), { recursive: true });
        rmSync(join(workspace, ".git", file), { force: true });
        execFileSync("ln", ["-s", "/proc/self/environ", join(workspace, ".git", file)]);
      }
      const env = { GIT_PASSWORD: "correct-horse" };
      expect(checkout("main", { env })).toEqual({ code: 0, said: "" });
      execFileSync("ln", ["-sf", "/proc/self/environ", join(workspace, ".git", "darkfactory")]);
      const { code, said } = checkout("main", { env });
      expect(code).toBe(1);
      expect(said).not.toContain("correct-horse");
      expect(existsSync(stolen)).toBe(false);
    });
  });
});
