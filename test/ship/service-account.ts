import { readFile, writeFile } from "node:fs/promises";
import type { Cluster } from "../cluster/cluster.ts";

export interface ServiceAccount {
  readonly namespace: string;
  readonly name: string;
}

/** The API server's name for it. */
export const userOf = ({ namespace, name }: ServiceAccount): string => `system:serviceaccount:${namespace}:${name}`;

/** Writes a kubeconfig for a service account, with a token of an hour as a Pod would have it. */
export async function writeKubeconfigOf(account: ServiceAccount, cluster: Cluster, path: string): Promise<void> {
  const { code, stdout, stderr } = await cluster.kubectl([
    "--namespace",
    account.namespace,
    "create",
    "token",
    account.name,
  ]);
  if (code !== 0) throw new Error(stderr);
  const config = JSON.parse(await readFile(cluster.kubeconfig, "utf8")) as {
    readonly users: readonly { name: string }[];
  };
  const users = config.users.map(({ name }) => ({ name, user: { token: stdout.trim() } }));
  await writeFile(path, JSON.stringify({ ...config, users }), { mode: 0o600 });
}
