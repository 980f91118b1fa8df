import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, inject, it, onTestFinished, vi } from "vitest";
import { openCluster, startCluster, type Cluster } from "../cluster/cluster.ts";
import { readComponents } from "../cluster/components.ts";
import { isAlive } from "../cluster/processes.ts";
import { run, type Finished } from "../cluster/run.ts";
import { aNamespace, eventually, kubectl as kubectlOf } from "./support.ts";

// A step may take ten seconds on a machine that is busy with other tests.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

const main = join(import.meta.dirname, "..", "cluster", "main.ts");

/** Tests of our own clusters, which nobody needs who tests on another. */
const describeOurs = describe.skipIf(process.env["KUBECONFIG"]);

describeOurs("a cluster whose parts fail", () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await startCluster({ nodes: "none" });
  });
  afterAll(() => cluster.stop());

  const create = (name: string, ...flags: readonly string[]): Promise<Finished> =>
    cluster.kubectl(["create", "configmap", name, ...flags]);
  /** Where nobody answers. */
  const fails = async (name: string): Promise<void> =>
    expect(await create(name, "--request-timeout=2s")).toMatchObject({ code: 1 });
  const names = async (): Promise<string> => (await cluster.kubectl(["get", "configmaps", "-o", "name"])).stdout;

  it("keeps what was written when etcd is killed, and takes writes again once it is restarted", async () => {
    expect(await create("before-etcd")).toMatchObject({ code: 0 });
    await cluster.kill("etcd");
    await fails("without-etcd");
    await cluster.restart("etcd");
    // Each try has a name of its own: one whose answer was lost may have been made.
    let tries = 0;
    await eventually(async () => expect(await create(`after-etcd-${++tries}`)).toMatchObject({ code: 0 }));
    expect(await names()).toContain("configmap/before-etcd");
  });

  it("answers again after its API server was killed and restarted", async () => {
    expect(await create("before-apiserver")).toMatchObject({ code: 0 });
    await cluster.kill("kube-apiserver");
    await fails("without-apiserver");
    await cluster.restart("kube-apiserver");
    expect(await names()).toContain("configmap/before-apiserver");
  });

  it("restarts one part while another stays dead", async () => {
    await cluster.kill("kube-scheduler");
    await cluster.restart("kube-controller-manager");
    await cluster.restart("kube-scheduler");
  });

  it("hangs while its API server is paused, and answers when it goes on", async () => {
    await cluster.pause("kube-apiserver");
    const paused = await cluster.kubectl(["get", "--raw", "/readyz", "--request-timeout=1s"]);
    await cluster.resume("kube-apiserver");
    expect(paused).toMatchObject({ code: 1 });
    await eventually(async () =>
      expect(await cluster.kubectl(["get", "--raw", "/readyz"])).toMatchObject({ code: 0, stdout: "ok" }),
    );
  });

  it("shares nothing with a cluster beside it, which has the flags it was given", async () => {
    const other = await startCluster({ nodes: "none", flags: { "kube-apiserver": ["--max-requests-inflight=77"] } });
    onTestFinished(() => other.stop());
    await create("only-here");
    expect((await other.kubectl(["get", "configmaps", "-o", "name"])).stdout).not.toContain("only-here");
    const components = await readComponents(other.directory);
    expect(components.find(({ name }) => name === "kube-apiserver")?.args).toContain("--max-requests-inflight=77");
    await other.stop();
    expect(components.filter(({ process }) => isAlive(process))).toEqual([]);
    expect(await names()).toContain("only-here");
  });
});

describeOurs("a simulated node", () => {
  const namespace = aNamespace();
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await openCluster(inject("cluster").name ?? "");
  });

  const kubectl = (args: readonly string[], options: { readonly input?: string } = {}): Promise<Finished> =>
    kubectlOf(["--namespace", namespace, ...args], options);
  const start = async (name: string, annotations: Readonly<Record<string, string>> = {}): Promise<void> => {
    const prefixed = Object.entries(annotations).map(([key, value]) => [`sim.darkfactory.dev/${key}`, value]);
    const spec = { restartPolicy: "Never", containers: [{ name: "agent", image: "example.test/agent:1" }] };
    const metadata = { name, annotations: Object.fromEntries(prefixed) };
    const input = JSON.stringify({ apiVersion: "v1", kind: "Pod", metadata, spec });
    expect(await kubectl(["create", "-f", "-"], { input })).toMatchObject({ code: 0 });
  };
  const see = async (name: string, path: string, value: string): Promise<void> => {
    await eventually(async () =>
      expect((await kubectl(["get", "pod", name, "-o", `jsonpath={${path}}`])).stdout).toBe(value),
    );
  };
  const ready = `.status.conditions[?(@.type=="Ready")].status`;
  const waiting = ".status.containerStatuses[0].state.waiting.reason";
  const terminated = ".status.containerStatuses[0].state.terminated";

  it("keeps a Pod running until it is deleted", async () => {
    await start("stays");
    await see("stays", ready, "True");
    expect(await kubectl(["delete", "pod", "stays", "--timeout=120s"])).toMatchObject({ code: 0 });
  });

  it("ends a Pod with the exit code, reason and message that its annotations say", async () => {
    await start("ends", { run: "200ms", exit: "137", reason: "OOMKilled", message: "too big" });
    await see("ends", ".status.phase", "Failed");
    await see("ends", `${terminated}['exitCode','reason','message']`, "137 OOMKilled too big");
  });

  it("completes a Job", async () => {
    await kubectl(["create", "job", "once", "--image=example.test/agent:1"]);
    expect(await kubectl(["wait", "job/once", "--for=condition=Complete", "--timeout=120s"])).toMatchObject({
      code: 0,
    });
  });

  it("backs off from an image that cannot be pulled until it can", async () => {
    await start("no-image", { pull: "fail" });
    await see("no-image", waiting, "ImagePullBackOff");
    await kubectl(["annotate", "pod", "no-image", "sim.darkfactory.dev/pull-"]);
    await see("no-image", ready, "True");
  });

  it("turns a running Pod unready and ready again", async () => {
    await start("flaps", { ready: "false" });
    await see("flaps", ready, "False");
    await kubectl(["annotate", "pod", "flaps", "sim.darkfactory.dev/ready-"]);
    await see("flaps", ready, "True");
    await kubectl(["annotate", "pod", "flaps", "sim.darkfactory.dev/ready=false"]);
    await see("flaps", ready, "False");
  });

  it("serves the log that a Pod was given, and a common one for all others", async () => {
    const time = "2026-01-01T00:00:00.000000001Z";
    await cluster.writePodLog({ namespace, name: "speaks" }, [
      { text: "first", time },
      { text: "second", time, stream: "stderr" },
    ]);
    await start("speaks");
    await start("silent");
    await eventually(async () => {
      const { stdout } = await kubectl(["logs", "speaks", "--timestamps"]);
      expect(stdout).toBe(`${time} first\n${time} second\n`);
    });
    await eventually(async () => expect((await kubectl(["logs", "silent"])).stdout).toContain("simulated"));
  });
});

describeOurs("the cluster command", () => {
  // Its own folder of state, so that it sees no cluster but its own.
  let state: string;
  beforeAll(() => {
    state = mkdtempSync(join(tmpdir(), "darkfactory-"));
  });
  afterAll(async () => {
    await command("down", "--all");
    rmSync(state, { recursive: true });
  });

  const environment = (): Record<string, string> => ({ XDG_STATE_HOME: state });
  const command = (...args: readonly string[]): Promise<Finished> =>
    run(process.execPath, [main, ...args], { env: environment() });
  const up = async (name: string): Promise<ChildProcess> => {
    const env = { ...process.env, ...environment() };
    const args = [main, "up", "--name", name, "--nodes", "none"];
    const child = spawn(process.execPath, args, { env, stdio: ["ignore", "ignore", "pipe"] });
    let said = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => (said += text));
    await eventually(() => expect(said).toContain(`cluster ${name} is up`), { timeoutMs: 100_000 });
    return child;
  };
  const componentsOf = (name: string) => readComponents(join(state, "darkfactory", "clusters", name));
  const ended = (child: ChildProcess): Promise<number | null> =>
    new Promise((resolve) => child.once("exit", (code) => resolve(code)));

  it("removes what an owner that was killed left, when another cluster goes down", async () => {
    const owner = await up("orphaned");
    const components = await componentsOf("orphaned");
    owner.kill("SIGKILL");
    await ended(owner);
    expect(await command("down", "--name", "another")).toMatchObject({ code: 0 });
    expect((await command("status")).stdout).not.toContain("orphaned");
    expect(components).toHaveLength(4);
    expect(components.filter(({ process }) => isAlive(process))).toEqual([]);
  });

  it("tears its cluster down on SIGTERM", async () => {
    const owner = await up("ends");
    const components = await componentsOf("ends");
    owner.kill("SIGTERM");
    expect(await ended(owner)).toBe(0);
    expect(components.filter(({ process }) => isAlive(process))).toEqual([]);
    expect((await command("status")).stdout).not.toContain("ends");
  });

  it("ends when its cluster is taken down from elsewhere", async () => {
    const owner = await up("taken");
    const exit = ended(owner);
    expect(await command("down", "--name", "taken")).toMatchObject({ code: 0 });
    expect(await exit).toBe(0);
  });

  it("starts a detached cluster once, points a plain shell at it, and kills and restarts its parts", async () => {
    const args = ["up", "--detach", "--name", "kept", "--nodes", "none"];
    expect(await command(...args)).toMatchObject({ code: 0, stdout: "" });
    expect(await command(...args)).toMatchObject({ code: 0, stderr: "cluster kept is up already\n" });
    const other = await command("up", "--detach", "--name", "kept", "--nodes", "simulated:1");
    expect(other).toMatchObject({ code: 1, stderr: expect.stringContaining("was started") });

    const script = `eval "$(${process.execPath} ${main} env --name kept)" && kubectl config current-context && kubectl get --raw /readyz`;
    const shell = execFileSync("/bin/sh", ["-c", script], {
      env: { PATH: "/usr/bin:/bin", HOME: "/nonexistent", ...environment() },
      encoding: "utf8",
    });
    expect(shell).toBe("darkfactory-kept\nok");

    expect(await command("kill", "kube-scheduler", "--name", "kept")).toMatchObject({ code: 0 });
    expect((await command("status")).stdout).toMatch(/^kept .* ended: kube-scheduler$/m);
    expect(await command("restart", "kube-scheduler", "--name", "kept")).toMatchObject({ code: 0 });
    expect((await command("status")).stdout).toMatch(/^kept .* 4 running$/m);
    expect(await command("kill", "kubelet", "--name", "kept")).toMatchObject({ code: 1 });
    expect(await command("down", "--name", "kept")).toMatchObject({ code: 0, stdout: "" });
  });

  it("says on one line of stderr what it did not understand, with exit code 2", async () => {
    const { code, stdout, stderr } = await command("up", "--nodes", "imaginary");
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(/^cluster: --nodes takes [^\n]*'imaginary'\n$/);
  });

  it("says with exit code 1 that there is no such cluster", async () => {
    expect(await command("env", "--name", "nobody")).toMatchObject({ code: 1, stdout: "" });
  });
});
