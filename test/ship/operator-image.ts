import { cp, mkdir, mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeImage } from "../cluster/image.ts";
import { imageStart } from "../dockerfile.ts";
import { addProgram } from "../cluster/node-images.ts";
import { mustRun } from "../cluster/run.ts";

const root = join(import.meta.dirname, "..", "..");

/** Where the test's node has the operator's image. */
export const operatorImage = { registry: "darkfactory.test", repository: "darkfactory", tag: "1" } as const;

/** Its whole name. */
export const operatorImageName = `${operatorImage.registry}/${operatorImage.repository}:${operatorImage.tag}`;

/**
 * Writes the operator's image as an archive: the same files at the same places, run in the same way, as the Dockerfile says,
 * but from this machine's own Node and without a registry.
 */
export async function writeOperatorImage(archive: string): Promise<void> {
  const rootfs = await mkdtemp(join(tmpdir(), "operator-image-"));
  try {
    await mustRun(process.execPath, [join(root, "scripts", "build.mjs")]);
    await mkdir(join(rootfs, "app"));
    await cp(join(root, "dist"), join(rootfs, "app", "dist"), { recursive: true });
    for (const file of ["package.json", "LICENSE"]) await cp(join(root, file), join(rootfs, "app", file));
    const node = await realpath(join(root, "node_modules", "node", "bin", "node"));
    await addProgram(rootfs, node, "/usr/local/bin/node");
    const { entryPoint, env } = imageStart();
    const config = {
      Env: Object.entries(env).map(([name, value]) => `${name}=${value}`),
      WorkingDir: "/app",
      User: "65532:65532",
      Entrypoint: entryPoint,
    };
    await writeImage({ reference: operatorImageName, rootfs, config }, archive);
  } finally {
    await rm(rootfs, { recursive: true });
  }
}
