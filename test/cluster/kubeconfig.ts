import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { directoryOf, serverOf, type ClusterRecord } from "./record.ts";

/** Writes the administrator's kubeconfig of a cluster, and one for each of its components that is a client. */
export async function writeKubeconfigs(record: ClusterRecord): Promise<void> {
  const directory = directoryOf(record);
  await mkdir(join(directory, "kubeconfigs"), { recursive: true });
  await write(record, "admin", join(directory, "kubeconfig"));
  for (const identity of ["kube-controller-manager", "kube-scheduler", "kubelet"]) {
    await write(record, identity, join(directory, "kubeconfigs", identity));
  }
}

async function write(record: ClusterRecord, identity: string, path: string): Promise<void> {
  const pki = join(directoryOf(record), "pki");
  const [ca, certificate, key] = await Promise.all(
    ["ca.crt", `${identity}.crt`, `${identity}.key`].map((file) => readFile(join(pki, file), "base64")),
  );
  const name = `darkfactory-${record.name}`;
  const cluster = { server: serverOf(record), "certificate-authority-data": ca };
  const user = { "client-certificate-data": certificate, "client-key-data": key };
  const kubeconfig = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name, cluster }],
    users: [{ name: identity, user }],
    contexts: [{ name, context: { cluster: name, user: identity } }],
    "current-context": name,
  };
  // JSON is YAML.
  await writeFile(path, `${JSON.stringify(kubeconfig, undefined, 2)}\n`, { mode: 0o600 });
}
