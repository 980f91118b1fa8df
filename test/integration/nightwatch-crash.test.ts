import { describe, expect, inject, it, onTestFinished, vi } from "vitest";
import { agentResource } from "../../src/api/v1alpha1/agent.ts";
import { podResource } from "../../src/kube/types-core.ts";
import { requestedRunName } from "../../src/controllers/agent/runs.ts";
import { type CrashPoint, startToCrash } from "../crash/start.ts";
import { ACTING, startOperator } from "../operator-process.ts";
import { aWatchedAgent, aWatchedGrowthAgent, lines, talkersIn } from "./nightwatch-support.ts";
import { handsIn } from "./operator-support.ts";
import { forever, runHands } from "./run-support.ts";
import { aNamespace, eventually } from "./support.ts";

/* A correction writes its record, then stops what runs, then writes that, then makes what takes its place. */
const points: readonly CrashPoint[] = [1, 2, 3].flatMap((n) => [
  { n, when: "before" },
  { n, when: "after" },
]);

const cases = points.map((point) => {
  const namespace = aNamespace();
  const cluster = handsIn(namespace);
  return { point, cluster, talkers: talkersIn(namespace), runs: runHands(cluster) };
});

vi.setConfig({ testTimeout: 360_000, hookTimeout: 360_000 });

/** An operator starts, waits for its interval and acts, three of them at a time. */
const PATIENCE = { timeoutMs: 120_000 };

const options = (...namespaces: readonly string[]) => ({
  kubeconfig: inject("cluster").kubeconfig,
  args: ["--namespaces", namespaces.join(","), "--leader-elect", "false"],
});
const all = cases.map(({ cluster }) => cluster.namespace);

/** An operator of all namespaces that nobody kills, as long as `work` goes on. */
async function operated(work: () => Promise<unknown>): Promise<void> {
  const operator = startOperator(options(...all));
  onTestFinished(() => operator.kill());
  await operator.logged(ACTING);
  await work();
  expect(await operator.stop()).toBe(0);
}

/** Operators that kill themselves, each in its own namespace, three at a time. */
async function crashInEach(isDone: (one: (typeof cases)[number]) => Promise<unknown>): Promise<number> {
  const left = [...cases];
  let crashes = 0;
  const walk = async (): Promise<void> => {
    for (let one = left.shift(); one !== undefined; one = left.shift()) {
      const operator = startToCrash(one.point, options(one.cluster.namespace));
      onTestFinished(() => operator.kill());
      const crashed = operator.ended.then(() => true);
      if (await Promise.race([crashed, isDone(one).then(() => false)])) crashes += 1;
      await operator.kill();
    }
  };
  await Promise.all([walk(), walk(), walk()]);
  return crashes;
}

describe("an operator that is killed while it carries a correction out (C2, O2)", () => {
  it("corrects a Safety agent once, by one replacement", async () => {
    await operated(() =>
      Promise.all(
        cases.map(async ({ cluster, talkers }) => {
          await talkers.write("sentinel-1", lines(5));
          await cluster.apply(agentResource, aWatchedAgent("sentinel"));
          await cluster.runningPod("sentinel");
        }),
      ),
    );
    await Promise.all(cases.map(({ talkers }) => talkers.append("sentinel-1", lines(100, 35))));
    const isCorrected = ({ cluster }: (typeof cases)[number]) =>
      eventually(async () => {
        const pods = (await cluster.list(podResource)).map(({ metadata }) => metadata.name);
        expect(pods).toEqual(["sentinel-2"]);
      }, PATIENCE);
    expect(await crashInEach(isCorrected)).toBeGreaterThanOrEqual(4);
    await operated(() =>
      Promise.all(
        cases.map(async (one) => {
          await isCorrected(one);
          await eventually(async () =>
            expect((await one.cluster.agent("sentinel")).status?.drift?.cursor?.pod).toBe("sentinel-2"),
          );
          const { status } = await one.cluster.agent("sentinel");
          expect([one.point, status?.starts, status?.correction]).toMatchObject([
            one.point,
            2,
            { action: "Reload", total: 1, history: [{ run: "sentinel-1" }] },
          ]);
        }),
      ),
    );
  });

  it("corrects a run once, by one replacement (C3)", async () => {
    await operated(() =>
      Promise.all(
        cases.map(async ({ cluster, runs, talkers }) => {
          await cluster.apply(agentResource, aWatchedGrowthAgent("worker", { ...forever, start: "4s" }));
          await runs.start("worker", "drifts", { task: "the very task" });
          const [pod] = await eventually(async () => {
            const found = await runs.podsOfRun("drifts");
            expect(found).toHaveLength(1);
            return found;
          });
          await talkers.write(pod?.metadata.name ?? "", lines(5));
          await runs.runningPodOf("drifts");
        }),
      ),
    );
    const replacement = async ({ runs }: (typeof cases)[number]) =>
      requestedRunName("worker", (await runs.run("drifts")).metadata.uid);
    await Promise.all(
      cases.map(async ({ runs, talkers }) => {
        const [pod] = await runs.podsOfRun("drifts");
        await talkers.append(pod?.metadata.name ?? "", lines(100, 35));
      }),
    );
    expect(
      await crashInEach((one) => eventually(async () => await one.runs.runningPodOf(await replacement(one)), PATIENCE)),
    ).toBeGreaterThanOrEqual(4);
    await operated(() =>
      Promise.all(
        cases.map(async (one) => {
          const name = await replacement(one);
          await one.runs.runningPodOf(name);
          expect((await one.runs.run("drifts")).status?.exit).toMatchObject({
            class: "Cancelled",
            reason: "Corrected",
          });
          expect((await one.runs.run(name)).spec).toMatchObject({ trigger: "Replacement", task: "the very task" });
          expect((await one.runs.runsOf("worker")).map(({ metadata }) => metadata.name).toSorted()).toEqual(
            ["drifts", name].toSorted(),
          );
          const settled = await eventually(async () => {
            const { status } = await one.cluster.agent("worker");
            expect(status?.correction?.pending).toBeUndefined();
            return status;
          });
          expect(settled?.correction).toMatchObject({ action: "Reload", total: 1 });
        }),
      ),
    );
  });
});
