import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import {
  readComponent,
  readComponents,
  startComponent,
  type Component,
  type ComponentName,
  type ComponentSpec,
} from "./components.ts";
import { apiserver, controllerManager, etcd, scheduler, type ExtraFlags } from "./control-plane.ts";
import { claim, release } from "./claim.ts";
import { ClusterFailure, type Log } from "./failure.ts";
import { writeKubeconfigs } from "./kubeconfig.ts";
import { addressesOf, createNetwork, inNamespace } from "./network.ts";
import { clusterDirectory } from "./paths.ts";
import { writePki } from "./pki.ts";
import { prepare } from "./prepare.ts";
import { isAlive, kill, signal } from "./processes.ts";
import { hasDefaultServiceAccount, hasReadyNodes, isReady, until } from "./readiness.ts";
import { containerd, importImage, kubelet, nodeName, tagImage } from "./real-node.ts";
import { directoryOf, readRecord, serverOf, type ClusterRecord, type Nodes } from "./record.ts";
import { run, type Finished } from "./run.ts";
import { takeRunDirectory } from "./remains.ts";
import {
  appendPodLog,
  createNodes,
  installLogsCrd,
  kwok,
  type LogLine,
  sharePodLog,
  type SimulatedPod,
  writePodLog,
} from "./simulated-nodes.ts";
import { tearDown } from "./tear-down.ts";

export interface ClusterOptions {
  /** At most 32 lower-case letters, digits and dashes; a random one when absent. */
  readonly name?: string;
  readonly nodes: Nodes;
  /** Further arguments for single components. */
  readonly flags?: ExtraFlags;
  /** Lifts the request limits of Kubernetes' own controllers (default), so that they do not hide the operator's speed. */
  readonly tuned?: boolean;
  /** Keeps the cluster running after this process; otherwise this process owns it and the next sweep ends it. */
  readonly detached?: boolean;
  readonly log?: Log;
  readonly aborted?: AbortSignal;
}

/** A running cluster. */
export interface Cluster {
  readonly name: string;
  /** Path of the administrator's kubeconfig. */
  readonly kubeconfig: string;
  /** URL of the API server. */
  readonly server: string;
  /** Where the host answers the cluster's Pods; nothing else outside is reachable from a real node. */
  readonly hostAddress: string;
  /** Folder of kubectl and the other programs. */
  readonly binDir: string;
  /** The cluster's own folder: logs/<component>.log, pki, etcd. */
  readonly directory: string;
  kubectl(args: readonly string[], options?: { readonly input?: string }): Promise<Finished>;
  /** Ends a component with SIGKILL and returns when it is gone. */
  kill(component: ComponentName): Promise<void>;
  /** Starts a component anew, ending it before when it runs, and returns when it is ready. */
  restart(component: ComponentName): Promise<void>;
  /** Freezes a component (SIGSTOP): its connections stay open and nothing answers. */
  pause(component: ComponentName): Promise<void>;
  /** Lets a frozen component go on. */
  resume(component: ComponentName): Promise<void>;
  /** Adds simulated nodes, called <name>-0 and so on, to those that it has. */
  addNodes(count: number, name: string): Promise<void>;
  /** Gives a simulated Pod, present or to come, a log of its own in place of the one that all others share. */
  writePodLog(pod: SimulatedPod, lines: readonly LogLine[]): Promise<void>;
  /** Adds lines to that log. */
  appendPodLog(pod: SimulatedPod, lines: readonly LogLine[]): Promise<void>;
  /** Lets a simulated Pod have the very log of another. */
  sharePodLog(pod: SimulatedPod, other: SimulatedPod): Promise<void>;
  /** Puts an image archive (see writeImage) on the real node. */
  importImage(archive: string): Promise<void>;
  /** Gives an image of the real node one more name, as if it had been pulled under that. */
  tagImage(image: string, name: string): Promise<void>;
  /** Whether it has not been torn down, by this process or another. */
  exists(): Promise<boolean>;
  /** Ends the cluster and removes all that it left on the machine. */
  stop(): Promise<void>;
}

/** Starts a cluster and returns when Pods can be created in it and its nodes take them. Leaves nothing when it fails. */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const log = options.log ?? (() => undefined);
  const { programs, images } = await prepare(options.nodes, log, options.aborted);
  const name = options.name ?? `test-${Math.random().toString(36).slice(2, 8)}`;
  const record = await claim(name, options.nodes, programs, log);
  try {
    await bringUp(record, images, options);
    if (options.detached) await release(record);
    else tearDownAtExit(name);
  } catch (error) {
    await tearDown(name);
    throw error;
  }
  return handle(record);
}

/** Has another process end the cluster should this one exit without having done so, as vitest does on Ctrl-C. */
function tearDownAtExit(name: string): void {
  process.once("exit", () => {
    if (!existsSync(clusterDirectory(name))) return;
    const args = [join(import.meta.dirname, "main.ts"), "down", "--name", name];
    spawn(process.execPath, args, { detached: true, stdio: "ignore" }).unref();
  });
}

/** The running cluster of that name, whoever started it; refuses when there is none. */
export async function openCluster(name: string): Promise<Cluster> {
  const record = await readRecord(name);
  if (!record) throw new ClusterFailure(`no cluster is called '${name}' ('npm run cluster -- status' lists them)`);
  return handle(record);
}

async function bringUp(record: ClusterRecord, images: readonly string[], options: ClusterOptions): Promise<void> {
  const directory = directoryOf(record);
  const tuned = options.tuned ?? true;
  const started: Component[] = [];
  const start = async (spec: ComponentSpec): Promise<void> => {
    const args = [...spec.args, ...(options.flags?.[spec.name] ?? [])];
    started.push(await startComponent(directory, place(record, { ...spec, args })));
  };
  const wait = (what: string, condition: () => Promise<boolean>): Promise<void> =>
    until(record, { what, condition, needed: started, aborted: options.aborted });

  await Promise.all(["components", "logs"].map((folder) => mkdir(join(directory, folder))));
  if (record.subnet !== undefined) {
    await takeRunDirectory(record.name);
    await createNetwork(record.name, record.subnet);
  }
  await Promise.all([start(etcd(record)), writePki(join(directory, "pki"), record.address, nodeName)]);
  await writeKubeconfigs(record);
  await start(apiserver(record));
  if (record.nodes === "real") {
    await start(await containerd(record));
    await wait("containerd", () => isReady(record, "containerd"));
    await Promise.all(images.map((image) => importImage(record, image)));
  }
  await wait("the API server", () => isReady(record, "kube-apiserver"));
  options.log?.(`cluster ${record.name}: the API server is ready at ${serverOf(record)}`);
  await start(controllerManager(record, tuned));
  await start(scheduler(record, tuned));
  if (record.nodes === "real") await start(await kubelet(record));
  if (typeof record.nodes === "object") {
    await installLogsCrd(record);
    await start(await kwok(record));
    await createNodes(record, record.nodes.simulated);
  }
  const nodes = countOf(record.nodes);
  await wait("the nodes", () => hasReadyNodes(record, nodes));
  await wait("the scheduler", () => isReady(record, "kube-scheduler"));
  await wait("the default ServiceAccount", () => hasDefaultServiceAccount(record));
}

const place = (record: ClusterRecord, spec: ComponentSpec): ComponentSpec =>
  record.subnet === undefined ? spec : inNamespace(record.name, spec);

function countOf(nodes: Nodes): number {
  if (typeof nodes === "object") return nodes.simulated;
  return nodes === "real" ? 1 : 0;
}

function handle(record: ClusterRecord): Cluster {
  const directory = directoryOf(record);
  const kubeconfig = join(directory, "kubeconfig");
  const find = async (name: ComponentName): Promise<Component> => {
    const component = await readComponent(directory, name);
    if (component) return component;
    const names = (await readComponents(directory)).map((component) => component.name);
    throw new ClusterFailure(`cluster ${record.name} has no ${name}, only ${names.join(", ")}`);
  };
  // Another cluster may have taken the name since.
  const exists = async (): Promise<boolean> => (await readRecord(record.name))?.createdAt === record.createdAt;
  return {
    name: record.name,
    kubeconfig,
    server: serverOf(record),
    hostAddress: record.subnet === undefined ? record.address : addressesOf(record.subnet).host,
    binDir: record.programs,
    directory,
    kubectl: (args, { input } = {}) =>
      run(join(record.programs, "kubectl"), args, {
        env: { KUBECONFIG: kubeconfig },
        ...(input === undefined ? {} : { input }),
      }),
    kill: async (name) => kill([(await find(name)).process]),
    restart: async (name) => {
      const before = await find(name);
      await kill([before.process]);
      // Once more as systemd would: a kubelet ends where containerd takes connections and is not initialized yet.
      for (let triesLeft = name === "kubelet" ? 4 : 0; ; triesLeft--) {
        const component = await startComponent(directory, before);
        try {
          return await until(record, { what: name, condition: () => isReady(record, name), needed: [component] });
        } catch (error) {
          if (triesLeft === 0 || isAlive(component.process)) throw error;
        }
      }
    },
    pause: async (name) => signal((await find(name)).process, "SIGSTOP"),
    resume: async (name) => signal((await find(name)).process, "SIGCONT"),
    addNodes: (count, name) => createNodes(record, count, name),
    writePodLog: (pod, lines) => writePodLog(record, pod, lines),
    appendPodLog: (pod, lines) => appendPodLog(record, pod, lines),
    sharePodLog: (pod, other) => sharePodLog(record, pod, other),
    importImage: (archive) => importImage(record, archive),
    tagImage: (image, name) => tagImage(record, image, name),
    exists,
    stop: async () => {
      if (await exists()) await tearDown(record.name);
    },
  };
}
