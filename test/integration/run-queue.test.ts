import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { agentResource } from "../../src/api/v1alpha1/agent.ts";
import { agentFleetResource } from "../../src/api/v1alpha1/agent-fleet.ts";
import { agentRunResource } from "../../src/api/v1alpha1/agent-run.ts";
import { podResource } from "../../src/kube/types-core.ts";
import { aFleet, anOperatedNamespace, aSafetyAgent, simulated } from "./operator-support.ts";
import { aGrowthAgent, forever, runHands } from "./run-support.ts";
import { watchRuns } from "./run-witness.ts";
import { eventually, mustKubectl } from "./support.ts";

// A dozen runs one after another take their time on a machine that is busy with other tests.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

const cluster = anOperatedNamespace();
const { namespace, client, apply, patch, remove, list, becomes } = cluster;
const { start, run, completes, finish, waits, reaches, runningPodOf, podsOfRun } = runHands(cluster);

const growth = (name: string, fate: Readonly<Record<string, string>> = {}) => ({
  ...aGrowthAgent(name, fate).spec,
  name,
});
/** Never of its own accord: its next occurrence is on the 29th of February. */
const core = (name: string) => ({ ...growth(name), layer: "Core" as const, schedule: "0 0 29 2 *" });

async function ready(fleet: string): Promise<void> {
  await becomes("AgentFleet", fleet, { status: "True" });
}

/** The fleet and all that belongs to it, so that the next test has the namespace to itself. */
async function removeAll(): Promise<void> {
  for (const fleet of await list(agentFleetResource)) await remove(agentFleetResource, fleet.metadata.name);
  for (const agent of await list(agentResource))
    await remove(agentResource, agent.metadata.name).catch(() => undefined);
  await eventually(
    async () => {
      expect(await list(agentRunResource)).toEqual([]);
      expect(await list(podResource)).toEqual([]);
    },
    { timeoutMs: 120_000 },
  );
}

describe("a fleet with two places", () => {
  afterEach(removeAll);

  it("never runs more, takes Core before Growth and the older first, and shows who waits where (R2, R3)", async () => {
    // None is tidied away before it was looked at.
    const kept = { ...growth("g"), runLimits: { keepSucceeded: 10 } };
    await apply(
      agentFleetResource,
      aFleet("two", { concurrency: { max: 2 }, agents: [kept, core("c"), growth("blocker", forever)] }),
    );
    await ready("two");
    const witness = await watchRuns(client(), namespace);
    for (const n of [1, 2]) await start("blocker", `blocker-${n}`);
    for (const n of [1, 2]) await runningPodOf(`blocker-${n}`);
    // Names in the order of their creation: within one second that is what counts.
    const growing = Array.from({ length: 6 }, (_, n) => `a-${n}`);
    for (const name of growing) await start("g", name);
    const scheduled = Array.from({ length: 3 }, (_, n) => `c-${n}`);
    for (const name of scheduled) await start("c", name);
    for (const name of [...growing, ...scheduled]) await reaches(name, { type: "Started", status: "False" });
    await eventually(async () => {
      const { status } = await waits("c-0", "ConcurrencyLimit");
      expect(status?.conditions?.find(({ type }) => type === "Started")?.message).toMatch(
        /^place 1 of \d in the queue: AgentFleet two runs at most 2 Pods and Jobs at a time$/,
      );
    });
    expect(
      (await mustKubectl(["--namespace", namespace, "get", "agentruns"])).match(/Queued|ConcurrencyLimit/g),
    ).toHaveLength(9);
    // One place from now on, so that each start tells who was next.
    await remove(agentRunResource, "blocker-1");
    for (const name of [...growing, ...scheduled]) await completes(name);
    await witness.caughtUp();
    expect(witness.mostAtOnce()).toBe(2);
    expect(witness.order().slice(2)).toEqual([...scheduled, ...growing]);
  });

  it("lets those that waited start at once when it is given more places (R3)", async () => {
    await apply(agentFleetResource, aFleet("more", { concurrency: { max: 1 }, agents: [growth("g", forever)] }));
    await ready("more");
    for (const name of ["a-1", "a-2", "a-3"]) await start("g", name);
    await runningPodOf("a-1");
    await reaches("a-3", { type: "Started", status: "False" });
    await patch(agentFleetResource, "more", { spec: { concurrency: { max: 3 } } });
    for (const name of ["a-2", "a-3"]) await runningPodOf(name);
  });

  it("gives a place on only when the Pod that had it is gone (R3)", async () => {
    const stubborn = { ...forever, stop: "1500ms" };
    await apply(agentFleetResource, aFleet("slow", { concurrency: { max: 1 }, agents: [growth("g", stubborn)] }));
    await ready("slow");
    await start("g", "a-1");
    await runningPodOf("a-1");
    await start("g", "a-2");
    await waits("a-2", "ConcurrencyLimit");
    await remove(agentRunResource, "a-1");
    await runningPodOf("a-2");
    const pods = [...(await podsOfRun("a-1")), ...(await podsOfRun("a-2"))];
    expect(pods.map(({ metadata }) => metadata.labels?.["darkfactory.dev/run"])).toEqual(["a-2"]);
  });

  it("keeps no place for a run that cannot have its Job, and tries that one again (R2)", async () => {
    const invalid = { ...growth("invalid"), podTemplate: { spec: { containers: [{ name: "Not a name" }] } } };
    await apply(agentFleetResource, aFleet("mixed", { concurrency: { max: 1 }, agents: [invalid, growth("valid")] }));
    await ready("mixed");
    for (const n of [1, 2]) await start("invalid", `a-${n}`);
    for (const n of [1, 2]) await waits(`a-${n}`, "PodRefused");
    for (const n of [1, 2, 3]) await start("valid", `b-${n}`);
    for (const n of [1, 2, 3]) await completes(`b-${n}`);
    // By then it may have been tried again, and have found all places taken.
    const started = (await run("a-1")).status?.conditions?.[0];
    expect(started).toMatchObject({ type: "Started", status: "False" });
    expect(["PodRefused", "ConcurrencyLimit", "Queued"]).toContain(started?.reason);
  });

  it("has room for its Safety agents first, and for runs as they leave (R2, R3)", async () => {
    const safety = { ...aSafetyAgent("s").spec, podTemplate: simulated({}), name: "s" };
    await apply(agentFleetResource, aFleet("guarded", { concurrency: { max: 1 }, agents: [safety, growth("g")] }));
    await ready("guarded");
    await start("g", "a-1");
    await waits("a-1", "ConcurrencyLimit");
    await patch(agentFleetResource, "guarded", { spec: { agents: [{ ...safety, suspend: true }, growth("g")] } });
    await completes("a-1");
  });
});

describe("runs of an agent with a persistent workspace", () => {
  const volume = `${namespace}-home`;
  beforeAll(async () => {
    const claimRef = { namespace, name: "home-workspace" };
    const spec = {
      capacity: { storage: "1Gi" },
      accessModes: ["ReadWriteOnce"],
      hostPath: { path: "/none" },
      claimRef,
    };
    const persistentVolume = { apiVersion: "v1", kind: "PersistentVolume", metadata: { name: volume }, spec };
    await mustKubectl(["create", "-f", "-"], { input: JSON.stringify(persistentVolume) });
    const workspace = { persistent: { size: "1Gi" } };
    await apply(agentResource, aGrowthAgent("home", forever, { workspace }));
    await becomes("Agent", "home", { status: "True" });
  });

  afterAll(() => mustKubectl(["delete", "persistentvolume", volume, "--wait=false"]));

  it("work in it one after the other, though they come all at once (R1, lesson 31)", async () => {
    const witness = await watchRuns(client(), namespace);
    const names = ["w-1", "w-2", "w-3"];
    await Promise.all(names.map((name) => start("home", name)));
    for (let left = names; left.length > 0;) {
      // One works until it is told to end, whichever it is: all others wait as long.
      const worker = await eventually(async () => {
        const pods = await Promise.all(left.map(podsOfRun));
        const working = left.filter((_, n) => pods[n]?.some(({ status }) => status?.phase === "Running"));
        expect(working).toHaveLength(1);
        return working[0]!;
      });
      const others = left.filter((name) => name !== worker);
      for (const name of others) await waits(name, "WorkspaceInUse");
      await finish(worker);
      await completes(worker);
      left = others;
    }
    await witness.caughtUp();
    expect(witness.mostAtOnce()).toBe(1);
    expect(witness.order().toSorted()).toEqual(names);
  });
});
