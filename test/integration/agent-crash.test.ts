import { expect, inject, it, onTestFinished } from "vitest";
import { agentResource } from "../../src/api/v1alpha1/agent.ts";
import { podResource } from "../../src/kube/types-core.ts";
import { type CrashPoint, startToCrash } from "../crash/start.ts";
import { startOperator } from "../operator-process.ts";
import { aSafetyAgent, handsIn } from "./operator-support.ts";
import { watchPods } from "./pod-witness.ts";
import { aNamespace } from "./support.ts";

/** The first two writes that a Safety agent needs: its start number and its Pod. */
const points: readonly CrashPoint[] = [1, 2].flatMap((n) => [
  { n, when: "before" },
  { n, when: "after" },
]);
const cases = points.map((point) => ({ point, cluster: handsIn(aNamespace()) }));

const options = (...namespaces: readonly string[]) => ({
  kubeconfig: inject("cluster").kubeconfig,
  args: ["--namespaces", namespaces.join(","), "--leader-elect", "false"],
});

it("an operator that is killed around the first start has the number in the status before the Pod is there, and starts it once (L5)", async () => {
  const witnesses = await Promise.all(cases.map(({ cluster }) => watchPods(cluster)));
  const found = await Promise.all(
    cases.map(async ({ point, cluster }) => {
      const { namespace, apply, agent, list } = cluster;
      await apply(agentResource, aSafetyAgent("sentinel"));
      const operator = startToCrash(point, options(namespace));
      onTestFinished(() => operator.kill());
      expect(await operator.ended).toBe("SIGKILL");
      const pods = (await list(podResource)).map(({ metadata }) => metadata.name);
      return { ...point, starts: (await agent("sentinel")).status?.starts, pods };
    }),
  );
  expect(found).toEqual([
    { n: 1, when: "before", starts: undefined, pods: [] },
    { n: 1, when: "after", starts: 1, pods: [] },
    { n: 2, when: "before", starts: 1, pods: [] },
    { n: 2, when: "after", starts: 1, pods: ["sentinel-1"] },
  ]);

  const survivor = startOperator(options(...cases.map(({ cluster }) => cluster.namespace)));
  onTestFinished(async () => void (await survivor.stop()));
  for (const [index, { cluster }] of cases.entries()) {
    await cluster.runningPod("sentinel");
    expect((await witnesses[index]?.testify())?.story).toEqual(["+sentinel-1"]);
  }
});
