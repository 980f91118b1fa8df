import { beforeAll, expect, it, vi } from "vitest";
import type { Agent } from "../../src/api/v1alpha1/agent.ts";
import { agentResource } from "../../src/api/v1alpha1/agent.ts";
import { agentFleetResource } from "../../src/api/v1alpha1/agent-fleet.ts";
import { podResource } from "../../src/kube/types-core.ts";
import type { Stored } from "../../src/kube/types.ts";
import { aWatchedAgent, lines, talkersIn } from "./nightwatch-support.ts";
import { aFleet, anOperatedNamespace } from "./operator-support.ts";
import { eventually } from "./support.ts";

/** DARKFACTORY_STORM_AGENTS=1000 is the size that behaviour.md speaks of (C6); it takes half an hour. */
const AGENTS = Number(process.env["DARKFACTORY_STORM_AGENTS"] ?? 12);
/** A few agents at the shortest interval; many at one in which a small machine can read all their logs. */
const INTERVAL_SECONDS = Math.max(5, Math.ceil(AGENTS / 10));
/** How many intervals the provider is away. */
const STORM_INTERVALS = 4;
const WAIT = { timeoutMs: 60_000 + 4_000 * INTERVAL_SECONDS, everyMs: Math.max(200, AGENTS * 2) };

vi.setConfig({ testTimeout: 20 * WAIT.timeoutMs, hookTimeout: 20 * WAIT.timeoutMs });

const names = Array.from({ length: AGENTS }, (_, n) => `agent-${n}`);
/** A fifth of them fails for reasons of its own when the storm is over. */
const failing = names.slice(0, Math.floor(AGENTS / 5));
const crowd = names.slice(failing.length);

const cluster = anOperatedNamespace();
const { namespace, apply, list, fleet, events, becomes } = cluster;
const { append, share, makeRoom } = talkersIn(namespace);

let written = 0;

/** What all of them write from now on: so many lines, errors or none. */
async function allWrite(total: number, errors: number): Promise<void> {
  const said = lines(total, errors);
  await append("the-provider", said);
  await Promise.all(failing.map((name) => append(`${name}-1`, said)));
  written += total;
}

async function allAre(expected: (status: NonNullable<Agent["status"]>, name: string) => void): Promise<void> {
  await eventually(async () => {
    const agents = await list<Agent>(agentResource);
    for (const { metadata, status } of agents) expected(status ?? { observedGeneration: -1 }, metadata.name);
  }, WAIT);
}

/** Every agent has been evaluated with all that was written. */
const allHaveSeen = (): Promise<void> => allAre(({ drift }) => expect(drift?.counts?.lines).toBe(written));

const stormGuard = async () => (await fleet("stormy")).status?.conditions?.find(({ type }) => type === "StormGuard");
const stormEvents = async (): Promise<readonly string[]> =>
  (await events("stormy")).map(({ reason }) => reason).filter((reason) => reason.startsWith("Storm"));
const podUids = async (): Promise<readonly string[]> =>
  (await list(podResource)).map(({ metadata }: Stored) => `${metadata.name} ${metadata.uid}`).toSorted();
const strong = ({ correction }: NonNullable<Agent["status"]>) =>
  (correction?.history ?? []).filter(({ action }) => action !== "Warn");

const started = Date.now();
const note = (what: string): void => {
  if (AGENTS > 12) console.log(`${Math.round((Date.now() - started) / 1000)} s: ${what}`);
};

beforeAll(async () => {
  if (AGENTS > 100) await makeRoom(AGENTS);
  await allWrite(40, 0);
  for (let left = [...crowd]; left.length > 0;) {
    await Promise.all(left.splice(0, 20).map((name) => share(`${name}-1`, "the-provider")));
  }
  const nightwatch = { evaluationIntervalSeconds: INTERVAL_SECONDS };
  const { nightwatch: _, ...spec } = aWatchedAgent("").spec;
  await apply(agentFleetResource, aFleet("stormy", { nightwatch, agents: names.map((name) => ({ ...spec, name })) }));
  await eventually(() => becomes("AgentFleet", "stormy", { status: "True" }), { timeoutMs: 60_000 + 600 * AGENTS });
  note(`${AGENTS} agents run, looked at each ${INTERVAL_SECONDS} s`);
  await allHaveSeen();
});

it(`a provider that is away for ${STORM_INTERVALS} intervals is one incident for ${AGENTS} agents, and restarts none of them (C6)`, async () => {
  const before = await podUids();
  for (let interval = 1; interval <= STORM_INTERVALS; interval += 1) {
    await allWrite(20, 20);
    await allHaveSeen();
    note(`storm, interval ${interval}: StormGuard ${(await stormGuard())?.status}`);
  }
  await eventually(async () =>
    expect(await stormGuard()).toMatchObject({
      status: "True",
      reason: "Storm",
      message: expect.stringMatching(/of \d+ running agents \(\d+ %\)/),
    }),
  );
  // 0.7 · 80 / 120: what each would be restarted for, were it alone.
  await allAre(({ drift }) => expect(drift).toMatchObject({ level: "Severe", scorePercent: 46 }));

  await allWrite(20, 0);
  await eventually(async () => expect(await stormGuard()).toMatchObject({ status: "False", reason: "NoStorm" }), WAIT);
  note("the storm is over");
  await allAre(({ drift }) => {
    expect(drift).toMatchObject({ level: "Normal", counts: { errorLines: 0 } });
    expect(drift?.affected).toBeUndefined();
  });
  // Evidence from a storm never moves an agent, not even afterwards.
  await allWrite(20, 0);
  await allAre(({ drift }) =>
    expect(drift).toMatchObject({ level: "Normal", scorePercent: 0, counts: { errorLines: 0 } }),
  );
  expect(await podUids()).toEqual(before);
  await allAre((status) => expect(strong(status)).toEqual([]));
  await eventually(async () => expect((await stormEvents()).toSorted()).toEqual(["StormBegan", "StormEnded"]));
  await eventually(async () =>
    expect((await fleet("stormy")).status).toMatchObject({ level: "Normal", agents: { drifted: 0, paused: 0 } }),
  );
  note(`0 of ${AGENTS} agents were restarted`);
});

it(`the ${failing.length} of ${AGENTS} agents that fail by themselves at another time are corrected, and no other (C6)`, async () => {
  await Promise.all(failing.map((name) => append(`${name}-1`, lines(30, 30))));
  await allAre((status, name) => {
    const isFailing = failing.includes(name);
    expect([name, status.starts, strong(status).map(({ action, run }) => [action, run])]).toEqual([
      name,
      isFailing ? 2 : 1,
      isFailing ? [[expect.stringMatching(/^(Reload|Restart)$/), `${name}-1`]] : [],
    ]);
  });
  note(`${failing.length} agents were corrected`);
  expect((await stormEvents()).toSorted()).toEqual(["StormBegan", "StormEnded"]);
});
