import { setTimeout as sleep } from "node:timers/promises";
import type { Bench } from "./bench.ts";
import { measureCpu } from "./cpu.ts";
import { applyAgent, coreAgent, inLanes } from "./objects.ts";
import { startMeasuredOperator, untilLookedAt, untilSettled } from "./operator.ts";
import type { Sample } from "./report.ts";
import { inCluster, inNamespace, inTurns, type Session } from "./session.ts";
import { REST_SECONDS } from "./size.ts";
import { stallRows, stallsOf } from "./stalls.ts";

const AGENTS = 10_000;
const IN_FLIGHT = 32;

export const memory: Bench = {
  name: "memory",
  title: `${AGENTS.toLocaleString("en")} Core agents with schedules, until the operator is at rest`,
  notes: [
    "The agents are there before the operator starts; it looks at each and writes its first status. Then it is started once more, where nothing is left to do.",
    "Memory is the process' RSS on a V8 that collects when it likes; the heap is measured after all garbage was collected: what the operator holds.",
  ],
  rows: [
    { figure: "rssEmpty", text: "memory with no agent", unit: "MB" },
    { figure: "rss", text: "memory after the first statuses", unit: "MB" },
    { figure: "rssAgain", text: "memory after a start with nothing to do", unit: "MB" },
    { figure: "perThousand", text: "memory for 1,000 agents, after that start", unit: "MB" },
    { figure: "heapEmpty", text: "heap that it holds with no agent", unit: "MB" },
    { figure: "heap", text: "heap that it holds after that start", unit: "MB" },
    { figure: "heapPerThousand", text: "heap for 1,000 agents", unit: "MB" },
    { figure: "firstSeconds", text: "first start: until each has its status", unit: "s" },
    { figure: "againSeconds", text: "start with nothing to do: until each was looked at", unit: "s" },
    { figure: "againWrites", text: "writes of that start", unit: "requests", goal: { at: "most", value: 0 } },
    ...stallRows("stall", "longest stall of the event loop in that start", { isJudged: false }),
    { figure: "restCpu", text: `processor time in ${REST_SECONDS} s at rest`, unit: "ms" },
    {
      figure: "restWrites",
      text: `writes in ${REST_SECONDS} s at rest`,
      unit: "requests",
      goal: { at: "most", value: 0 },
    },
  ],
  run: (times, log) =>
    inCluster({ nodes: "none", log }, (session) => inTurns(session, "memory", times, [measure], () => ({}))),
};

async function measure(session: Session, name: string): Promise<Sample> {
  const { client, cluster } = session;
  return await inNamespace(session, name, async (namespace) => {
    const empty = await startMeasuredOperator(cluster);
    await untilSettled(empty);
    const [rssEmpty, heapEmpty] = [await empty.rssMb(), await empty.heldMb()];
    await empty.stop();
    await inLanes(AGENTS, IN_FLIGHT, (index) => applyAgent(client, coreAgent(namespace, index, "0 0 1 1 *")));

    let start = performance.now();
    const first = await startMeasuredOperator(cluster);
    await untilLookedAt(first, AGENTS);
    const firstSeconds = (performance.now() - start) / 1000;
    await untilSettled(first);
    const rss = await first.rssMb();
    await first.stop();

    start = performance.now();
    const again = await startMeasuredOperator(cluster);
    const before = await again.requests();
    await untilLookedAt(again, AGENTS);
    const againSeconds = (performance.now() - start) / 1000;
    await untilSettled(again);
    const stalls = await stallsOf(again);
    const settled = await again.requests();
    const cpu = await measureCpu(cluster, again.process.pid);
    await sleep(REST_SECONDS * 1000);
    const { process: restSeconds } = await cpu();
    const rssAgain = await again.rssMb();
    const rested = await again.requests();
    const heap = await again.heldMb();
    await again.stop();
    return {
      rssEmpty,
      rss,
      rssAgain,
      perThousand: ((rssAgain - rssEmpty) * 1000) / AGENTS,
      heapEmpty,
      heap,
      heapPerThousand: ((heap - heapEmpty) * 1000) / AGENTS,
      firstSeconds,
      againSeconds,
      againWrites: settled.writes - before.writes,
      ...stalls,
      restCpu: restSeconds * 1000,
      restWrites: rested.writes - settled.writes,
    };
  });
}
