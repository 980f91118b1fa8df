import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { processesInCgroup } from "../cluster/cgroups.ts";
import { startCluster, type Cluster } from "../cluster/cluster.ts";
import { processesInNamespace } from "../cluster/remains.ts";
import { eventually } from "../integration/support.ts";

// Nobody needs our own node who tests on another.
describe.skipIf(process.env["KUBECONFIG"])("a real node", () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await startCluster({ nodes: "real" });
  });
  afterAll(() => cluster.stop());

  /** As the Pod Security Standard "restricted" wants it, and on a read-only root besides. */
  const create = async (name: string, image: string, command: readonly string[], pod: object = {}): Promise<void> => {
    const input = JSON.stringify({
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name },
      spec: {
        restartPolicy: "Never",
        securityContext: { runAsNonRoot: true, runAsUser: 65532, seccompProfile: { type: "RuntimeDefault" } },
        containers: [
          {
            name: "agent",
            image,
            command,
            securityContext: {
              readOnlyRootFilesystem: true,
              allowPrivilegeEscalation: false,
              capabilities: { drop: ["ALL"] },
            },
            volumeMounts: [{ name: "workspace", mountPath: "/workspace" }],
          },
        ],
        volumes: [{ name: "workspace", emptyDir: {} }],
        ...pod,
      },
    });
    expect(await cluster.kubectl(["create", "-f", "-"], { input })).toMatchObject({ code: 0 });
  };
  const see = (name: string, path: string, value: string): Promise<void> =>
    eventually(
      async () => expect((await cluster.kubectl(["get", "pod", name, "-o", `jsonpath={${path}}`])).stdout).toBe(value),
      { timeoutMs: 120_000 },
    );
  const log = async (name: string): Promise<string> => (await cluster.kubectl(["logs", name])).stdout;

  it("runs a shell as a numeric user on a read-only root, and keeps its exit code and output", async () => {
    const script =
      "id -u; touch /forbidden || echo read-only; echo kept > /workspace/file && cat /workspace/file; exit 3";
    await create("shell", "darkfactory.test/busybox:1", ["sh", "-c", script]);
    await see("shell", ".status.containerStatuses[0].state.terminated.exitCode", "3");
    expect((await log("shell")).split("\n")).toEqual(expect.arrayContaining(["65532", "read-only", "kept"]));
  });

  it("runs Node, which reaches the API server under the address that every Pod is given", async () => {
    const script = `
      const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = process.env;
      const account = "/var/run/secrets/kubernetes.io/serviceaccount/";
      const ca = require("fs").readFileSync(account + "ca.crt");
      const authorization = "Bearer " + require("fs").readFileSync(account + "token", "utf8");
      require("https").get({ host, port, path: "/version", ca, headers: { authorization } }, (answer) => answer.pipe(process.stdout));
    `;
    await create("node", "darkfactory.test/node:1", ["node", "-e", script]);
    await see("node", ".status.phase", "Succeeded");
    expect(JSON.parse(await log("node"))).toMatchObject({ major: "1" });
  });

  it("says at once that an image cannot be pulled", async () => {
    await create("no-image", "darkfactory.test/none:1", []);
    await eventually(async () => {
      const path = "jsonpath={.status.containerStatuses[0].state.waiting.reason}";
      const { stdout } = await cluster.kubectl(["get", "pod", "no-image", "-o", path]);
      expect(["ErrImagePull", "ImagePullBackOff"]).toContain(stdout);
    });
  });

  it("keeps its containers while kubelet and containerd are killed and restarted", async () => {
    await create("stays", "darkfactory.test/busybox:1", ["sleep", "600"]);
    await see("stays", ".status.phase", "Running");
    for (const component of ["kubelet", "containerd"] as const) await cluster.kill(component);
    for (const component of ["containerd", "kubelet"] as const) await cluster.restart(component);
    await eventually(async () =>
      expect(await cluster.kubectl(["exec", "stays", "--", "id", "-u"])).toMatchObject({ code: 0, stdout: "65532\n" }),
    );
    await see("stays", ".status.containerStatuses[0].restartCount", "0");
  });

  it("leaves nothing on the machine once stopped, whatever still runs on it", async () => {
    await create("bridged", "darkfactory.test/busybox:1", ["sleep", "600"]);
    await create("on-the-host", "darkfactory.test/busybox:1", ["sleep", "600"], { hostNetwork: true });
    for (const pod of ["bridged", "on-the-host"]) await see(pod, ".status.phase", "Running");
    const before = await remainsOf(cluster);
    expect(Object.entries(before).filter(([, found]) => found.length === 0)).toEqual([]);

    await cluster.stop();
    const after = await remainsOf(cluster);
    expect(Object.entries(after).filter(([, found]) => found.length > 0)).toEqual([]);
  });
});

/** All that a real node puts on a machine outside the folders of its cluster, by kind. */
async function remainsOf({
  name,
  directory,
  hostAddress,
}: Cluster): Promise<Readonly<Record<string, readonly unknown[]>>> {
  const mounts = readFileSync("/proc/self/mountinfo", "utf8").split("\n");
  const links: readonly { readonly addr_info: readonly { readonly local: string }[] }[] = JSON.parse(
    execFileSync("ip", ["-json", "address"], { encoding: "utf8" }),
  );
  const cgroups = readdirSync("/sys/fs/cgroup").map((hierarchy) =>
    join("/sys/fs/cgroup", hierarchy, `darkfactory-${name}`),
  );
  const namespace = `/run/netns/df-${name}`;
  const folders = [directory, `/run/darkfactory-${name}`, namespace, `/sys/fs/cgroup/darkfactory-${name}`];
  return {
    containers: await processesInCgroup(name),
    processes: runningWith(name),
    namespaced: processesInNamespace(namespace),
    mounts: mounts.filter((line) => line.includes(`/darkfactory-${name}/`) || line.includes(`${directory}/`)),
    links: links.filter((link) => link.addr_info.some(({ local }) => local === hostAddress)),
    routes: execFileSync("ip", ["route"], { encoding: "utf8" })
      .split("\n")
      .filter((line) => line.includes(hostAddress.replace(/\.1$/, "."))),
    folders: [...folders, ...cgroups].filter((path) => existsSync(path)),
    logs: readdirSync("/var/log/containers").filter((file) => file.startsWith("on-the-host_default_")),
    networks: readdirSync("/var/lib/cni/results").filter((file) => file.includes(`df-${name}-`)),
  };
}

/** Processes whose command line names the cluster's folders: components and shims. */
function runningWith(name: string): readonly string[] {
  return readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .map((pid) => {
      try {
        return readFileSync(join("/proc", pid, "cmdline"), "utf8");
      } catch {
        return "";
      }
    })
    .filter((line) => line.includes(`/darkfactory-${name}/`) || line.includes(`/clusters/${name}/`));
}
