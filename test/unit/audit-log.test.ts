import { appendFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { followTrail } from "../chaos/audit-trail.ts";
import { auditFlags, readAuditLog, tailAuditLog } from "../cluster/audit-log.ts";

const written = (name: string, second: number, namespace = "here"): string =>
  `${JSON.stringify({
    verb: "create",
    requestURI: `/api/v1/namespaces/${namespace}/pods`,
    requestReceivedTimestamp: new Date(second * 1000).toISOString(),
    objectRef: { namespace, resource: "pods", name },
  })}\n`;

describe("an audit log that is still being written", () => {
  let folder: string;
  const write = (text: string | Buffer): Promise<void> => appendFile(join(folder, "audit.log"), text);
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "audit-log-"));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it("tells each line once, and one that is not whole when it is", async () => {
    const line = Buffer.from(written("café", 3));
    const middle = line.indexOf("é") + 1;
    const next = tailAuditLog(folder, ({ objectRef }) => objectRef?.name);
    await write(written("a", 1) + written("b", 2));
    await write(line.subarray(0, middle));
    expect(await next()).toEqual(["a", "b"]);
    expect(await next()).toEqual([]);
    await write(line.subarray(middle));
    expect(await next()).toEqual(["café"]);
  });

  it("tells what is longer than one part of the file, in its order", async () => {
    const names = Array.from({ length: 3000 }, (_, n) => `pod-${n}`);
    await write(names.map((name, n) => written(name, n)).join(""));
    expect((await readAuditLog(folder)).map(({ objectRef }) => objectRef?.name)).toEqual(names);
  });

  it("is one file however long it grows: what the API server put away would be no part of the checker's history", async () => {
    const { "kube-apiserver": flags = [] } = await auditFlags(folder, []);
    const [megabytes] = flags.flatMap((flag) => /^--audit-log-maxsize=(\d+)$/.exec(flag)?.[1] ?? []);
    expect(Number(megabytes)).toBeGreaterThan(100_000);
  });

  it("gives several that ask at once all writes of their namespaces, none twice", async () => {
    await write(written("a", 1) + written("b", 7, "there") + written("c", 3));
    const trail = followTrail(folder);
    const [here, again, last] = await Promise.all([
      trail.writesIn("here"),
      trail.writesIn("here"),
      trail.lastWriteIn(["here", "there"]),
    ]);
    expect(here.map(({ name }) => name)).toEqual(["a", "c"]);
    expect(again).toEqual(here);
    expect(last).toBe(7000);
    expect(await trail.lastWriteIn(["elsewhere"])).toBe(0);
  });

  it("tells of no lease when it is asked for the last write: a leader renews it for as long as it lives", async () => {
    const renewed = written("darkfactory", 9).replaceAll("pods", "leases");
    await write(written("a", 1) + renewed);
    const trail = followTrail(folder);
    expect(await trail.lastWriteIn(["here"])).toBe(1000);
    expect((await trail.writesIn("here")).map(({ name }) => name)).toEqual(["a", "darkfactory"]);
  });
});
