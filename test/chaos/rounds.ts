import type { Agent, AgentManifest } from "../../src/api/v1alpha1/agent.ts";
import { agentResource } from "../../src/api/v1alpha1/agent.ts";
import { agentFleetResource } from "../../src/api/v1alpha1/agent-fleet.ts";
import { type AgentRun, agentRunResource } from "../../src/api/v1alpha1/agent-run.ts";
import { requestedRunName } from "../../src/controllers/agent/runs.ts";
import { hasEnded } from "../../src/controllers/agent-run/run-state.ts";
import { jobResource, podResource } from "../../src/kube/types-core.ts";
import { runName } from "../../src/schedule/due.ts";
import { controllerOf } from "../../src/workloads/labels.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { hasCondition, type Person } from "./person.ts";
import {
  crew,
  flaky,
  followedBefore,
  guests,
  nightly,
  PLANTED,
  secretResource,
  type Size,
  STRANGER,
} from "./scenario.ts";
import { until } from "../until.ts";

/** One namespace in which the scenario is played. */
export interface Stage {
  readonly person: Person;
  readonly cluster: Cluster;
  readonly size: Size;
}

/** What is there before the operator. */
export async function prepare({ person }: Stage): Promise<void> {
  await person.apply(secretResource, { metadata: { name: "credentials" }, stringData: { token: PLANTED } });
}

/** One round: the fleet's new spec, then everything else at once. `occurrence` is the same wherever the round is played. */
export async function playRound(stage: Stage, round: number, occurrence: number): Promise<void> {
  await changeCrew(stage, round, false);
  if (round === 1) await leaveMark(stage.person);
  await Promise.all([
    workByHand(stage, round),
    workOnRequest(stage, round),
    fireByNight(stage, round, occurrence),
    drift(stage),
    pauseAndResume(stage, round),
    losePod(stage),
    makeAnew(stage),
    failForGood(stage, round),
    receiveGuests(stage, round),
    fireByMinute(stage),
  ]);
}

/** The end: nothing fires any more, and all that runs comes to its end. */
export async function playEnd(stage: Stage, round: number): Promise<void> {
  const { person } = stage;
  await changeCrew(stage, round, true);
  await until("all runs have ended", async () => (await person.list<AgentRun>(agentRunResource)).every(hasEnded));
}

/** Creates the fleet, or rolls it out anew: every Safety agent is replaced, an entry goes and another comes. */
async function changeCrew({ person, size }: Stage, round: number, last: boolean): Promise<void> {
  await person.apply(agentFleetResource, crew(size, round, last) as never);
  await person.untilReady("crew");
  const isNew = async (): Promise<boolean> => {
    const pods = (await person.list(podResource)).filter(
      (pod) => controllerOf(pod)?.name.startsWith("guard-") === true,
    );
    return pods.length === size.safety && pods.every(({ spec }) => spec.containers[0]?.args?.[0] === `watch ${round}`);
  };
  await until(`every guard works by round ${round} in ${person.namespace}`, isNew);
  await person.untilGone(agentResource, `extra-${round - 1}`);
  await person.runningPod(`extra-${round}`);
}

/** Somebody sets fields of a fleet's agent that the fleet does not set. */
async function leaveMark(person: Person): Promise<void> {
  const metadata = { name: "guard-0", annotations: { "chaos.darkfactory.test/kept": "as it is" } };
  const spec = { model: "o3", capabilities: ["security"] };
  await person.apply(agentResource, { metadata, spec } as unknown as AgentManifest as never, STRANGER);
}

async function workByHand({ person, size }: Stage, round: number): Promise<void> {
  const names = Array.from({ length: size.growth }, (_, n) => ({ name: `work-${round}-${n}`, agent: `hand-${n}` }));
  for (const { name, agent } of names) {
    await person.apply(agentRunResource, { metadata: { name }, spec: { agentRef: { name: agent } } } as never);
  }
  await Promise.all(names.map(({ name }) => untilDone(person, name)));
}

/** Complete, or complete and forgotten again: of each agent's runs only the last are kept. */
async function untilDone(person: Person, name: string): Promise<void> {
  await until(`run ${name} is complete in ${person.namespace}`, async () => {
    const run = await person.find<AgentRun>(agentRunResource, name);
    return run === undefined || hasCondition(run, "Complete", "True");
  });
}

async function workOnRequest({ person }: Stage, round: number): Promise<void> {
  const value = `round ${round}`;
  await person.ask("hand-0", "run-requested-at", value);
  await until(
    `hand-0 has heard of ${value} in ${person.namespace}`,
    async () => (await person.agent("hand-0"))?.status?.lastHandledRunAt === value,
  );
  await untilDone(person, requestedRunName("hand-0", value));
}

/** A new agent fires an occurrence that was missed; that of the round before goes, with its runs. */
async function fireByNight({ person }: Stage, round: number, occurrence: number): Promise<void> {
  const agent = nightly(round, occurrence);
  const { namespace } = person;
  await person.apply(agentResource, agent as never);
  const status = followedBefore({ ...agent, metadata: { ...agent.metadata, namespace } }, occurrence);
  await person.client.applyStatus(agentResource, status as never, { fieldManager: "darkfactory-status" });
  // An operator that was faster has written its own status before this one, and looks at no status that is taken from it.
  await person.ask(agent.metadata.name, "reconcile-requested-at", `round ${round}`);
  await person.untilComplete(runName(agent.metadata.name, occurrence));
  const before = `nightly-${round - 1}`;
  await person.remove(agentResource, before);
  await until(`runs of ${before} are gone from ${namespace}`, async () =>
    (await person.list<AgentRun>(agentRunResource)).every(({ spec }) => spec.agentRef.name !== before),
  );
}

/** A third of what a guard writes are errors: it is reloaded, once. */
async function drift({ person, cluster }: Stage): Promise<void> {
  const { namespace } = person;
  const name = "guard-1";
  const pod = await person.runningPod(name);
  const { total = 0 } = (await person.agent(name))?.status?.correction ?? {};
  const now = Date.now();
  const lines = Array.from({ length: 100 }, (_, n) => ({
    text: n < 35 ? `error: step ${n} failed` : `step ${n} is done`,
    stream: n < 35 ? ("stderr" as const) : ("stdout" as const),
    time: new Date(now - (100 - n)).toISOString(),
  }));
  await cluster.appendPodLog({ namespace, name: pod }, lines);
  await until(`${name} is corrected in ${namespace}`, async () => {
    const { correction } = (await person.agent(name))?.status ?? {};
    return (correction?.total ?? 0) > total && (await person.find(podResource, pod)) === undefined;
  });
  await person.runningPod(name);
}

async function pauseAndResume({ person }: Stage, round: number): Promise<void> {
  const name = "guard-2";
  await person.ask(name, "pause-requested-at", `round ${round}`);
  await until(`${name} is paused in ${person.namespace}`, async () => {
    const agent = await person.agent(name);
    return hasCondition(agent, "Paused", "True") && (await person.podsOf(name)).length === 0;
  });
  await person.ask(name, "resume-requested-at", `round ${round}`);
  await person.runningPod(name);
}

async function losePod({ person }: Stage): Promise<void> {
  const lost = await person.runningPod("guard-3");
  await person.remove(podResource, lost);
  await person.untilGone(podResource, lost);
  await person.runningPod("guard-3");
}

/** Somebody deletes an agent that its fleet wants: it is made anew. */
async function makeAnew({ person }: Stage): Promise<void> {
  const name = "guard-4";
  const uid = (await person.agent(name))?.metadata.uid;
  await person.remove(agentResource, name);
  await until(`${name} is made anew in ${person.namespace}`, async () => {
    const found: Agent | undefined = await person.agent(name);
    return found !== undefined && found.metadata.uid !== uid;
  });
  await person.runningPod(name);
}

async function failForGood({ person }: Stage, round: number): Promise<void> {
  if (round > 1) return;
  await person.apply(agentResource, flaky as never);
  await until(`flaky has spent its budget in ${person.namespace}`, async () =>
    hasCondition(await person.agent("flaky"), "Stalled", "True", "RestartBudgetExhausted"),
  );
}

async function receiveGuests({ person }: Stage, round: number): Promise<void> {
  const name = `guests-${round}`;
  await person.apply(agentFleetResource, guests(round) as never);
  await person.untilReady(name);
  const run = { metadata: { name: `visit-${round}` }, spec: { agentRef: { name: `visitor-${round}` } } };
  await person.apply(agentRunResource, run as never);
  await until(`visit-${round} runs in ${person.namespace}`, async () =>
    hasCondition(await person.find<AgentRun>(agentRunResource, run.metadata.name), "Started", "True"),
  );
  await person.remove(agentFleetResource, name, round % 2 === 1 ? "Foreground" : "Background");
  await person.untilGone(agentFleetResource, name);
  await person.untilGone(agentResource, `guest-${round}`);
  await person.untilGone(agentResource, `visitor-${round}`);
  await person.untilGone(agentRunResource, run.metadata.name);
  await person.untilGone(jobResource, run.metadata.name);
  await person.untilGone(podResource, `guest-${round}-1`);
}

/** Each clock has fired at least once: at the latest a minute after it was made. */
async function fireByMinute({ person, size }: Stage): Promise<void> {
  for (let n = 0; n < size.minutely; n++) {
    await until(
      `clock-${n} has fired in ${person.namespace}`,
      async () => (await person.agent(`clock-${n}`))?.status?.lastSuccessTime !== undefined,
    );
  }
}
