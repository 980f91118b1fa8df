import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { systemClock, type KubeClock } from "./clock.ts";
import { loadConfig, type ConfigChoice } from "./config.ts";
import { ConfigError } from "./errors.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "config-test-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const SECRET = "s3cr3t";
const CA = "-----BEGIN CERTIFICATE-----\nca\n-----END CERTIFICATE-----";
const base64 = (text: string): string => Buffer.from(text).toString("base64");

interface Parts {
  readonly cluster?: object;
  readonly user?: object | null;
  readonly context?: object;
  readonly current?: string;
}

/** A kubeconfig of one context "c", which leads to the cluster "k" as the user "u". */
const kubeconfig = ({ cluster = {}, user = { token: SECRET }, context = {}, current = "c" }: Parts = {}): object => ({
  apiVersion: "v1",
  kind: "Config",
  clusters: [{ name: "k", cluster: { server: "https://k:6443", ...cluster } }],
  users: [{ name: "u", user }],
  contexts: [{ name: "c", context: { cluster: "k", user: "u", ...context } }],
  "current-context": current,
});

let written = 0;
async function write(content: object | string): Promise<string> {
  const file = join(folder, `config-${++written}`);
  await writeFile(file, typeof content === "string" ? content : JSON.stringify(content));
  return file;
}

/** The message of the error that loading ends with, its file's name cut short. */
async function complaint(choice: ConfigChoice): Promise<string> {
  try {
    await loadConfig({ env: {}, serviceAccountFolder: join(folder, "nowhere"), ...choice });
    return "none";
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as Error).message.replaceAll(/\S*\/config-\d+/g, "FILE");
  }
}

describe("a kubeconfig", () => {
  it("gives server, credentials, CA and namespace", async () => {
    const cluster = { "certificate-authority-data": base64(CA), "tls-server-name": "api" };
    const config = await loadConfig({ kubeconfig: await write(kubeconfig({ cluster, context: { namespace: "x" } })) });
    expect(config).toMatchObject({ server: "https://k:6443", namespace: "x" });
    expect(await config.authorization()).toBe(`Bearer ${SECRET}`);
    expect(await config.tls()).toEqual({ ca: CA, serverName: "api" });
    expect(await config.tls()).toBe(await config.tls());
  });

  it("finds the files that it names beside itself", async () => {
    await writeFile(join(folder, "ca.crt"), CA);
    await writeFile(join(folder, "client.crt"), "cert\n");
    await writeFile(join(folder, "client.key"), "key\n");
    const user = { "client-certificate": "client.crt", "client-key": "client.key" };
    const content = kubeconfig({ cluster: { "certificate-authority": "ca.crt" }, user });
    const config = await loadConfig({ kubeconfig: await write(content) });
    expect(await config.tls()).toEqual({ ca: CA, cert: "cert", key: "key" });
    expect(await config.authorization()).toBeUndefined();
  });

  it.each<[string, object | string, string]>([
    ["is not YAML", `a: ${SECRET}: [`, "FILE: not YAML (line 1)"],
    ["is something else", `just ${SECRET}`, "FILE: not a kubeconfig: Invalid input: expected object, received string"],
    [
      "has no current context",
      kubeconfig({ current: "" }),
      "FILE: current-context is not set, and no context was named",
    ],
    ["names a context that is not there", kubeconfig({ current: "d" }), 'FILE: no context "d" (there are: c)'],
    [
      "names a cluster that is not there",
      kubeconfig({ context: { cluster: "z" } }),
      'FILE: contexts[c].context.cluster: there is no cluster "z"',
    ],
    [
      "names a user that is not there",
      kubeconfig({ context: { user: "z" } }),
      'FILE: contexts[c].context.user: there is no user "z"',
    ],
    [
      "has a token that is no text",
      kubeconfig({ user: { token: 5 } }),
      "FILE: users[0].user.token: Invalid input: expected string, received number",
    ],
    [
      "has a server that is no URL",
      kubeconfig({ cluster: { server: "k:6443" } }),
      "FILE: clusters[k].cluster.server: not an http or https URL",
    ],
    [
      "has a CA that is no PEM",
      kubeconfig({ cluster: { "certificate-authority-data": base64(SECRET) } }),
      "FILE: clusters[k].cluster.certificate-authority-data: not base64 of a PEM block",
    ],
    [
      "names a CA file that is not there",
      kubeconfig({ cluster: { "certificate-authority": "/nowhere/ca.crt" } }),
      "FILE: clusters[k].cluster.certificate-authority: cannot read /nowhere/ca.crt: no such file",
    ],
    [
      "wants to act as somebody else",
      kubeconfig({ user: { token: SECRET, as: "admin" } }),
      "FILE: users[u].user.as: impersonation is not supported",
    ],
    [
      "leads through a proxy",
      kubeconfig({ cluster: { "proxy-url": "http://p" } }),
      "FILE: clusters[k].cluster.proxy-url: not supported",
    ],
  ])("that %s is refused in one line that names file and field, and no secret", async (_what, content, expected) => {
    const message = await complaint({ kubeconfig: await write(content) });
    expect(message).toBe(expected);
    expect(message).not.toContain(SECRET);
  });

  it("that cannot be read is refused by its name", async () => {
    expect(await complaint({ kubeconfig: "/nowhere/config" })).toBe("/nowhere/config: no such file");
    expect(await complaint({ kubeconfig: folder })).toBe(`${folder}: it is a directory`);
    expect(await complaint({ env: { KUBECONFIG: "/nowhere/a:/nowhere/b" } })).toBe(
      "/nowhere/a, /nowhere/b: no such file",
    );
  });

  it("can be several files in KUBECONFIG: the first wins, name by name, and one may be missing", async () => {
    const first = await write({ ...kubeconfig({ cluster: { server: "https://first" } }), users: null });
    const second = await write(kubeconfig({ cluster: { server: "https://second" }, current: "other" }));
    const config = await loadConfig({ env: { KUBECONFIG: ["/nowhere/config", first, second].join(":") } });
    expect(config.server).toBe("https://first");
    expect(await config.authorization()).toBe(`Bearer ${SECRET}`);
    expect(await complaint({ env: { KUBECONFIG: first }, context: "d" })).toBe('FILE: no context "d" (there are: c)');
  });

  it("may log in by an exec plugin, whose failure is told without what it printed", async () => {
    const plugin = join(folder, "plugin.sh");
    const credential = {
      apiVersion: "client.authentication.k8s.io/v1",
      kind: "ExecCredential",
      status: { token: SECRET },
    };
    await writeFile(plugin, `#!/bin/sh\necho '${JSON.stringify(credential)}'\n`);
    await chmod(plugin, 0o700);
    const exec = (command: string): object => ({
      exec: { apiVersion: "client.authentication.k8s.io/v1", command, interactiveMode: "Never" },
    });
    const config = await loadConfig({ kubeconfig: await write(kubeconfig({ user: exec(plugin) })) });
    expect(await config.authorization()).toBe(`Bearer ${SECRET}`);
    const broken = join(folder, "broken.sh");
    await writeFile(broken, `#!/bin/sh\necho ${SECRET.repeat(10)} >&2\nexit 1\n`);
    await chmod(broken, 0o700);
    const message = await complaint({ kubeconfig: await write(kubeconfig({ user: exec(broken) })) });
    expect(message).toContain(`FILE: users[u].user: exec plugin ${broken} failed: `);
    expect(message).not.toContain(SECRET);
  });
});

describe("a Pod's service account", () => {
  const env = { KUBERNETES_SERVICE_HOST: "10.96.0.1", KUBERNETES_SERVICE_PORT: "443" };
  const account = async (name: string): Promise<string> => {
    const mounted = join(folder, name);
    await mkdir(mounted);
    await writeFile(join(mounted, "token"), "first\n");
    await writeFile(join(mounted, "ca.crt"), CA);
    await writeFile(join(mounted, "namespace"), "darkfactory-system");
    return mounted;
  };

  it("is used where no kubeconfig is named, before ~/.kube/config", async () => {
    const serviceAccountFolder = await account("order");
    const config = await loadConfig({ env, serviceAccountFolder });
    expect(config).toMatchObject({
      server: "https://10.96.0.1:443",
      namespace: "darkfactory-system",
      source: "in-cluster",
    });
    expect(await config.tls()).toEqual({ ca: CA });
    const named = await write(kubeconfig());
    expect((await loadConfig({ env: { ...env, KUBECONFIG: named }, serviceAccountFolder })).server).toBe(
      "https://k:6443",
    );
    const ipv6 = { ...env, KUBERNETES_SERVICE_HOST: "fd00::1" };
    expect((await loadConfig({ env: ipv6, inCluster: true, serviceAccountFolder })).server).toBe(
      "https://[fd00::1]:443",
    );
  });

  it("has a token that is read anew after a minute, or when it was refused", async () => {
    let now = 0;
    const clock: KubeClock = { ...systemClock, monotonic: () => now };
    const serviceAccountFolder = await account("rotated");
    const config = await loadConfig({ env, inCluster: true, serviceAccountFolder, clock });
    const rotate = (token: string): Promise<void> => writeFile(join(serviceAccountFolder, "token"), token);
    await rotate("second");
    now = 59_999;
    expect(await config.authorization()).toBe("Bearer first");
    now = 60_000;
    expect(await config.authorization()).toBe("Bearer second");
    await rotate("third");
    config.renew();
    expect(await config.authorization()).toBe("Bearer third");
    await rm(join(serviceAccountFolder, "token"));
    config.renew();
    expect(await config.authorization()).toBe("Bearer third");
  });

  it("that is not there is told in one line", async () => {
    const serviceAccountFolder = join(folder, "nowhere");
    expect(await complaint({ inCluster: true, env: {} })).toBe(
      "in-cluster: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set",
    );
    expect(await complaint({ inCluster: true, env, serviceAccountFolder })).toContain("no such file");
    expect(await complaint({ env: { HOME: folder } })).toContain("no Kubernetes to speak to: ");
  });
});
