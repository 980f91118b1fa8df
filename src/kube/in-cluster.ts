import { access, readFile } from "node:fs/promises";
import { isIPv6 } from "node:net";
import { join } from "node:path";
import { cachedFile, whyUnreadable } from "./cached-file.ts";
import type { KubeClock } from "./clock.ts";
import type { ClusterConfig, TlsMaterial } from "./cluster-config.ts";
import { ConfigError } from "./errors.ts";

/** Where the kubelet mounts a Pod's service account. */
export const SERVICE_ACCOUNT_FOLDER = "/var/run/secrets/kubernetes.io/serviceaccount";

/** ClusterConfig.source of a Pod's service account. */
export const IN_CLUSTER = "in-cluster";

export async function hasServiceAccount(folder = SERVICE_ACCOUNT_FOLDER): Promise<boolean> {
  return await access(join(folder, "token")).then(
    () => true,
    () => false,
  );
}

/** The Pod's own API server and service account. Throws ConfigError outside a Pod, naming what is missing. */
export async function loadInCluster(
  env: Readonly<Record<string, string | undefined>>,
  clock: KubeClock,
  folder = SERVICE_ACCOUNT_FOLDER,
): Promise<ClusterConfig> {
  const host = env["KUBERNETES_SERVICE_HOST"];
  const port = env["KUBERNETES_SERVICE_PORT"];
  if (!host || !port) {
    throw new ConfigError("in-cluster: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set");
  }
  const token = cachedFile(join(folder, "token"), "in-cluster token", clock);
  const ca = cachedFile(join(folder, "ca.crt"), "in-cluster CA", clock);
  const namespace = await readFile(join(folder, "namespace"), "utf8").catch((error: unknown) => {
    throw new ConfigError(`in-cluster namespace: cannot read ${join(folder, "namespace")}: ${whyUnreadable(error)}`);
  });
  // Both must be there now: better one clear line at the start than a failing call later.
  await Promise.all([token.read(), ca.read()]);
  let material: TlsMaterial = {};
  return {
    server: `https://${isIPv6(host) ? `[${host}]` : host}:${port}`,
    namespace: namespace.trim(),
    source: IN_CLUSTER,
    tls: async () => {
      const current = await ca.read();
      if (material.ca !== current) material = { ca: current };
      return material;
    },
    authorization: async () => `Bearer ${await token.read()}`,
    renew: () => token.forget(),
  };
}
