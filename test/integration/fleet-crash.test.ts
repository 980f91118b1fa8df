import { beforeAll, describe, expect, inject, it, onTestFinished, vi } from "vitest";
import { agentResource } from "../../src/api/v1alpha1/agent.ts";
import { type AgentFleetManifest, agentFleetResource } from "../../src/api/v1alpha1/agent-fleet.ts";
import type { KubeClient } from "../../src/kube/client.ts";
import { loadConfig } from "../../src/kube/config.ts";
import { createKubeClient } from "../../src/kube/kube-client.ts";
import { podResource } from "../../src/kube/types-core.ts";
import { differences, readFinalState } from "../chaos/final-state.ts";
import { type Person, personIn } from "../chaos/person.ts";
import { startToCrash } from "../crash/start.ts";
import { ACTING, startOperator } from "../operator-process.ts";
import { aFleet, simulated } from "./operator-support.ts";
import { aNamespace, eventually } from "./support.ts";

/** How far each walk goes: CRASH_WRITES=20 is beyond all that these changes need. */
const WRITES = Number(process.env["CRASH_WRITES"] ?? 4);
/** Operators that start at a time. */
const AT_A_TIME = 3;

// Operators start by the dozen; what is waited for has the patience of test/until.ts.
vi.setConfig({ testTimeout: 480_000, hookTimeout: 240_000 });

const walk = (["before", "after"] as const).flatMap((when) =>
  Array.from({ length: WRITES }, (_, n) => ({ n: n + 1, when, namespace: aNamespace() })),
);
/** Where nobody is killed: what all others must come to. */
const calm = aNamespace();
const all = [calm, ...walk.map(({ namespace }) => namespace)];

let client: KubeClient;
beforeAll(async () => {
  client = createKubeClient(await loadConfig({ kubeconfig: inject("cluster").kubeconfig }));
  return () => client.close();
});

const options = (...namespaces: readonly string[]) => ({
  kubeconfig: inject("cluster").kubeconfig,
  args: ["--namespaces", namespaces.join(","), "--leader-elect", "false"],
});

/** An operator of all namespaces that nobody kills, until `isDone` holds in each. */
async function operated(isDone: (person: Person) => Promise<unknown>): Promise<void> {
  const operator = startOperator(options(...all));
  onTestFinished(() => operator.kill());
  await operator.logged(ACTING);
  for (const namespace of all) await isDone(personIn(namespace, client));
  expect(await operator.stop()).toBe(0);
}

/** In each namespace of the walk one operator that kills itself, or is stopped once nothing is left to do. */
async function crashInEach(isDone: (person: Person) => Promise<unknown>): Promise<number> {
  const left = [...walk];
  let crashes = 0;
  const lane = async (): Promise<void> => {
    for (let point = left.shift(); point !== undefined; point = left.shift()) {
      const operator = startToCrash(point, options(point.namespace));
      onTestFinished(() => operator.kill());
      const crashed = operator.ended.then(() => "crashed");
      const done = isDone(personIn(point.namespace, client)).then(() => "done");
      // One that is stopped here has not crashed.
      if ((await Promise.race([crashed, done])) === "crashed") crashes += 1;
      await operator.kill();
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, lane));
  return crashes;
}

async function inEach(act: (person: Person) => Promise<unknown>): Promise<void> {
  for (const namespace of all) await act(personIn(namespace, client));
}

/** Every namespace of the walk must look as the calm one does. */
async function allAreAsCalm(): Promise<void> {
  for (const { n, when, namespace } of walk) {
    await eventually(async () => {
      const expected = await readFinalState(personIn(calm, client));
      const found = await readFinalState(personIn(namespace, client));
      expect([n, when, differences(expected, found)]).toEqual([n, when, []]);
    });
  }
}

const fleet = (task: string, ...names: readonly string[]): AgentFleetManifest =>
  aFleet("crew", {
    defaults: { podTemplate: simulated({ start: "20ms", stop: "20ms" }), restart: { cooldownSeconds: 1 } },
    rollout: { maxUnavailablePercent: 100 },
    agents: names.map((name) => ({ name, layer: "Safety", task })),
  });

const runs =
  (...names: readonly string[]) =>
  async (person: Person): Promise<void> => {
    await person.untilReady("crew");
    for (const name of names) await person.runningPod(name);
  };

describe("an operator that is killed at each of its writes in turn (O2)", () => {
  it("while entries of a fleet are changed, added and removed comes to where one comes that lives", async () => {
    await inEach((person) => person.apply(agentFleetResource, fleet("first", "stays", "goes") as never));
    await operated(runs("stays", "goes"));
    await inEach((person) => person.apply(agentFleetResource, fleet("second", "stays", "comes") as never));
    const isDone = async (person: Person): Promise<void> => {
      await runs("stays", "comes")(person);
      await person.untilGone(agentResource, "goes");
      await person.untilGone(podResource, "goes-1");
    };
    expect(await crashInEach(isDone)).toBeGreaterThanOrEqual(WRITES);
    await operated(isDone);
    await allAreAsCalm();
  });

  it("after an agent and another's Pod were deleted by hand comes to where one comes that lives", async () => {
    const lost = new Map<string, string>();
    await inEach(async (person) => {
      lost.set(person.namespace, (await person.agent("comes"))?.metadata.uid ?? "");
      await person.remove(agentResource, "comes");
      await person.remove(podResource, await person.runningPod("stays"));
    });
    const isDone = async (person: Person): Promise<void> => {
      await eventually(async () =>
        expect([undefined, lost.get(person.namespace)]).not.toContain((await person.agent("comes"))?.metadata.uid),
      );
      await runs("stays", "comes")(person);
    };
    expect(await crashInEach(isDone)).toBeGreaterThanOrEqual(WRITES);
    await operated(isDone);
    await allAreAsCalm();
  });

  it("while a fleet is deleted leaves nothing of it (F6)", async () => {
    await inEach((person) => person.remove(agentFleetResource, "crew", "Foreground"));
    const isDone = async (person: Person): Promise<void> => {
      await person.untilGone(agentFleetResource, "crew");
      await eventually(async () => expect([...(await readFinalState(person)).keys()]).toEqual([]));
    };
    await crashInEach(isDone);
    await operated(isDone);
  });
});
