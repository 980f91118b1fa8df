import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { load as parseYaml } from "js-yaml";
import { z } from "zod";
import { whyUnreadable } from "./cached-file.ts";
import { ConfigError } from "./errors.ts";

const text = z.string().min(1);

const clusterSchema = z.object({
  server: text,
  "certificate-authority": text.nullish(),
  "certificate-authority-data": text.nullish(),
  "tls-server-name": text.nullish(),
  "insecure-skip-tls-verify": z.boolean().nullish(),
  "proxy-url": text.nullish(),
});

const userSchema = z.object({
  token: text.nullish(),
  tokenFile: text.nullish(),
  "client-certificate": text.nullish(),
  "client-certificate-data": text.nullish(),
  "client-key": text.nullish(),
  "client-key-data": text.nullish(),
  as: text.nullish(),
  username: text.nullish(),
  exec: z.looseObject({ command: text }).nullish(),
  "auth-provider": z.looseObject({ name: text }).nullish(),
});

const contextSchema = z.object({ cluster: text, user: z.string().nullish(), namespace: text.nullish() });

/** clientcmd/v1 Config, as much as we use of it; lists may be null, as `kubectl config` writes them. */
const fileSchema = z.object({
  clusters: z.array(z.object({ name: text, cluster: clusterSchema })).nullish(),
  users: z.array(z.object({ name: text, user: userSchema.nullish() })).nullish(),
  contexts: z.array(z.object({ name: text, context: contextSchema })).nullish(),
  "current-context": z.string().nullish(),
});

export type KubeconfigCluster = z.infer<typeof clusterSchema>;
export type KubeconfigUser = z.infer<typeof userSchema>;

/** The entries that one context chose. File names in them are absolute. */
export interface Chosen {
  readonly context: string;
  readonly namespace: string;
  readonly clusterName: string;
  readonly cluster: KubeconfigCluster;
  readonly userName: string;
  readonly user: KubeconfigUser;
  /** The files that were read, first first. */
  readonly files: readonly string[];
}

interface Entry<T> {
  readonly value: T;
  readonly file: string;
}

/**
 * Reads kubeconfig files and merges them as kubectl does: the first file wins, per name, and for the current context.
 * `mayBeMissing`: as with the list in KUBECONFIG, where kubectl passes over files that do not exist, if one does.
 * Throws ConfigError in one line that names the file and the field, never a value.
 */
export async function readKubeconfig(
  files: readonly string[],
  context: string | undefined,
  mayBeMissing: boolean,
): Promise<Chosen> {
  const clusters = new Map<string, Entry<KubeconfigCluster>>();
  const users = new Map<string, Entry<KubeconfigUser>>();
  const contexts = new Map<string, Entry<z.infer<typeof contextSchema>>>();
  const found: string[] = [];
  let current = context;
  for (const file of files) {
    const source = await readSource(file, mayBeMissing && files.length > 1);
    if (source === undefined) continue;
    found.push(file);
    const parsed = parse(file, source);
    for (const { name, cluster } of parsed.clusters ?? []) addFirst(clusters, name, cluster, file);
    for (const { name, user } of parsed.users ?? []) addFirst(users, name, user ?? {}, file);
    for (const { name, context: value } of parsed.contexts ?? []) addFirst(contexts, name, value, file);
    if (!current) current = parsed["current-context"] ?? undefined;
  }
  const where = found.join(", ");
  if (found.length === 0) throw new ConfigError(`${files.join(", ")}: no such file`);
  if (!current) throw new ConfigError(`${where}: current-context is not set, and no context was named`);
  const chosen = contexts.get(current);
  if (!chosen) {
    const known = contexts.size === 0 ? "there are none" : `there are: ${[...contexts.keys()].join(", ")}`;
    throw new ConfigError(`${where}: no context "${current}" (${known})`);
  }
  const { cluster: clusterName, user: userName = "", namespace } = chosen.value;
  const cluster = clusters.get(clusterName);
  if (!cluster) throw missing(chosen.file, current, "cluster", clusterName);
  const user = userName ? users.get(userName) : { value: {}, file: chosen.file };
  if (!user) throw missing(chosen.file, current, "user", userName ?? "");
  return {
    context: current,
    namespace: namespace ?? "default",
    clusterName,
    cluster: absolute(cluster, ["certificate-authority"]),
    userName: userName ?? "",
    user: absolute(user, ["tokenFile", "client-certificate", "client-key"]),
    files: found,
  };
}

async function readSource(file: string, mayBeMissing: boolean): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    const why = whyUnreadable(error);
    if (mayBeMissing && why === "no such file") return undefined;
    throw new ConfigError(`${file}: ${why}`);
  }
}

function parse(file: string, source: string): z.infer<typeof fileSchema> {
  let document: unknown;
  try {
    document = parseYaml(source);
  } catch (error) {
    // Only the line: the parser's message quotes the text around it, which may be a key.
    const mark = error instanceof Error && "mark" in error ? (error.mark as { readonly line?: number }) : undefined;
    throw new ConfigError(`${file}: not YAML${mark?.line === undefined ? "" : ` (line ${mark.line + 1})`}`);
  }
  const checked = fileSchema.safeParse(document);
  if (checked.success) return checked.data;
  const [issue] = checked.error.issues;
  const field = issue?.path.map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`)).join("");
  throw new ConfigError(`${file}: ${field ? field.replace(/^\./, "") : "not a kubeconfig"}: ${issue?.message ?? ""}`);
}

function addFirst<T>(entries: Map<string, Entry<T>>, name: string, value: T, file: string): void {
  if (!entries.has(name)) entries.set(name, { value, file });
}

function missing(file: string, context: string, field: "cluster" | "user", name: string): ConfigError {
  return new ConfigError(`${file}: contexts[${context}].context.${field}: there is no ${field} "${name}"`);
}

function absolute<T extends object>(entry: Entry<T>, fields: readonly (keyof T)[]): T {
  const folder = dirname(entry.file);
  const changed = fields.flatMap((field) => {
    const value = entry.value[field];
    return typeof value === "string" ? [[field, resolve(folder, value)]] : [];
  });
  return { ...entry.value, ...Object.fromEntries(changed) };
}
