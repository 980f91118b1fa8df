import { existsSync } from "node:fs";
import { appendFile, mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { requestApi } from "./api-request.ts";
import type { ComponentSpec } from "./components.ts";
import { kwokLogsCrd } from "./programs.ts";
import { until } from "./readiness.ts";
import { directoryOf, type ClusterRecord } from "./record.ts";
import { mustRun } from "./run.ts";

const labels = { type: "kwok", "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64" };

/** What a Pod has written that was given no log of its own. */
const OF_EVERY_OTHER = "simulated: no program runs in this Pod";

/** kwok, playing Nodes and their Pods as simulated-pods.yaml says, and serving their logs as a kubelet would. */
export async function kwok(record: ClusterRecord): Promise<ComponentSpec> {
  const directory = directoryOf(record);
  const { address, ports } = record;
  const options = {
    cidr: "10.244.0.0/16",
    nodeIP: address,
    nodePort: ports.kubelet,
    serverAddress: `${address}:${ports.kubelet}`,
    tlsCertFile: join(directory, "pki", "kubelet-serving.crt"),
    tlsPrivateKeyFile: join(directory, "pki", "kubelet-serving.key"),
    manageNodesWithLabelSelector: `type=${labels.type}`,
    enableCRDs: ["Logs"],
    nodeLeaseDurationSeconds: 40,
    // With a configuration of one's own these have no default: 0 ends kwok at start, and no debugging means no logs.
    nodeLeaseParallelism: 4,
    podsOnNodeSyncParallelism: 4,
    enableDebuggingHandlers: true,
    podPlayStageParallelism: 16,
    nodePlayStageParallelism: 8,
  };
  const logsFile = podLogFile(directory, "default");
  const documents = [
    { apiVersion: "config.kwok.x-k8s.io/v1alpha1", kind: "KwokConfiguration", options },
    {
      apiVersion: "kwok.x-k8s.io/v1alpha1",
      kind: "ClusterLogs",
      metadata: { name: "every-other-pod" },
      spec: { logs: [{ logsFile, follow: false }] },
    },
  ];
  const configuration = join(directory, "kwok.yaml");
  await writeFile(configuration, documents.map((document) => JSON.stringify(document)).join("\n---\n"));
  await mkdir(join(directory, "pod-logs"), { recursive: true });
  await writeFile(logsFile, asCriLog([{ text: OF_EVERY_OTHER }]));
  return {
    name: "kwok",
    command: join(record.programs, "kwok"),
    args: [
      `--kubeconfig=${join(directory, "kubeconfig")}`,
      `--config=${configuration}`,
      `--config=${join(import.meta.dirname, "simulated-pods.yaml")}`,
    ],
  };
}

/** Registers the simulated Nodes sim-0 … sim-(count - 1), or of another name, 110 Pods each as on a default kubelet. */
export async function createNodes(record: ClusterRecord, count: number, name = "sim"): Promise<void> {
  const names = Array.from({ length: count }, (_, index) => `${name}-${index}`);
  while (names.length > 0) await Promise.all(names.splice(0, 20).map((name) => createNode(record, name)));
}

async function createNode(record: ClusterRecord, name: string): Promise<void> {
  const capacity = { cpu: "64", memory: "256Gi", "ephemeral-storage": "1Ti", pods: "110" };
  const { status, body } = await requestApi(record, "POST", "/api/v1/nodes", {
    apiVersion: "v1",
    kind: "Node",
    metadata: { name, labels: { ...labels, "kubernetes.io/hostname": name } },
    status: { capacity, allocatable: capacity },
  });
  if (status !== 201) throw new Error(`creating Node ${name} was answered ${status}: ${JSON.stringify(body)}`);
}

/** Lets single Pods have logs of their own; must be there before kwok starts. */
export async function installLogsCrd(record: ClusterRecord): Promise<void> {
  const kubectl = join(record.programs, "kubectl");
  const environment = { KUBECONFIG: join(directoryOf(record), "kubeconfig") };
  const crd = join(record.programs, kwokLogsCrd);
  await mustRun(kubectl, ["apply", "--server-side", "-f", crd], { env: environment });
  await mustRun(kubectl, ["wait", "--for=condition=Established", "--timeout=30s", "-f", crd], { env: environment });
}

/** One line of a container's log. `time` is RFC 3339 with up to nine decimals; now when absent. */
export interface LogLine {
  readonly text: string;
  readonly stream?: "stdout" | "stderr";
  readonly time?: string;
}

/** Names a simulated Pod, present or to come. */
export interface SimulatedPod {
  readonly namespace: string;
  readonly name: string;
}

/** Gives a simulated Pod a log of its own with exactly these lines, in place of any before. */
export async function writePodLog(record: ClusterRecord, pod: SimulatedPod, lines: readonly LogLine[]): Promise<void> {
  const path = logFileOf(record, pod);
  // Whoever reads meanwhile finds the one or the other, and never half of it.
  await writeFile(`${path}.new`, asCriLog(lines));
  await rename(`${path}.new`, path);
  await serveLog(record, pod, path);
}

/** Adds lines to a simulated Pod's own log, which it has from the first of them on. */
export async function appendPodLog(record: ClusterRecord, pod: SimulatedPod, lines: readonly LogLine[]): Promise<void> {
  const path = logFileOf(record, pod);
  const isFirst = !existsSync(path);
  await appendFile(path, asCriLog(lines));
  if (isFirst) await serveLog(record, pod, path);
}

/** Lets a simulated Pod have the very log of another. */
export async function sharePodLog(record: ClusterRecord, pod: SimulatedPod, other: SimulatedPod): Promise<void> {
  await serveLog(record, pod, logFileOf(record, other));
}

/** Returns when kwok knows of it: until then it serves every other Pod's log in its place, and a line of that would be counted. */
async function serveLog(record: ClusterRecord, pod: SimulatedPod, logsFile: string): Promise<void> {
  const { namespace, name } = pod;
  const { status, body } = await requestApi(
    record,
    "POST",
    `/apis/kwok.x-k8s.io/v1alpha1/namespaces/${namespace}/logs`,
    {
      apiVersion: "kwok.x-k8s.io/v1alpha1",
      kind: "Logs",
      metadata: pod,
      spec: { logs: [{ logsFile, follow: true }] },
    },
  );
  if (status !== 201 && status !== 409)
    throw new Error(`creating Logs was answered ${status}: ${JSON.stringify(body)}`);
  const log = `http://${record.address}:${record.ports.kubelet}/containerLogs/${namespace}/${name}/any?limitBytes=100`;
  const condition = async (): Promise<boolean> => {
    const served = await fetch(log, { signal: AbortSignal.timeout(10_000) });
    return !(await served.text()).startsWith(OF_EVERY_OTHER);
  };
  await until(record, { what: `kwok to serve the log of Pod ${namespace}/${name}`, condition, needed: [] });
}

const logFileOf = (record: ClusterRecord, { namespace, name }: SimulatedPod): string =>
  podLogFile(directoryOf(record), `${namespace}_${name}`);

const podLogFile = (directory: string, name: string): string => join(directory, "pod-logs", `${name}.log`);

/** The CRI's log format: time, stream, F for a full line, text. */
function asCriLog(lines: readonly LogLine[]): string {
  return lines
    .map(({ text, stream = "stdout", time = new Date().toISOString() }) => `${time} ${stream} F ${text}\n`)
    .join("");
}
