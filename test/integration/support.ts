import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, inject } from "vitest";
import type { KubeClient } from "../../src/kube/client.ts";
import { loadConfig } from "../../src/kube/config.ts";
import { createKubeClient } from "../../src/kube/kube-client.ts";
import { run, type Finished } from "../cluster/run.ts";

/** Runs kubectl as administrator of the tests' cluster, and gives its output whatever its exit code. */
export function kubectl(args: readonly string[], options: { readonly input?: string } = {}): Promise<Finished> {
  const { kubeconfig, kubectl } = inject("cluster");
  return run(kubectl, args, { env: { KUBECONFIG: kubeconfig }, ...options });
}

/** Runs kubectl, which must succeed, and gives its stdout. */
export async function mustKubectl(args: readonly string[], options: { readonly input?: string } = {}): Promise<string> {
  const { code, stdout, stderr } = await kubectl(args, options);
  if (code !== 0) throw new Error(`'kubectl ${args.join(" ")}' ended with exit code ${code}: ${stderr.trim()}`);
  return stdout;
}

/** Applies objects as a user would, server-side. */
export async function apply(...objects: readonly object[]): Promise<void> {
  const input = JSON.stringify({ apiVersion: "v1", kind: "List", items: objects });
  await mustKubectl(["apply", "--server-side", "--force-conflicts", "-f", "-"], { input });
}

/**
 * A namespace of its own for the tests of this file (or of the describe block around the call): there before the
 * first test, with its default ServiceAccount, and gone after the last. The name is known at once.
 */
export function aNamespace(): string {
  const name = `t-${Math.random().toString(36).slice(2, 10)}`;
  // Without kubectl, each start of which costs a tenth of a second of processor.
  beforeAll(() =>
    asAdministrator(async (client) => {
      await client.raw("POST", "/api/v1/namespaces", { metadata: { name } });
      await eventually(() => client.raw("GET", `/api/v1/namespaces/${name}/serviceaccounts/default`));
    }),
  );
  afterAll(() => asAdministrator((client) => client.raw("DELETE", `/api/v1/namespaces/${name}`)));
  return name;
}

/** Uses a client of the tests' cluster, and closes it. */
async function asAdministrator(use: (client: KubeClient) => Promise<unknown>): Promise<void> {
  const client = createKubeClient(await loadConfig({ kubeconfig: inject("cluster").kubeconfig }));
  try {
    await use(client);
  } finally {
    await client.close();
  }
}

/** The first, one of the middle and the last: kubectl shows these, where the API server itself is asked for all. */
export function sampleOf<Row>(rows: readonly Row[]): readonly Row[] {
  return [rows.at(0), rows.at(rows.length / 2), rows.at(-1)].filter((row) => row !== undefined);
}

/**
 * Repeats an attempt until it returns without throwing, and gives what it returned. After timeoutMs (default 60 s) it
 * throws what the last attempt threw. Without everyMs it tries ever less often, down to five times a second: what has not come
 * at once takes a while, and each look costs the API server more than to wait.
 */
export async function eventually<T>(
  attempt: () => T | Promise<T>,
  { timeoutMs = 60_000, everyMs }: { readonly timeoutMs?: number; readonly everyMs?: number } = {},
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (let pause = everyMs ?? FIRST_PAUSE_MS; ; pause = everyMs ?? Math.min(1.2 * pause, LAST_PAUSE_MS)) {
    try {
      return await attempt();
    } catch (error) {
      if (performance.now() >= deadline) throw error;
    }
    await sleep(pause);
  }
}

const FIRST_PAUSE_MS = 25;
const LAST_PAUSE_MS = 200;
