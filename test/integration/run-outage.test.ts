import { setTimeout as sleep } from "node:timers/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, it, onTestFailed, vi } from "vitest";
import { agentResource } from "../../src/api/v1alpha1/agent.ts";
import { agentFleetResource } from "../../src/api/v1alpha1/agent-fleet.ts";
import { type AgentRun, agentRunResource } from "../../src/api/v1alpha1/agent-run.ts";
import type { KubeClient } from "../../src/kube/client.ts";
import { loadConfig } from "../../src/kube/config.ts";
import { isAlreadyExists } from "../../src/kube/errors.ts";
import { createKubeClient } from "../../src/kube/kube-client.ts";
import type { KubeObject, Stored } from "../../src/kube/types.ts";
import { type Job, jobResource, type Pod, podResource } from "../../src/kube/types-core.ts";
import { runName } from "../../src/schedule/due.ts";
import { controllerOf } from "../../src/workloads/labels.ts";
import { type Cluster, startCluster } from "../cluster/cluster.ts";
import { installCrds } from "../cluster/for-tests.ts";
import { ACTING, type OperatorProcess, startOperator } from "../operator-process.ts";
import { aFleet, hands, simulated } from "./operator-support.ts";
import { aGrowthAgent, aRunOf, runHands } from "./run-support.ts";
import { eventually } from "./support.ts";

// A step may take ten seconds on a machine that is busy with other tests.
vi.setConfig({ testTimeout: 480_000, hookTimeout: 300_000 });

/* A control plane of its own, whose parts are killed. */
const namespace = "default";
let cluster: Cluster;
let client: KubeClient;
let operator: OperatorProcess;
const over = new AbortController();

/** Starts the operator anew whenever it ends, as a Deployment does: one that loses its lease goes. */
async function supervise(): Promise<void> {
  while (!over.signal.aborted) {
    operator = startOperator({ kubeconfig: cluster.kubeconfig, args: ["--namespaces", namespace] });
    await operator.ended;
  }
}

beforeAll(async () => {
  cluster = await startCluster({ nodes: { simulated: 2 } });
  await installCrds({ name: cluster.name, kubeconfig: cluster.kubeconfig, kubectl: join(cluster.binDir, "kubectl") });
  client = createKubeClient(await loadConfig({ kubeconfig: cluster.kubeconfig }));
  void supervise();
  await operator.logged(ACTING);
});
beforeEach(() => {
  onTestFailed(() => console.error(operator.logTail().slice(-30).join("\n")));
});
afterAll(async () => {
  over.abort();
  await operator.kill();
  await client.close();
  await cluster.stop();
});

const own = hands(namespace, () => client);
const { completes } = runHands(own);

/**
 * As a person at a terminal does it: again until there is an answer. Kubernetes' own Job controller waits up to a minute after
 * each failure before it tries again.
 */
const insist = <T>(attempt: () => Promise<T>): Promise<T> => eventually(attempt, { timeoutMs: 240_000, everyMs: 250 });

/** What a simulated node could not write while nobody answered it never tries again, as a kubelet does: Pods stayed Pending. */
const remindNodes = (): Promise<void> => cluster.restart("kwok");

it("100 runs that are created while etcd is killed become 100 Jobs, and all end well (R1, R2, O3)", async () => {
  const { spec } = aGrowthAgent("worker");
  const { podTemplate: _, ...rest } = spec;
  const worker = {
    ...rest,
    name: "worker",
    podTemplate: simulated({ run: "100ms" }),
    runLimits: { keepSucceeded: 200 },
  };
  await insist(() => own.apply(agentFleetResource, aFleet("hundred", { concurrency: { max: 40 }, agents: [worker] })));
  await own.becomes("Agent", "worker", { status: "True" });
  const names = Array.from({ length: 100 }, (_, n) => `run-${n}`);

  const creating = (async () => {
    for (const name of names) {
      await insist(async () => {
        const run = { ...aRunOf("worker", name), metadata: { name, namespace } } as AgentRun;
        await client.create<AgentRun>(agentRunResource, run).catch((error: unknown) => {
          if (!isAlreadyExists(error)) throw error;
        });
      });
    }
  })();
  await eventually(async () => expect((await own.list(agentRunResource)).length).toBeGreaterThan(20));
  await cluster.kill("etcd");
  await sleep(2_000);
  await cluster.restart("etcd");
  await remindNodes();
  await creating;

  await insist(async () => {
    const runs = await own.list<AgentRun>(agentRunResource);
    const complete = runs
      .filter(({ status }) => status?.exit?.class === "Success")
      .map(({ metadata }) => metadata.name);
    const left = names.filter((name) => !complete.includes(name));
    const [jobs, pods] = [await own.list<Job>(jobResource), await own.list<Pod>(podResource)];
    // Whoever of the three is behind shows in what the others say.
    const look = (name: string) => ({
      run: runs.find(({ metadata }) => metadata.name === name)?.status ?? "is not there",
      job: jobs.find(({ metadata }) => metadata.name === name)?.status ?? "is not there",
      pods: pods.filter((pod) => controllerOf(pod)?.name === name).map(({ status }) => status),
    });
    expect(Object.fromEntries(left.map((name) => [name, look(name)]))).toEqual({});
  });
  const jobs = (await own.list(jobResource))
    .map(({ metadata }) => metadata.name)
    .filter((name) => names.includes(name));
  expect(jobs.toSorted()).toEqual(names.toSorted());
});

/** In seconds, with the occurrence in its middle. Longer: DARKFACTORY_OUTAGE_SECONDS=20. */
const OUTAGE = Number(process.env["DARKFACTORY_OUTAGE_SECONDS"] ?? 10);

it("an occurrence that falls into an outage of the API server runs afterwards, once (K3, K4, O3)", async () => {
  const half = (OUTAGE / 2) * 1000;
  // Fifteen seconds are enough to tell the operator of it before.
  const minute = Math.ceil((Date.now() + half + 15_000) / 60_000) * 60_000;
  const at = new Date(minute);
  const spec = {
    ...aGrowthAgent("nightly").spec,
    layer: "Core" as const,
    schedule: `${at.getUTCMinutes()} ${at.getUTCHours()} * * *`,
  };
  await own.apply(agentResource, { metadata: { name: "nightly" }, spec });
  await own.becomes("Agent", "nightly", { status: "True", reason: "Scheduled" });
  await sleep(minute - half - Date.now());
  await cluster.kill("kube-apiserver");
  await sleep(minute + half - Date.now());
  await cluster.restart("kube-apiserver");
  await remindNodes();
  await insist(() => completes(runName("nightly", minute)));
  const isIts = ({ metadata }: Stored) => metadata.labels?.["darkfactory.dev/agent"] === "nightly";
  for (const type of [agentRunResource, jobResource]) {
    const names = (await own.list<KubeObject>(type)).filter(isIts).map(({ metadata }) => metadata.name);
    expect(names).toEqual([runName("nightly", minute)]);
  }
  expect((await own.agent("nightly")).status?.skippedRuns).toBeUndefined();
});
