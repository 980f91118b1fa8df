import { setTimeout as sleep } from "node:timers/promises";
import { beforeAll, expect, inject, it, onTestFinished, vi } from "vitest";
import { agentResource } from "../../src/api/v1alpha1/agent.ts";
import { ACTING, type OperatorProcess, startOperator } from "../operator-process.ts";
import type { LogLine } from "../cluster/simulated-nodes.ts";
import { seededRandom } from "../seeded.ts";
import { aWatchedAgent, aWatchedGrowthAgent, HELD, letStart, talkersIn } from "./nightwatch-support.ts";
import { handsIn } from "./operator-support.ts";
import { forever, runHands } from "./run-support.ts";
import { aNamespace, eventually } from "./support.ts";

/** DARKFACTORY_KILLS=200 is the size that issue 5 asks for, with 50 agents; it takes half an hour. */
const KILLS = Number(process.env["DARKFACTORY_KILLS"] ?? 4);
const AGENTS = KILLS > 100 ? 50 : 10;
/** How long an operator lives at most once it acts: longer than an interval, so that some of them come to count. */
const LIFE_MS = 8_000;

vi.setConfig({ testTimeout: 120_000 + KILLS * 60_000 });

const namespace = aNamespace();
const cluster = handsIn(namespace);
const { apply, agent } = cluster;
const { start, run, podsOfRun } = runHands(cluster);
const { append } = talkersIn(namespace);

/** One that writes: every fifth is a run. What it has written, and the name of the Pod that writes it. */
interface Writer {
  readonly name: string;
  readonly isRun: boolean;
  /** Lines a beat; every tenth of them reports an error, and that is no drift. */
  readonly rate: number;
  pod: string;
  lines: number;
  errorLines: number;
}

const writers: readonly Writer[] = Array.from({ length: AGENTS }, (_, n) => ({
  name: `writer-${n}`,
  isRun: n % 5 === 4,
  rate: 1 + (n % 3),
  pod: `writer-${n}-1`,
  lines: 0,
  errorLines: 0,
}));

async function write(writer: Writer): Promise<void> {
  const time = new Date().toISOString();
  const said = Array.from({ length: writer.rate }, (): LogLine => {
    writer.lines += 1;
    const isError = writer.lines % 10 === 0;
    if (isError) writer.errorLines += 1;
    return { text: isError ? `error in step ${writer.lines}` : `step ${writer.lines}`, time };
  });
  await append(writer.pod, said);
}

const quiet = { mode: "Observe", windowSeconds: 36_000 } as const;

/* Every writer's log is there before anything reads it. */
beforeAll(async () => {
  for (const writer of writers) {
    if (!writer.isRun) await write(writer);
    const nightwatch = { evaluationIntervalSeconds: 5, ...quiet };
    const manifest = writer.isRun
      ? aWatchedGrowthAgent(writer.name, { ...forever, ...HELD }, { nightwatch })
      : aWatchedAgent(writer.name, quiet);
    await apply(agentResource, manifest);
    if (writer.isRun) await start(writer.name, `${writer.name}-run`);
  }
});

function anOperator(...args: readonly string[]): OperatorProcess {
  const { kubeconfig } = inject("cluster");
  const operator = startOperator({ kubeconfig, args: ["--namespaces", namespace, ...args] });
  onTestFinished(() => operator.kill());
  return operator;
}

/** A replica that is started again where it loses its lease because the machine is busy, as a Deployment would do it. */
function aLastingReplica() {
  let replica = anOperator();
  const over = new AbortController();
  void (async () => {
    while ((await replica.ended) === 1 && !over.signal.aborted) replica = anOperator();
  })();
  return {
    acts: () => eventually(() => expect(replica.logTail().join("\n")).toContain(ACTING), { timeoutMs: 120_000 }),
    stop: () => {
      over.abort();
      return replica.stop();
    },
  };
}

/** All of them write, twice a second, until that is over. */
function writing(): () => Promise<void> {
  const over = new AbortController();
  const going = (async () => {
    while (!over.signal.aborted) {
      await Promise.all(writers.map(write));
      await sleep(500);
    }
  })();
  return async () => {
    over.abort();
    await going;
  };
}

/** What the statuses say was counted, once it is as much as was written: by the window, by its parts and by each run. */
async function expectAllCounted(): Promise<void> {
  await eventually(
    async () => {
      const found = await Promise.all(
        writers.map(async ({ name, isRun }) => {
          const { drift } = (await agent(name)).status ?? {};
          const sum = (drift?.buckets ?? []).reduce((lines, bucket) => lines + (bucket.lines ?? 0), 0);
          const signals = isRun ? (await run(`${name}-run`)).status?.signals : drift?.counts;
          return [name, drift?.counts?.lines, drift?.counts?.errorLines, sum, signals?.lines];
        }),
      );
      expect(found).toEqual(writers.map(({ name, lines, errorLines }) => [name, lines, errorLines, lines, lines]));
    },
    { timeoutMs: 90_000, everyMs: 500 },
  );
  const total = writers.reduce((sum, { lines }) => sum + lines, 0);
  console.log(`${AGENTS} agents: ${total} lines written, ${total} counted`);
}

const countedOfFirst = async (): Promise<number> => (await agent("writer-0")).status?.drift?.counts?.lines ?? 0;

it(`after ${KILLS} kills of the operator at random instants each of ${AGENTS} agents' counts is what it wrote, to the line (S5, O2)`, async () => {
  const random = seededRandom();
  const alone = ["--leader-elect", "false"];
  let operator = anOperator(...alone);
  for (const writer of writers.filter(({ isRun }) => isRun)) {
    writer.pod = await eventually(async () => {
      const [pod] = await podsOfRun(`${writer.name}-run`);
      expect(pod).toBeDefined();
      return pod?.metadata.name ?? "";
    });
    await write(writer);
    await letStart(cluster, writer.pod);
  }
  const stop = writing();
  for (let kill = 1; kill <= KILLS; kill += 1) {
    // One in four does not live to act at all. The instants are the test: nothing else waits for them.
    if (random() < 0.75) await operator.logged(ACTING);
    await sleep(random() * LIFE_MS);
    await operator.kill();
    if (kill % 20 === 0)
      console.log(`${kill} kills: ${await countedOfFirst()} of ${writers[0]?.lines} lines of the first are counted`);
    operator = anOperator(...alone);
  }
  await stop();
  await expectAllCounted();
  expect(await operator.stop()).toBe(0);
});

it("a leader that stalls past its lease in the middle of counting counts nothing twice when it wakes (S5, O1)", async () => {
  const first = anOperator();
  await first.logged(ACTING);
  const second = aLastingReplica();
  const stop = writing();
  const before = await countedOfFirst();
  await eventually(async () => expect(await countedOfFirst()).toBeGreaterThan(before));
  first.signal("SIGSTOP");
  await second.acts();
  const then = await countedOfFirst();
  await eventually(async () => expect(await countedOfFirst()).toBeGreaterThan(then));
  first.signal("SIGCONT");
  expect(await first.ended).toBe(1);
  await stop();
  await expectAllCounted();
  expect(await second.stop()).toBe(0);
});
