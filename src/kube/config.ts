import { access } from "node:fs/promises";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { cachedFile } from "./cached-file.ts";
import { systemClock } from "./clock.ts";
import type { KubeClock } from "./clock.ts";
import type { ClusterConfig, TlsMaterial } from "./cluster-config.ts";
import { ConfigError } from "./errors.ts";
import { pluginCredentials } from "./exec-credentials.ts";
import { hasServiceAccount, loadInCluster, SERVICE_ACCOUNT_FOLDER } from "./in-cluster.ts";
import { readKubeconfig } from "./kubeconfig.ts";
import type { Chosen } from "./kubeconfig.ts";

export interface ConfigChoice {
  /** A file to use and no other. */
  readonly kubeconfig?: string | undefined;
  /** A context of the kubeconfig; default its current-context. */
  readonly context?: string | undefined;
  /** True: only the Pod's service account. False: never that. */
  readonly inCluster?: boolean | undefined;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly clock?: KubeClock;
  readonly serviceAccountFolder?: string;
}

/**
 * Where the API server is and who we are. Looks at the named file, else at the list in KUBECONFIG, else at the Pod's
 * service account, else at ~/.kube/config. Throws ConfigError: one line that names the file and the field.
 */
export async function loadConfig(choice: ConfigChoice = {}): Promise<ClusterConfig> {
  const { env = process.env, clock = systemClock, serviceAccountFolder = SERVICE_ACCOUNT_FOLDER } = choice;
  if (choice.inCluster === true) return await loadInCluster(env, clock, serviceAccountFolder);
  if (choice.kubeconfig !== undefined) return await fromFiles([choice.kubeconfig], choice.context, false, clock);
  const listed = (env["KUBECONFIG"] ?? "").split(delimiter).filter((file) => file !== "");
  if (listed.length > 0) return await fromFiles(listed, choice.context, true, clock);
  if (
    choice.inCluster === undefined &&
    choice.context === undefined &&
    (await hasServiceAccount(serviceAccountFolder))
  ) {
    return await loadInCluster(env, clock, serviceAccountFolder);
  }
  const usual = join(env["HOME"] ?? homedir(), ".kube", "config");
  const exists = await access(usual).then(
    () => true,
    () => false,
  );
  if (!exists) {
    throw new ConfigError(
      `no Kubernetes to speak to: no kubeconfig was named, KUBECONFIG is not set, this is not a Pod, and ${usual} does not exist`,
    );
  }
  return await fromFiles([usual], choice.context, false, clock);
}

async function fromFiles(
  files: readonly string[],
  context: string | undefined,
  mayBeMissing: boolean,
  clock: KubeClock,
): Promise<ClusterConfig> {
  const chosen = await readKubeconfig(files, context, mayBeMissing);
  refuseUnsupported(chosen);
  const { cluster, user } = chosen;
  const field = (of: "cluster" | "user", name: string): string => fieldName(chosen, of, name);
  const [ca, cert, key] = [
    pem(
      cluster["certificate-authority-data"],
      cluster["certificate-authority"],
      field("cluster", "certificate-authority"),
      clock,
    ),
    pem(user["client-certificate-data"], user["client-certificate"], field("user", "client-certificate"), clock),
    pem(user["client-key-data"], user["client-key"], field("user", "client-key"), clock),
  ];
  const plugin = user.exec || user["auth-provider"] ? await pluginCredentials(chosen) : undefined;
  const tokenFile = user.tokenFile ? cachedFile(user.tokenFile, field("user", "tokenFile"), clock) : undefined;
  let material: TlsMaterial | undefined;
  const config: ClusterConfig = {
    server: cluster.server,
    namespace: chosen.namespace,
    source: `${chosen.files.join(", ")} (context ${chosen.context})`,
    tls: async () => {
      const [caText, certText, keyText, issued] = await Promise.all([ca?.(), cert?.(), key?.(), plugin?.()]);
      const next: TlsMaterial = {
        ...given("ca", caText),
        ...given("cert", issued?.cert ?? certText),
        ...given("key", issued?.key ?? keyText),
        ...given("serverName", cluster["tls-server-name"]),
        ...(cluster["insecure-skip-tls-verify"] === true ? { insecure: true } : {}),
      };
      if (next.ca !== material?.ca || next.cert !== material?.cert || next.key !== material?.key) material = undefined;
      material ??= next;
      return material;
    },
    authorization: async () => {
      if (plugin) return (await plugin()).authorization;
      if (tokenFile) return `Bearer ${await tokenFile.read()}`;
      return user.token ? `Bearer ${user.token}` : undefined;
    },
    renew: () => tokenFile?.forget(),
  };
  // What is named must be readable now: better one clear line at the start than a failing call later.
  await Promise.all([config.tls(), tokenFile?.read()]);
  return config;
}

function given<K extends string>(key: K, value: string | null | undefined): Partial<Record<K, string>> {
  const fields: Partial<Record<K, string>> = {};
  if (value) fields[key] = value;
  return fields;
}

/** PEM text from base64 data, which wins as in kubectl, or from a file that may be rotated. */
function pem(
  data: string | null | undefined,
  file: string | null | undefined,
  field: string,
  clock: KubeClock,
): (() => Promise<string>) | undefined {
  if (data) {
    const text = Buffer.from(data, "base64").toString("utf8");
    if (!text.includes("-----BEGIN")) throw new ConfigError(`${field}-data: not base64 of a PEM block`);
    return () => Promise.resolve(text);
  }
  if (!file) return undefined;
  const cached = cachedFile(file, field, clock);
  return () => cached.read();
}

function refuseUnsupported(chosen: Chosen): void {
  const { cluster, user } = chosen;
  if (!/^https?:\/\/[^/]+/.test(cluster.server) || !URL.canParse(cluster.server)) {
    throw new ConfigError(`${fieldName(chosen, "cluster", "server")}: not an http or https URL`);
  }
  if (cluster["proxy-url"]) throw new ConfigError(`${fieldName(chosen, "cluster", "proxy-url")}: not supported`);
  // To ignore it would be to act as somebody else.
  if (user.as) throw new ConfigError(`${fieldName(chosen, "user", "as")}: impersonation is not supported`);
  if (user.username) throw new ConfigError(`${fieldName(chosen, "user", "username")}: Kubernetes knows no passwords`);
}

/** "~/.kube/config: clusters[kind].cluster.server": where a user looks to mend it. */
function fieldName(chosen: Chosen, of: "cluster" | "user", name: string): string {
  const entry = of === "cluster" ? chosen.clusterName : chosen.userName;
  return `${chosen.files.join(", ")}: ${of}s[${entry}].${of}.${name}`;
}
