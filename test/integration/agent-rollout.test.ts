import { expect, it, vi } from "vitest";
import { agentFleetResource } from "../../src/api/v1alpha1/agent-fleet.ts";
import { aFleet, anOperatedNamespace, aSafetyAgent, simulated } from "./operator-support.ts";
import { watchPods } from "./pod-witness.ts";
import { eventually } from "./support.ts";

// Four waves, one after another, each of which deletes, creates, schedules and starts.
vi.setConfig({ testTimeout: 300_000 });
const WAVES = { timeoutMs: 200_000 };

const cluster = anOperatedNamespace();
const { apply, becomes, podsOf, agent } = cluster;

const names = Array.from({ length: 8 }, (_, n) => `roll-${n}`);
const entries = names.map((name) => ({ ...aSafetyAgent(name).spec, name }));

/** The fleet with eight Safety agents; `model` shapes every Pod. */
const of = (model: string, podTemplate = simulated({ start: "200ms", stop: "100ms" })) =>
  aFleet("roll", { defaults: { model, podTemplate }, rollout: { maxUnavailablePercent: 25 }, agents: entries });

async function models(): Promise<readonly unknown[]> {
  const pods = (await Promise.all(names.map(podsOf))).flat();
  return pods.map(({ spec }) => spec.containers[0]?.env?.find(({ name }) => name === "DARKFACTORY_MODEL")?.value);
}

/** Why each agent is ready or not. */
async function reasons(): Promise<readonly string[]> {
  const agents = await Promise.all(names.map(agent));
  return agents.map(({ status }) => status?.conditions?.find(({ type }) => type === "Ready")?.reason ?? "");
}

it("a fleet-wide change takes at most the allowed share of running Safety agents away at a time (L6)", async () => {
  await apply(agentFleetResource, of("first"));
  await becomes("AgentFleet", "roll", { status: "True" });
  const witness = await watchPods(cluster);
  expect((await witness.testify()).mostMissing(names)).toBe(0);

  await apply(agentFleetResource, of("second"));
  await eventually(async () => expect(await models()).toEqual(names.map(() => "second")), WAVES);
  await becomes("AgentFleet", "roll", { status: "True" });
  const { story, mostMissing, mostAtOnce } = await witness.testify();
  // Whether two are ever away together is a matter of how soon the first is back: the next test holds them there.
  expect(mostMissing(names)).toBeLessThanOrEqual(2);
  expect(names.map(mostAtOnce)).toEqual(names.map(() => 1));
  expect(story).toHaveLength(16);
});

it("a change that no Pod survives stops after that share: the others keep running (L6)", async () => {
  const witness = await watchPods(cluster);
  await apply(agentFleetResource, of("third", simulated({ pull: "fail" })));
  await eventually(async () =>
    expect((await reasons()).toSorted()).toEqual(names.map((_, n) => (n < 2 ? "ImagePullFailed" : "RolloutWaiting"))),
  );
  expect((await witness.testify()).mostMissing(names)).toBe(2);

  // Back to what worked: the stuck ones are replaced as well.
  await apply(agentFleetResource, of("fourth"));
  await eventually(async () => expect(await models()).toEqual(names.map(() => "fourth")), WAVES);
  await becomes("AgentFleet", "roll", { status: "True" });
  expect((await witness.testify()).mostMissing(names)).toBe(2);
});
