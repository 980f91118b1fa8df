import type { RequestOptions } from "node:https";
import { ConfigError } from "./errors.ts";
import type { Chosen } from "./kubeconfig.ts";

export interface PluginCredentials {
  readonly authorization: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
}

/**
 * Credentials from an exec plugin or an auth provider (cloud logins, OIDC). client-node runs them and keeps what they
 * gave until it expires; it is loaded only here, because loading takes a second and 90 MB.
 */
export async function pluginCredentials(chosen: Chosen): Promise<() => Promise<PluginCredentials>> {
  const { KubeConfig } = await import("@kubernetes/client-node");
  const { user, userName, context } = chosen;
  const config = new KubeConfig();
  config.loadFromOptions({
    clusters: [{ name: chosen.clusterName, server: chosen.cluster.server, skipTLSVerify: false }],
    users: [{ name: userName, exec: user.exec ?? undefined, authProvider: user["auth-provider"] ?? undefined }],
    contexts: [{ name: context, cluster: chosen.clusterName, user: userName }],
    currentContext: context,
  });
  const what = user.exec ? `exec plugin ${user.exec.command}` : `auth provider ${user["auth-provider"]?.name}`;
  return async () => {
    const options: RequestOptions = {};
    try {
      await config.applyToHTTPSOptions(options);
    } catch (error) {
      throw new ConfigError(`${chosen.files.join(", ")}: users[${userName}].user: ${what} failed: ${firstLine(error)}`);
    }
    const headers = new Headers(options.headers as Record<string, string> | undefined);
    return {
      authorization: headers.get("authorization") ?? undefined,
      cert: textOf(options.cert),
      key: textOf(options.key),
    };
  };
}

function textOf(pem: unknown): string | undefined {
  return typeof pem === "string" || Buffer.isBuffer(pem) ? pem.toString() : undefined;
}

/** What a plugin prints may go on for pages, and may hold what it should not: its first line, without anything like a token. */
function firstLine(error: unknown): string {
  const [line = ""] = (error instanceof Error ? error.message : String(error)).split("\n", 1);
  return line.slice(0, 200).replace(/[A-Za-z0-9_\-.]{40,}/g, "…");
}
