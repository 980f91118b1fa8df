import { expect, inject, it, onTestFailed, onTestFinished } from "vitest";
import { type Agent, type AgentManifest, agentResource, type AgentSpecInput } from "../../src/api/v1alpha1/agent.ts";
import { runName } from "../../src/schedule/due.ts";
import { fromInstant } from "../../src/workloads/time.ts";
import { beforeDowntime } from "../downtime.ts";
import { startOperator } from "../operator-process.ts";
import { handsIn } from "./operator-support.ts";
import { aGrowthAgent } from "./run-support.ts";
import { watchRuns } from "./run-witness.ts";
import { aNamespace, eventually } from "./support.ts";

const namespace = aNamespace();
const { client, apply, list } = handsIn(namespace);

/** On a machine that is busy with other tests. */
const BUSY = { timeoutMs: 60_000 };

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

const named = (what: string) => Array.from({ length: 15 }, (_, n) => `${what}-${n}`);

// The full form, with a thousand agents and figures: npm run bench -- catch-up
it("an operator that was away decides each agent's missed occurrences: the latest runs where its deadline allows, the others are counted (K4)", async () => {
  const last = Math.floor(Date.now() / MINUTE - 10) * MINUTE;
  const { schedule, status } = beforeDowntime(last);
  const followed = async (name: string, more: Partial<AgentSpecInput> = {}): Promise<void> => {
    const { podTemplate, ...growth } = aGrowthAgent(name).spec;
    const spec = { ...growth, layer: "Core" as const, schedule, ...(podTemplate && { podTemplate }), ...more };
    await apply(agentResource, { metadata: { name }, spec });
    const before = { metadata: { name, namespace }, status } as unknown as AgentManifest;
    await client().applyStatus(agentResource, before, { fieldManager: "darkfactory-status" });
  };
  const [inTime, tooLate] = [named("in-time"), named("too-late")];
  for (const name of inTime) await followed(name);
  for (const name of tooLate) await followed(name, { startingDeadlineSeconds: 60 });
  const witness = await watchRuns(client(), namespace);

  const args = ["--namespaces", namespace, "--leader-elect", "false"];
  const operator = startOperator({ kubeconfig: inject("cluster").kubeconfig, args });
  onTestFailed(() => console.error(operator.logTail().slice(-30).join("\n")));
  onTestFinished(() => operator.kill());

  const missed = (names: readonly string[], total: number, time: number) =>
    names.map((name) => ({
      name,
      lastScheduleTime: fromInstant(last),
      nextRunTime: fromInstant(last + HOUR),
      skippedRuns: { total, last: { time: fromInstant(time), reason: "Missed" } },
    }));
  await eventually(async () => {
    const found = (await list<Agent>(agentResource)).map(({ metadata: { name }, status }) => {
      const { lastScheduleTime, nextRunTime, skippedRuns } = status ?? {};
      return { name, lastScheduleTime, nextRunTime, skippedRuns };
    });
    expect(byName(found)).toEqual(byName([...missed(inTime, 2, last - HOUR), ...missed(tooLate, 3, last)]));
  }, BUSY);
  expect(await operator.stop()).toBe(0);
  const made = inTime.map((name) => `${namespace}/${runName(name, last)}`).toSorted();
  await eventually(() => expect(witness.runs.toSorted()).toEqual(made));
});

function byName<T extends { readonly name: string }>(items: readonly T[]): readonly T[] {
  return items.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}
