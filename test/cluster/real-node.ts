import { connect } from "node:net";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { cgroupOf, createCgroup } from "./cgroups.ts";
import type { ComponentSpec } from "./components.ts";
import { ClusterFailure } from "./failure.ts";
import { addressesOf } from "./network.ts";
import { pauseImage } from "./node-images.ts";
import { findCniPlugins } from "./packages.ts";
import { findProgram } from "./programs.ts";
import { kubeletHealthPort } from "./ports.ts";
import { runDirectoryOf } from "./paths.ts";
import { directoryOf, type ClusterRecord } from "./record.ts";
import { mustRun } from "./run.ts";

/** The name of the real node. */
export const nodeName = "node";

const socketOf = (record: ClusterRecord): string => join(runDirectoryOf(record.name), "containerd.sock");

/** containerd with runc and a bridge network, all of its state in folders of the cluster's own. */
export async function containerd(record: ClusterRecord): Promise<ComponentSpec> {
  const directory = directoryOf(record);
  const runDirectory = runDirectoryOf(record.name);
  const [networks, configuration] = [join(directory, "cni"), join(directory, "containerd.toml")];
  await mkdir(networks, { recursive: true });
  await writeFile(join(networks, "10-bridge.conflist"), JSON.stringify(bridgeNetwork(record)));
  const cri = 'plugins."io.containerd.grpc.v1.cri"';
  // restrict_oom_score_adj: where root lacks CAP_SYS_RESOURCE every sandbox dies without it (runc: "can't get final
  // child's PID from pipe: EOF"), because a sandbox asks for -998.
  const toml = `version = 2
root = "${join(directory, "containerd")}"
state = "${join(runDirectory, "containerd")}"
[grpc]
address = "${socketOf(record)}"
[ttrpc]
address = "${socketOf(record)}.ttrpc"
[plugins."io.containerd.internal.v1.opt"]
path = "${join(directory, "containerd-opt")}"
[${cri}]
sandbox_image = "${pauseImage}"
stream_server_address = "127.0.0.1"
restrict_oom_score_adj = true
netns_mounts_under_state_dir = true
[${cri}.containerd]
snapshotter = "overlayfs"
default_runtime_name = "runc"
[${cri}.containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
[${cri}.containerd.runtimes.runc.options]
SystemdCgroup = false
[${cri}.cni]
bin_dir = "${findCniPlugins() ?? ""}"
conf_dir = "${networks}"
`;
  await writeFile(configuration, toml);
  const command = findProgram("containerd") ?? "containerd";
  return { name: "containerd", command, args: [`--config=${configuration}`] };
}

/** CNI's name for a cluster's network: also how libcni names what it remembers in /var/lib/cni. */
export const networkOf = (cluster: string): string => `df-${cluster}`;

function bridgeNetwork(record: ClusterRecord): object {
  const subnet = addressesOf(record.subnet ?? 0).pods;
  const ipam = {
    type: "host-local",
    ranges: [[{ subnet }]],
    routes: [{ dst: "0.0.0.0/0" }],
    dataDir: join(directoryOf(record), "cni", "addresses"),
  };
  const bridge = { type: "bridge", bridge: "df0", isGateway: true, ipMasq: false, hairpinMode: true, ipam };
  return { cniVersion: "0.4.0", name: networkOf(record.name), plugins: [bridge] };
}

/** A kubelet that keeps within folders and a cgroup of the cluster's own, and leaves the machine's settings alone. */
export async function kubelet(record: ClusterRecord): Promise<ComponentSpec> {
  const directory = directoryOf(record);
  const rootDirectory = join(directory, "kubelet");
  // Its longest socket is device-plugins/kubelet.sock.
  if (rootDirectory.length > 80) {
    throw new ClusterFailure(
      `the path ${rootDirectory} is too long for the kubelet's sockets: set XDG_STATE_HOME to a shorter one`,
    );
  }
  const pki = (file: string): string => join(directory, "pki", file);
  const endpoint = `unix://${socketOf(record)}`;
  const configuration = {
    apiVersion: "kubelet.config.k8s.io/v1beta1",
    kind: "KubeletConfiguration",
    containerRuntimeEndpoint: endpoint,
    imageServiceEndpoint: endpoint,
    failCgroupV1: false,
    // containerd 1.6 cannot be asked for its driver.
    cgroupDriver: "cgroupfs",
    cgroupRoot: cgroupOf(record.name),
    enforceNodeAllocatable: ["pods"],
    address: record.address,
    port: record.ports.kubelet,
    readOnlyPort: 0,
    healthzBindAddress: record.address,
    healthzPort: kubeletHealthPort,
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true, cacheTTL: "10s" },
      x509: { clientCAFile: pki("ca.crt") },
    },
    authorization: { mode: "Webhook" },
    tlsCertFile: pki("kubelet-serving.crt"),
    tlsPrivateKeyFile: pki("kubelet-serving.key"),
    failSwapOn: false,
    // Root may lack CAP_SYS_RESOURCE.
    oomScoreAdj: 0,
    resolvConf: "",
    // Nobody answers there, and at once, for nothing leads there; without a server every Pod gets a warning event.
    clusterDNS: ["10.96.0.10"],
    clusterDomain: "cluster.local",
    makeIPTablesUtilChains: false,
    maxPods: 250,
    // The images came from no registry: once collected they are gone.
    imageGCHighThresholdPercent: 100,
    evictionHard: {
      "memory.available": "100Mi",
      "nodefs.available": "1%",
      "imagefs.available": "1%",
      "nodefs.inodesFree": "1%",
    },
    serializeImagePulls: false,
    kubeAPIQPS: 500,
    kubeAPIBurst: 1000,
    eventRecordQPS: 0,
    // Small and soon, so that tests see a log rotated; the interval is the shortest that the kubelet takes.
    containerLogMaxSize: "1Mi",
    containerLogMonitorInterval: "3s",
    podLogsDir: join(directory, "pod-logs"),
    volumePluginDir: join(rootDirectory, "volume-plugins"),
  };
  const file = join(directory, "kubelet.json");
  await writeFile(file, JSON.stringify(configuration, undefined, 2));
  await createCgroup(record.name);
  return {
    name: "kubelet",
    command: join(record.programs, "kubelet"),
    args: [
      `--config=${file}`,
      `--kubeconfig=${join(directory, "kubeconfigs", "kubelet")}`,
      `--root-dir=${rootDirectory}`,
      `--cert-dir=${join(rootDirectory, "pki")}`,
      `--hostname-override=${nodeName}`,
      `--node-ip=${record.address}`,
    ],
  };
}

/** Whether containerd takes connections. */
export function isContainerdReady(record: ClusterRecord): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(socketOf(record));
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

/** Gives an image of the node one more name. */
export async function tagImage(record: ClusterRecord, image: string, name: string): Promise<void> {
  const ctr = ["--address", socketOf(record), "--namespace", "k8s.io"];
  await mustRun("ctr", [...ctr, "images", "tag", "--force", image, name]);
}

/** Puts an image archive among those that the node's Pods can use without pulling. */
export async function importImage(record: ClusterRecord, archive: string): Promise<void> {
  await mustRun("ctr", ["--address", socketOf(record), "--namespace", "k8s.io", "images", "import", archive]);
}
