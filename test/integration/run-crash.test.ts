import { beforeAll, describe, expect, inject, it, onTestFinished, vi } from "vitest";
import { type AgentManifest, agentResource } from "../../src/api/v1alpha1/agent.ts";
import type { KubeClient } from "../../src/kube/client.ts";
import { loadConfig } from "../../src/kube/config.ts";
import { createKubeClient } from "../../src/kube/kube-client.ts";
import { runName } from "../../src/schedule/due.ts";
import { type CrashPoint, startToCrash } from "../crash/start.ts";
import { startOperator } from "../operator-process.ts";
import { seededRandom, shuffle } from "../seeded.ts";
import { hands } from "./operator-support.ts";
import { aGrowthAgent, runHands } from "./run-support.ts";
import { watchRuns } from "./run-witness.ts";
import { aNamespace, eventually } from "./support.ts";

// A step may take ten seconds on a machine that is busy with other tests.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

/**
 * How far each walk goes. CRASH_WRITES=16 (npm run test:full) is beyond the life of a run and of a firing, and goes to each
 * write; otherwise each walk goes to half of them, another half each time.
 */
const WRITES = Number(process.env["CRASH_WRITES"] ?? 5);
const isFull = process.env["CRASH_WRITES"] !== undefined;
/** Operators that start at a time. */
const AT_A_TIME = 3;

const points: readonly CrashPoint[] = (["before", "after"] as const).flatMap((when) =>
  Array.from({ length: WRITES }, (_, n) => ({ n: n + 1, when })),
);
const names = points.slice(0, isFull ? points.length : WRITES).map(() => aNamespace());

type Case = CrashPoint & { readonly namespace: string };

/** A point of the walk in each namespace. */
function walk(): readonly Case[] {
  const shuffled = shuffle(points, seededRandom());
  return names.flatMap((namespace, n) => shuffled.slice(n, n + 1).map((point) => ({ ...point, namespace })));
}

let client: KubeClient;
beforeAll(async () => {
  client = createKubeClient(await loadConfig({ kubeconfig: inject("cluster").kubeconfig }));
  return () => client.close();
});

/** An operator that kills itself at its n-th write, or was needed no longer before: then it is stopped. */
async function crash({ n, when, namespace }: Case, isDone: () => Promise<unknown>): Promise<"crashed" | "outlived"> {
  const options = { kubeconfig: inject("cluster").kubeconfig, args: flags([namespace]) };
  const operator = startToCrash({ n, when }, options);
  onTestFinished(() => operator.kill());
  const ended = operator.ended.then(() => "crashed" as const);
  const how = await Promise.race([ended, isDone().then(() => "outlived" as const)]);
  await operator.kill();
  return how;
}

const flags = (namespaces: readonly string[]) => ["--namespaces", namespaces.join(","), "--leader-elect", "false"];

/** An operator of all namespaces that nobody kills. */
function survivor(): void {
  const operator = startOperator({ kubeconfig: inject("cluster").kubeconfig, args: flags(names) });
  onTestFinished(async () => void (await operator.stop()));
}

async function each<T>(items: readonly T[], visit: (item: T) => Promise<void>): Promise<void> {
  const left = [...items];
  const walk = async (): Promise<void> => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await visit(item);
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, walk));
}

const PATIENCE = { timeoutMs: 120_000, everyMs: 300 };

/** Waits until a namespace's run of that name is complete. */
const complete = (namespace: string, name: string): Promise<void> =>
  eventually(async () => {
    const { status } = await runHands(hands(namespace, () => client)).run(name);
    expect(status?.exit?.class).toBe("Success");
  }, PATIENCE);
/** Waits until every namespace's run of that name is. */
const allComplete = async (name: string): Promise<void> => {
  await Promise.all(names.map((namespace) => complete(namespace, name)));
};

const inEach = (name: string) => names.map((namespace) => `${namespace}/${name}`).toSorted();
const ours = (found: readonly string[]) => found.filter((each) => names.includes(each.split("/")[0] ?? "")).toSorted();

describe("an operator that is killed at one or another of its writes", () => {
  it("starts each run once, and loses none (R1, O2)", async () => {
    const witness = await watchRuns(client);
    const ends: string[] = [];
    await each(walk(), async (one) => {
      const own = hands(one.namespace, () => client);
      await own.apply(agentResource, aGrowthAgent("worker"));
      await runHands(own).start("worker", "by-hand");
      ends.push(await crash(one, () => complete(one.namespace, "by-hand")));
    });
    // Most of the walk lay within the life of a run.
    expect(ends.filter((end) => end === "crashed").length).toBeGreaterThanOrEqual(names.length / 2);
    survivor();
    await allComplete("by-hand");
    await witness.caughtUp();
    expect(ours(witness.jobs)).toEqual(inEach("by-hand"));
  });

  it("fires each occurrence once, and loses none (K3, O2)", async () => {
    const witness = await watchRuns(client);
    // Five minutes ago; the status is that of an agent which an operator followed until an hour ago.
    const occurrence = Math.floor(Date.now() / 60_000 - 5) * 60_000;
    const at = new Date(occurrence);
    const schedule = `${at.getUTCMinutes()} ${at.getUTCHours()} * * *`;
    const timetable = { schedule, timeZone: "Etc/UTC", since: new Date(occurrence - 3_600_000).toISOString() };
    const { task, image, command, podTemplate } = aGrowthAgent("").spec;
    const spec = { layer: "Core", tool: "text", schedule, task, image, command, podTemplate } as const;
    for (const namespace of names) {
      await hands(namespace, () => client).apply(agentResource, { metadata: { name: "nightly" }, spec });
      const followed = { metadata: { name: "nightly", namespace }, status: { observedGeneration: 1, timetable } };
      await client.applyStatus<AgentManifest>(agentResource, followed as AgentManifest, {
        fieldManager: "darkfactory-status",
      });
    }
    const name = runName("nightly", occurrence);
    await each(walk(), async (one) => void (await crash(one, () => complete(one.namespace, name))));
    survivor();
    await allComplete(name);
    await eventually(async () => {
      for (const namespace of names) {
        const { status } = await hands(namespace, () => client).agent("nightly");
        expect(status).toMatchObject({ lastScheduleTime: at.toISOString().replace(".000", "") });
        expect(status?.skippedRuns).toBeUndefined();
      }
    });
    await witness.caughtUp();
    expect(ours(witness.runs)).toEqual(inEach(name));
    expect(ours(witness.jobs)).toEqual(inEach(name));
  });
});
