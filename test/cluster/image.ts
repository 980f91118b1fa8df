import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, mkdtemp, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { mustRun } from "./run.ts";

/** An image to be: a folder that becomes its only layer, and what its containers run unless told otherwise. */
export interface ImageSpec {
  /** With a host part, so that nothing takes it for one of Docker Hub's, and a tag other than latest. */
  readonly reference: string;
  readonly rootfs: string;
  readonly config: {
    readonly Env?: readonly string[];
    readonly Entrypoint?: readonly string[];
    readonly Cmd?: readonly string[];
    readonly User?: string;
    readonly WorkingDir?: string;
  };
}

/** The architecture of this machine by the name that OCI and Go give it. */
export const architecture = process.arch === "x64" ? "amd64" : process.arch;

/**
 * Writes an image as an archive in the OCI image layout (image-spec v1), which 'ctr images import' takes. Every file
 * belongs to root. Needs no registry, no Docker and no root. The archive appears whole or not at all.
 */
export async function writeImage({ reference, rootfs, config }: ImageSpec, archive: string): Promise<void> {
  const layout = await mkdtemp(join(dirname(archive), ".image-"));
  const blobs = join(layout, "blobs", "sha256");
  await mkdir(blobs, { recursive: true });
  const addJson = async (value: unknown): Promise<Blob> => {
    const file = join(layout, "blob");
    await writeFile(file, JSON.stringify(value));
    return addBlob(file, blobs);
  };
  try {
    const layer = await addBlob(await packLayer(rootfs, join(layout, "layer")), blobs);
    const platform = { architecture, os: "linux" };
    const image = await addJson({ ...platform, config, rootfs: { type: "layers", diff_ids: [layer.digest] } });
    const manifest = await addJson({
      schemaVersion: 2,
      mediaType: "application/vnd.oci.image.manifest.v1+json",
      config: { mediaType: "application/vnd.oci.image.config.v1+json", ...image },
      layers: [{ mediaType: "application/vnd.oci.image.layer.v1.tar", ...layer }],
    });
    const index = {
      schemaVersion: 2,
      mediaType: "application/vnd.oci.image.index.v1+json",
      manifests: [
        {
          mediaType: "application/vnd.oci.image.manifest.v1+json",
          ...manifest,
          annotations: { "io.containerd.image.name": reference },
          platform,
        },
      ],
    };
    await writeFile(join(layout, "oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }));
    await writeFile(join(layout, "index.json"), JSON.stringify(index));
    const partial = join(layout, "archive.tar");
    await mustRun("tar", ["-C", layout, "-cf", partial, "oci-layout", "index.json", "blobs"]);
    await rename(partial, archive);
  } finally {
    await rm(layout, { recursive: true, force: true });
  }
}

interface Blob {
  readonly digest: string;
  readonly size: number;
}

async function packLayer(rootfs: string, file: string): Promise<string> {
  const reproducible = ["--sort=name", "--mtime=@0", "--owner=0", "--group=0", "--numeric-owner"];
  await mustRun("tar", [...reproducible, "-C", rootfs, "-cf", file, "."]);
  return file;
}

/** Moves a file among the blobs, under the name of its digest. */
async function addBlob(file: string, blobs: string): Promise<Blob> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(file), hash);
  const digest = hash.digest("hex");
  const { size } = await stat(file);
  await rename(file, join(blobs, digest));
  return { digest: `sha256:${digest}`, size };
}
