import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { ClusterFailure, type Log } from "../cluster/failure.ts";
import { withLock } from "../cluster/lock.ts";
import { cacheDirectory } from "../cluster/paths.ts";
import { findProgram } from "../cluster/programs.ts";
import { mustRun } from "../cluster/run.ts";

/** Where the programs of this folder are kept, for every checkout of this user. */
export const cache = join(cacheDirectory, "ship");

/** A Go module whose tool list is built with one 'go install tool'. */
export interface GoTools {
  /** What is built, for people. */
  readonly name: string;
  /** Folder of its go.mod and go.sum. */
  readonly module: string;
  /** Names what is put beside the programs, so that another recipe is another outcome. */
  readonly extra?: string;
  /** Puts files that the modules hold beside the programs. */
  readonly addFiles?: (go: string, directory: string) => Promise<void>;
}

/**
 * The folder with the programs, built from the Go modules that go.sum pins unless this user built the same before (some
 * minutes). Refuses where there is no Go.
 */
export async function buildGoTools(tools: GoTools, log: Log): Promise<string> {
  const go = findProgram("go");
  if (!go) throw new ClusterFailure(`${tools.name} is built with Go 1.21 or newer, and no 'go' is on the PATH`);
  const sources = await Promise.all(["go.mod", "go.sum"].map((file) => readFile(join(tools.module, file), "utf8")));
  const version = await mustRun(go, ["env", "GOVERSION", "GOARCH"], { cwd: tools.module });
  const recipe = [sources, version, ...(tools.extra === undefined ? [] : [tools.extra])];
  const key = createHash("sha256").update(JSON.stringify(recipe)).digest("hex").slice(0, 16);
  const directory = join(cache, key);
  return await withLock(
    cache,
    async () => {
      if (!existsSync(directory)) await build(go, tools, { directory, log });
      return directory;
    },
    { onWait: () => log(`another process is building tools: waiting for it before ${tools.name}`) },
  );
}

async function build(
  go: string,
  tools: GoTools,
  { directory, log }: { readonly directory: string; readonly log: Log },
): Promise<void> {
  log(`building ${tools.name} (once, a few minutes)`);
  const partial = `${directory}.partial`;
  await rm(partial, { recursive: true, force: true });
  await mkdir(partial, { recursive: true });
  const env = { GOBIN: partial, CGO_ENABLED: "0", GOFLAGS: "-mod=readonly" };
  await mustRun(go, ["install", "-trimpath", "-ldflags=-s -w", "tool"], { cwd: tools.module, env });
  await tools.addFiles?.(go, partial);
  await rename(partial, directory);
}
