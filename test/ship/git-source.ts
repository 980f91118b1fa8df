import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { mustRun } from "../cluster/run.ts";

/** The files of one commit, by their paths in the repository. */
export type Files = Readonly<Record<string, string>>;

/**
 * Plays Flux's source-controller, which cannot be built here: serves what a commit holds as the tar.gz that it would make of
 * it, over HTTP on this machine, and says what it would write into the status of a GitRepository.
 */
export interface GitSource {
  /** Serves one more commit, and gives the status of a GitRepository (of that generation) that has fetched it. */
  commit(files: Files, generation: number): Promise<FetchedStatus>;
  close(): Promise<void>;
}

export interface FetchedStatus {
  readonly observedGeneration: number;
  readonly conditions: readonly object[];
  readonly artifact: { readonly revision: string; readonly [field: string]: unknown };
}

export async function startGitSource(): Promise<GitSource> {
  const served = new Map<string, Buffer>();
  const server: Server = createServer((request, response) => {
    const body = served.get(request.url ?? "");
    response.writeHead(body === undefined ? 404 : 200, { "content-type": "application/gzip" }).end(body);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("a TCP server has a port");
  const origin = `http://127.0.0.1:${address.port}`;
  return {
    async commit(files, generation) {
      const archive = await pack(files);
      const id = createHash("sha1").update(archive).digest("hex");
      const revision = `main@sha1:${id}`;
      served.set(`/${id}.tar.gz`, archive);
      const now = new Date().toISOString();
      const message = `stored artifact for revision '${revision}'`;
      const isTrue = { status: "True", reason: "Succeeded", message, lastTransitionTime: now };
      return {
        observedGeneration: generation,
        conditions: ["Ready", "ArtifactInStorage"].map((type) => ({
          type,
          ...isTrue,
          observedGeneration: generation,
        })),
        artifact: {
          path: `${id}.tar.gz`,
          url: `${origin}/${id}.tar.gz`,
          revision,
          digest: `sha256:${createHash("sha256").update(archive).digest("hex")}`,
          lastUpdateTime: now,
          size: archive.length,
        },
      };
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

async function pack(files: Files): Promise<Buffer> {
  const folder = await mkdtemp(join(tmpdir(), "commit-"));
  try {
    const tree = join(folder, "tree");
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(tree, path)), { recursive: true });
      await writeFile(join(tree, path), text);
    }
    const archive = join(folder, "artifact.tar.gz");
    await mustRun("tar", ["-C", tree, "-czf", archive, "."]);
    return await readFile(archive);
  } finally {
    await rm(folder, { recursive: true });
  }
}
