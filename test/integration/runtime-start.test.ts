import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, inject, it, vi } from "vitest";
import { loadConfig } from "../../src/kube/config.ts";
import { createKubeClient } from "../../src/kube/kube-client.ts";
import type { ResourceType } from "../../src/kube/types.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { createHttpEndpoints } from "../../src/runtime/http-server.ts";
import { createInformer } from "../../src/runtime/informer.ts";
import { alwaysLeading } from "../../src/runtime/leadership.ts";
import { createManager } from "../../src/runtime/manager.ts";
import { createMetrics } from "../../src/runtime/metrics.ts";
import { cachesSynced, loopTurns } from "../../src/runtime/runtime-checks.ts";
import { recordingLogger } from "../../src/runtime/testing.ts";
import { startFaultProxy } from "../faults/proxy.ts";
import { configMapResource } from "../runtime/config-map.ts";
import { aNamespace, apply, eventually, mustKubectl } from "./support.ts";

// A step may take ten seconds on a machine that is busy with other tests.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

/** What was missing is looked for ever less often, down to once a minute. */
const BACKED_OFF = { timeoutMs: 150_000 };

const namespace = aNamespace();
const cleanUps: (() => Promise<unknown>)[] = [];
let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "runtime-start-"));
});

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
  await rm(directory, { recursive: true });
});

/** An operator that looks at one resource in the tests' namespace and does nothing, until the end of the test. */
async function startLooking(kubeconfig: string, type: ResourceType = configMapResource) {
  const { logger, lines } = recordingLogger();
  const metrics = createMetrics();
  const client = createKubeClient(await loadConfig({ kubeconfig }), { onRequest: metrics.request });
  const onState = metrics.reflector(type.plural);
  const informer = createInformer({ type, client, logger, namespace, onState });
  const http = createHttpEndpoints({
    healthAddress: "127.0.0.1:0",
    metricsAddress: "127.0.0.1:0",
    healthz: [loopTurns],
    readyz: [cachesSynced([informer])],
    metrics: metrics.registry,
  });
  const election = alwaysLeading();
  const manager = createManager({ clock: systemClock, logger, http, informers: [informer], election, controllers: [] });
  const ended = manager.run();
  cleanUps.push(async () => {
    manager.stop("the test ends");
    expect(await ended).toBe(0);
    await client.close();
  });
  await eventually(() => expect(http.address("health")).toBeDefined());
  const page = async (path: string): Promise<{ readonly status: number; readonly text: string }> => {
    const answer = await fetch(`http://127.0.0.1:${http.address("health")?.port}${path}`);
    return { status: answer.status, text: await answer.text() };
  };
  const messages = (): readonly unknown[] => lines.map(({ msg }) => msg);
  return { page, messages };
}

it("an API server that is down at the start is waited for, and the log says so (O3)", async () => {
  const proxy = await startFaultProxy({ kubeconfig: inject("cluster").kubeconfig });
  cleanUps.push(() => proxy.stop());
  await proxy.unplug();
  const { page, messages } = await startLooking(proxy.kubeconfig);

  await eventually(() =>
    expect(messages()).toContainEqual(
      expect.stringMatching(/^waiting at the start: the API server cannot be reached: .*ECONNREFUSED/),
    ),
  );
  expect((await page("/healthz")).status).toBe(200);
  expect(await page("/readyz")).toMatchObject({ status: 503, text: expect.stringContaining("cannot be reached") });

  await proxy.plugIn();
  await eventually(() => expect(messages()).toContain("controllers started"), BACKED_OFF);
  expect(await page("/readyz?verbose")).toEqual({ status: 200, text: "[+]caches ok\nreadyz check passed\n" });
  expect((await page("/metrics")).text).toMatch(
    /^rest_client_requests_total\{code="200",method="GET",host=".+"\} \d+$/m,
  );
});

it("missing CRDs are named together with the way to install them, and waited for", async () => {
  const group = `${namespace}.test.darkfactory.dev`;
  const type = { group, version: "v1", kind: "Gizmo", plural: "gizmos", namespaced: true };
  const { page, messages } = await startLooking(inject("cluster").kubeconfig, type);
  const missing = `gizmos.${group} is not known to the API server; the CRDs are not installed: kubectl apply -f crds/`;
  await eventually(() => expect(messages()).toContain(`waiting at the start: ${missing}`));
  expect((await page("/readyz")).text).toContain(`[-]caches failed: ${missing}`);

  await apply({
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `gizmos.${group}` },
    spec: {
      group,
      names: { kind: "Gizmo", listKind: "GizmoList", plural: "gizmos", singular: "gizmo" },
      scope: "Namespaced",
      versions: [{ name: "v1", served: true, storage: true, schema: { openAPIV3Schema: { type: "object" } } }],
    },
  });
  cleanUps.push(() => mustKubectl(["delete", "crd", `gizmos.${group}`]));
  await eventually(() => expect(messages()).toContain("controllers started"), BACKED_OFF);
});

it("a missing permission is named with verb and resource, and waited for", async () => {
  const kubeconfig = join(directory, "kubeconfig");
  const { clusters } = JSON.parse(await mustKubectl(["config", "view", "--raw", "-o", "json"])) as {
    clusters: unknown;
  };
  await mustKubectl(["--namespace", namespace, "create", "serviceaccount", "looker"]);
  const token = (await mustKubectl(["--namespace", namespace, "create", "token", "looker"])).trim();
  const [cluster] = clusters as { name: string }[];
  await writeFile(
    kubeconfig,
    JSON.stringify({
      apiVersion: "v1",
      kind: "Config",
      clusters,
      users: [{ name: "looker", user: { token } }],
      contexts: [{ name: "looker", context: { cluster: cluster?.name, user: "looker" } }],
      "current-context": "looker",
    }),
  );
  const { messages } = await startLooking(kubeconfig);
  await eventually(() =>
    expect(messages()).toContainEqual(
      expect.stringMatching(
        `^waiting at the start: no permission to (list|watch) configmaps in namespace ${namespace}: `,
      ),
    ),
  );

  const access = ["--namespace", namespace, "create"];
  await mustKubectl([...access, "role", "looker", "--verb=list,watch", "--resource=configmaps"]);
  await mustKubectl([...access, "rolebinding", "looker", "--role=looker", `--serviceaccount=${namespace}:looker`]);
  await eventually(() => expect(messages()).toContain("controllers started"), BACKED_OFF);
});
