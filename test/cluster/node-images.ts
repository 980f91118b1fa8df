import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import {
  chmod,
  copyFile,
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  realpath,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import { dirname, join } from "node:path";
import { ClusterFailure, type Log } from "./failure.ts";
import { writeImage, type ImageSpec } from "./image.ts";
import { withLock } from "./lock.ts";
import { cacheDirectory } from "./paths.ts";
import { findProgram } from "./programs.ts";
import { mustRun, run } from "./run.ts";

/** The sandbox container of every Pod. */
export const pauseImage = "darkfactory.test/pause:1";
/** A shell and the usual small programs. */
export const busyboxImage = "darkfactory.test/busybox:1";
/** The same and the Node that runs this repository. */
export const nodeImage = "darkfactory.test/node:1";
/** The shell and programs of busybox and a git that fetches over HTTP. */
export const gitImage = "darkfactory.test/git:1";

const imagesDirectory = join(cacheDirectory, "images");

/**
 * The archives of the images that every real node has, built from this machine's own busybox, Node and git unless this
 * user did before. Each works for any numeric user and on a read-only root.
 */
export async function buildImages(programs: string, log: Log): Promise<readonly string[]> {
  const busybox = await realpath(findProgram("busybox") ?? missing("busybox"));
  const node = await realpath(join(import.meta.dirname, "..", "..", "node_modules", "node", "bin", "node"));
  const builders = ["image.ts", "node-images.ts"].map((file) => join(import.meta.dirname, file));
  const sources = await Promise.all(builders.map((file) => readFile(file, "utf8")));
  const git = await findGit();
  const inputs = await Promise.all(
    [busybox, node, git.program, git.remoteHttp].map(async (path) => [path, await sizeAndTime(path)]),
  );
  const key = createHash("sha256")
    .update(JSON.stringify([programs, sources, inputs]))
    .digest("hex")
    .slice(0, 16);
  const directory = join(imagesDirectory, key);
  await withLock(imagesDirectory, async () => {
    if (existsSync(directory)) return;
    log("building the node's container images (once, a few seconds)");
    await build({ busybox, node, git, pause: join(programs, "pause") }, directory);
  });
  return (await readdir(directory)).map((file) => join(directory, file));
}

function missing(name: string): never {
  throw new ClusterFailure(`no '${name}' is on the PATH`);
}

/** git and what it runs to speak HTTP, which it looks for in a folder of its own. */
interface Git {
  readonly program: string;
  readonly remoteHttp: string;
}

async function findGit(): Promise<Git> {
  const program = await realpath(findProgram("git") ?? missing("git"));
  const folder = (await mustRun(program, ["--exec-path"])).trim();
  return { program, remoteHttp: join(folder, "git-remote-http") };
}

async function sizeAndTime(path: string): Promise<readonly number[]> {
  const { size, mtimeMs } = await stat(path);
  return [size, mtimeMs];
}

interface Sources {
  readonly busybox: string;
  readonly node: string;
  readonly git: Git;
  readonly pause: string;
}

async function build({ busybox, node, git, pause }: Sources, directory: string): Promise<void> {
  await mkdir(imagesDirectory, { recursive: true });
  for (const entry of await readdir(imagesDirectory)) {
    if (entry.startsWith(".partial-")) await rm(join(imagesDirectory, entry), { recursive: true });
  }
  const work = await mkdtemp(join(imagesDirectory, ".partial-"));
  const archives = join(work, "archives");
  await mkdir(archives);
  const save = (name: string, spec: Omit<ImageSpec, "rootfs">): Promise<void> =>
    writeImage({ ...spec, rootfs: join(work, name) }, join(archives, `${name}.tar`));
  const config = { Env: ["PATH=/usr/local/bin:/usr/bin:/bin", "HOME=/tmp"], Cmd: ["/bin/sh"], WorkingDir: "/" };

  await addProgram(join(work, "pause"), pause, "/pause");
  await save("pause", { reference: pauseImage, config: { Entrypoint: ["/pause"] } });
  await addBusybox(join(work, "busybox"), busybox);
  await save("busybox", { reference: busyboxImage, config });
  await addBusybox(join(work, "node"), busybox);
  await addProgram(join(work, "node"), node, "/usr/local/bin/node");
  await save("node", { reference: nodeImage, config: { ...config, Cmd: ["node"] } });

  await addBusybox(join(work, "git"), busybox);
  await addProgram(join(work, "git"), git.program, "/usr/bin/git");
  await addProgram(join(work, "git"), git.remoteHttp, git.remoteHttp);
  await symlink("git-remote-http", join(work, "git", dirname(git.remoteHttp), "git-remote-https"));
  await save("git", { reference: gitImage, config });

  await rename(archives, directory);
  await rm(work, { recursive: true });
}

async function addBusybox(rootfs: string, busybox: string): Promise<void> {
  await addProgram(rootfs, busybox, "/bin/busybox");
  const applets = (await mustRun(busybox, ["--list"])).trim().split("\n");
  await Promise.all(
    applets.filter((applet) => applet !== "busybox").map((applet) => symlink("busybox", join(rootfs, "bin", applet))),
  );
  await mkdir(join(rootfs, "usr", "bin"), { recursive: true });
  await symlink("/bin/env", join(rootfs, "usr", "bin", "env"));
  await mkdir(join(rootfs, "etc"));
  await writeFile(
    join(rootfs, "etc", "passwd"),
    "root:x:0:0:root:/:/bin/sh\nnonroot:x:65532:65532:nonroot:/tmp:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n",
  );
  await writeFile(join(rootfs, "etc", "group"), "root:x:0:\nnonroot:x:65532:\nnogroup:x:65534:\n");
  await mkdir(join(rootfs, "tmp"));
  // mkdir's own mode is cut by the umask.
  await chmod(join(rootfs, "tmp"), 0o1777);
}

/** Copies a program, and the shared libraries that it is linked to, to where it finds them in the image. */
export async function addProgram(rootfs: string, from: string, to: string): Promise<void> {
  await copy(rootfs, from, to);
  // ldd's exit code is 1 for a static program.
  const { stdout } = await run("ldd", [from]);
  const libraries = [...stdout.matchAll(/(\/\S+) \(0x[0-9a-f]+\)/g)].map((match) => match[1] ?? "");
  for (const library of libraries) await copy(rootfs, library, library);
}

async function copy(rootfs: string, from: string, to: string): Promise<void> {
  const target = join(rootfs, to);
  await mkdir(dirname(target), { recursive: true });
  await copyFile(from, target);
  await chmod(target, 0o755);
}
