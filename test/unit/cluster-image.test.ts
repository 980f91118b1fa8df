import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { writeImage } from "../cluster/image.ts";

// Each program that is started takes seconds on a machine that is busy with other tests.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

describe("an image archive", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "darkfactory-"));
    mkdirSync(join(folder, "rootfs"));
    writeFileSync(join(folder, "rootfs", "hello"), "world", { mode: 0o755 });
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const image = { reference: "example.test/hello:1", config: { Cmd: ["/hello"] } };
  const unpack = (archive: string, into: string): string => {
    const target = join(folder, into);
    mkdirSync(target);
    execFileSync("tar", ["-xf", archive, "-C", target]);
    return target;
  };
  const read = (path: string): unknown => JSON.parse(readFileSync(path, "utf8"));

  it("names its reference, and every blob by its digest, down to the layer with the folder's files", async () => {
    const archive = join(folder, "image.tar");
    await writeImage({ ...image, rootfs: join(folder, "rootfs") }, archive);
    const layout = unpack(archive, "layout");
    const blobs = join(layout, "blobs", "sha256");
    for (const blob of readdirSync(blobs)) {
      expect(
        createHash("sha256")
          .update(readFileSync(join(blobs, blob)))
          .digest("hex"),
      ).toBe(blob);
    }
    const open = (digest: string): string => join(blobs, digest.replace("sha256:", ""));
    const index = read(join(layout, "index.json")) as Index;
    expect(index.manifests[0]?.annotations["io.containerd.image.name"]).toBe(image.reference);
    const manifest = read(open(index.manifests[0]?.digest ?? "")) as Manifest;
    expect(read(open(manifest.config.digest))).toMatchObject({ os: "linux", config: image.config });
    const listing = execFileSync("tar", ["-tvf", open(manifest.layers[0]?.digest ?? ""), "--numeric-owner"], {
      encoding: "utf8",
    });
    expect(listing).toMatch(/^-rwxr-xr-x 0\/0 +5 .* \.\/hello$/m);
  });

  it("is the same for the same files whenever they were written, and leaves nothing else beside it", async () => {
    const twins = join(folder, "twins");
    mkdirSync(twins);
    const rootfs = join(folder, "rootfs");
    for (const [name, writtenAt] of [
      ["a.tar", 1],
      ["b.tar", 2],
    ] as const) {
      utimesSync(join(rootfs, "hello"), writtenAt, writtenAt);
      await writeImage({ ...image, rootfs }, join(twins, name));
    }
    const [a, b] = ["a.tar", "b.tar"].map((name) => unpack(join(twins, name), `of-${name}`));
    expect(readFileSync(join(a ?? "", "index.json"), "utf8")).toBe(readFileSync(join(b ?? "", "index.json"), "utf8"));
    expect(readdirSync(twins)).toEqual(["a.tar", "b.tar"]);
  });
});

interface Descriptor {
  readonly digest: string;
}

interface Index {
  readonly manifests: readonly (Descriptor & { readonly annotations: Readonly<Record<string, string>> })[];
}

interface Manifest {
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}
