import { existsSync } from "node:fs";
import { join } from "node:path";
import { ClusterFailure, type Log } from "./failure.ts";
import { findProgram } from "./programs.ts";
import { run } from "./run.ts";

/** Something from outside this repository, and the Debian package that has it. */
interface Requirement {
  readonly package: string;
  readonly isThere: () => boolean;
}

const program = (name: string, of: string): Requirement => ({
  package: of,
  isThere: () => findProgram(name) !== undefined,
});

/** Where Debian, and everyone else, keeps the CNI plugins. */
const cniDirectories = ["/usr/lib/cni", "/opt/cni/bin"];

/** The folder of the CNI plugins; undefined when those that a node needs are not installed. */
export function findCniPlugins(): string | undefined {
  const plugins = ["bridge", "host-local", "loopback"];
  return cniDirectories.find((directory) => plugins.every((plugin) => existsSync(join(directory, plugin))));
}

const forAnyCluster = [program("openssl", "openssl")];

const forRealNode = [
  program("containerd", "containerd"),
  program("ctr", "containerd"),
  program("containerd-shim-runc-v2", "containerd"),
  program("runc", "runc"),
  program("busybox", "busybox-static"),
  program("git", "git"),
  program("ip", "iproute2"),
  program("nsenter", "util-linux"),
  { package: "containernetworking-plugins", isThere: () => findCniPlugins() !== undefined },
];

/** Alerts and Argo CD's health script are tested with what runs them. */
const forTestsOfWhatIsShipped = [
  program("promtool", "prometheus"),
  program("prometheus", "prometheus"),
  program("lua5.4", "lua5.4"),
];

/** Installs what tests need of Debian besides a cluster, as installPackages does. */
export async function installPackagesForTests(log: Log): Promise<void> {
  await install(forTestsOfWhatIsShipped, "", log);
}

/** Installs what a cluster needs of Debian and this machine lacks. Refuses where it may or can not. */
export async function installPackages(nodes: "real" | "other", log: Log): Promise<void> {
  if (nodes === "real") {
    const instead = "; '--nodes simulated:3' works without";
    await install([...forAnyCluster, ...forRealNode], instead, log);
  } else await install(forAnyCluster, "", log);
}

async function install(needed: readonly Requirement[], instead: string, log: Log): Promise<void> {
  const missing = (): readonly string[] => [
    ...new Set(needed.filter(({ isThere }) => !isThere()).map((requirement) => requirement.package)),
  ];
  const packages = missing();
  if (packages.length === 0) return;
  const apt = findProgram("apt-get");
  if (!apt || process.getuid?.() !== 0) {
    throw new ClusterFailure(`install these first (names of Debian packages): ${packages.join(" ")}${instead}`);
  }
  log(`installing Debian packages: ${packages.join(" ")}`);
  await aptGet(apt, ["update", "--quiet"]);
  await aptGet(apt, ["install", "--quiet", "--yes", "--no-install-recommends", ...packages]);
  const still = missing();
  if (still.length > 0) throw new ClusterFailure(`apt-get installed ${still.join(" ")}, but not what is needed of it`);
}

async function aptGet(apt: string, args: readonly string[]): Promise<void> {
  // Offline for systemctl, which then starts no service: the cluster runs a containerd of its own.
  const env = { DEBIAN_FRONTEND: "noninteractive", SYSTEMD_OFFLINE: "1" };
  const { code, stdout, stderr } = await run(apt, ["-o", "DPkg::Lock::Timeout=300", ...args], { env });
  if (code === 0) return;
  throw new ClusterFailure(
    `'apt-get ${args.join(" ")}' failed: ${`${stdout}\n${stderr}`.trim().split("\n").slice(-3).join(" | ")}`,
  );
}
