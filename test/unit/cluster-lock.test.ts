import { spawn } from "node:child_process";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { withLock } from "../cluster/lock.ts";
import { identify, isAlive, kill, signal } from "../cluster/processes.ts";

// Each program that is started takes seconds on a machine that is busy with other tests.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const aName = (): string => `test ${Math.random()}`;

describe("a lock", () => {
  it("lets one work at a time, and others of another name besides", async () => {
    const name = aName();
    let inside = 0;
    let most = 0;
    const work = async (): Promise<void> => {
      inside += 1;
      most = Math.max(most, inside);
      await withLock(aName(), async () => undefined);
      inside -= 1;
    };
    await Promise.all([1, 2, 3].map(() => withLock(name, work)));
    expect(most).toBe(1);
  });

  it("is free again after its work failed", async () => {
    const name = aName();
    await expect(withLock(name, () => Promise.reject(new Error("no")))).rejects.toThrow("no");
    await withLock(name, async () => undefined);
  });

  it("is free again when its process was killed", async () => {
    const name = aName();
    const module = join(import.meta.dirname, "..", "cluster", "lock.ts");
    const script = `
      const { withLock } = await import(${JSON.stringify(module)});
      await withLock(${JSON.stringify(name)}, () => new Promise(() => { console.log("held"); setInterval(() => {}, 1000); }));
    `;
    const holder = spawn(process.execPath, ["--input-type=module", "-e", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await new Promise((resolve) => holder.stdout.once("data", resolve));
    let waited = false;
    const next = withLock(name, async () => "mine", {
      onWait: () => {
        waited = true;
        holder.kill("SIGKILL");
      },
    });
    expect(await next).toBe("mine");
    expect(waited).toBe(true);
  });

  it("is not waited for by who was told to end", async () => {
    const name = aName();
    const aborted = AbortSignal.abort(new Error("told to end"));
    await withLock(name, async () => {
      await expect(withLock(name, async () => undefined, { aborted })).rejects.toThrow("told to end");
    });
  });
});

describe("a process' identity", () => {
  it("is not that of a later process of the same number", () => {
    const self = identify(process.pid);
    expect(self && isAlive(self)).toBe(true);
    const earlier = { pid: process.pid, startTime: "1" };
    expect(isAlive(earlier)).toBe(false);
    // Would end this test.
    signal(earlier, "SIGKILL");
  });

  it("ends with the process, before its parent has asked how it ended", async () => {
    const child = spawn("sleep", ["600"]);
    const identity = identify(child.pid ?? 0);
    if (!identity) throw new Error("sleep did not start");
    await kill([identity]);
    expect(isAlive(identity)).toBe(false);
    expect(identify(identity.pid)).toBeUndefined();
  });
});
