import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { createMemoryCgroup, removeCgroup } from "../cluster/cgroups.ts";
import { startOperator } from "../operator-process.ts";

const MEBIBYTE = 1024 ** 2;

// Only root may make a cgroup; the benchmarks go without one then.
it.skipIf(process.getuid?.() !== 0)(
  "a process in a cgroup of 512 Mi sizes its heap by that, as in a container",
  async () => {
    const cluster = `unit-${process.pid}`;
    onTestFinished(() => removeCgroup(cluster));
    const folder = await mkdtemp(join(tmpdir(), "cgroup-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    const entry = join(folder, "program.mjs");
    const heap =
      'import { getHeapStatistics } from "node:v8"; console.log("heap", getHeapStatistics().heap_size_limit);';
    await writeFile(entry, heap);

    const cgroup = await createMemoryCgroup(cluster, 512 * MEBIBYTE);
    const limited = startOperator({ kubeconfig: "none", entry, ...(cgroup === undefined ? {} : { cgroup }) });
    const [, bytes] = /heap (\d+)/.exec(await limited.logged("heap")) ?? [];
    expect(Number(bytes)).toBeLessThan(300 * MEBIBYTE);
    expect(await limited.ended).toBe(0);
  },
);
