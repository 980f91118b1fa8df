import { beforeAll, describe, expect, inject, it } from "vitest";
import type { KubeClient } from "../../src/kube/client.ts";
import { podResource } from "../../src/kube/types-core.ts";
import type { SavedCursor } from "../../src/telemetry/log-cursor.ts";
import { streamOf, type LogStream } from "../../src/telemetry/log-stream.ts";
import { createReadLog, type ReadLog } from "../../src/telemetry/read-log.ts";
import { profiles } from "../../src/tools/profiles.ts";
import { openCluster, type Cluster } from "../cluster/cluster.ts";
import { aFaultyWay } from "../faults/for-tests.ts";
import type { Fault } from "../faults/plan.ts";
import { seededRandom } from "../seeded.ts";
import { stampAt } from "../kubelet-log.ts";
import { apply, aNamespace, eventually, mustKubectl } from "./support.ts";

const namespace = aNamespace();
const way = aFaultyWay();

// Simulated Pods get their logs from files of our own cluster.
describe.skipIf(process.env["KUBECONFIG"])("the log of a simulated Pod", () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await openCluster(inject("cluster").name ?? "");
  });

  interface Line {
    readonly text: string;
    readonly time: string;
  }

  /** A Pod whose container runs, its log, and what of it was counted. */
  const start = async (name: string, first: readonly Line[]) => {
    let lines = first;
    await cluster.writePodLog({ namespace, name }, lines);
    await startPod(name);
    const stream = await running(name);
    await eventually(async () =>
      expect(await mustKubectl(["-n", namespace, "logs", name])).toContain(`${first[0]?.text}\n`),
    );
    let saved: SavedCursor | undefined;
    const counted = { lines: 0, errorLines: 0 };
    return {
      counted,
      written: () => lines,
      write: async (more: readonly Line[]) => {
        lines = [...lines, ...more];
        await cluster.writePodLog({ namespace, name }, lines);
      },
      rotate: async (more: readonly Line[]) => {
        await cluster.writePodLog({ namespace, name }, more);
      },
      read: async (readLog: ReadLog, hasEnded = false) => {
        const outcome = await readLog({ stream: { ...stream, hasEnded }, saved, tool: profiles.text });
        if (!outcome.ok) return outcome;
        saved = JSON.parse(JSON.stringify(outcome.cursor)) as SavedCursor;
        counted.lines += outcome.tally.lines;
        counted.errorLines += outcome.tally.errorLines;
        return outcome;
      },
    };
  };

  it("is counted to the line while it grows, through cuts, hangs and errors on the way (S5)", async () => {
    const random = seededRandom();
    const readLog = createReadLog(await way.client(), { deadlineMs: 5000, limitBytes: 4096 });
    let failures = 0;
    let broken = 0;
    const life = async (name: string): Promise<void> => {
      const clock = aLogClock(random);
      const agent = await start(name, linesOf(clock, 3));
      for (let round = 0; round < 25; round++) {
        await agent.write(linesOf(clock, Math.floor(random() * 12)));
        const outcome = await agent.read(readLog);
        if (!outcome.ok) failures += 1;
        else if (outcome.failure !== undefined) broken += 1;
      }
      await eventually(async () => expect(await agent.read(readLog, true)).toMatchObject({ ok: true, isMore: false }), {
        timeoutMs: 120_000,
      });
      const written = agent.written();
      expect(agent.counted).toEqual({
        lines: written.length,
        errorLines: written.filter(({ text }) => text.startsWith("error")).length,
      });
    };
    const agents = Array.from({ length: 4 }, (_, index) => `grows-${index}`);
    way.proxy.plan((call) => (call.subresource === "log" && random() < 0.4 ? aFault(random) : undefined));
    await Promise.all(agents.map(life));
    // The plan was hard enough to mean something.
    expect(failures).toBeGreaterThan(5);
    expect(broken).toBeGreaterThan(0);
  }, 240_000);

  it("is asked for again at its end: what breaks off behind the API server looks whole", async () => {
    const readLog = createReadLog(await way.client());
    const agent = await start(
      "breaks",
      linesOf(
        aLogClock(() => 0.5),
        30,
      ),
    );
    way.proxy.plan({ subresource: "log", fault: { fault: "end-answer", afterBytes: 900, how: "in-order" } });
    expect(await agent.read(readLog, true)).toMatchObject({ ok: true, isMore: false });
    expect(agent.counted.lines).toBe(30);
  });

  it("goes on where it was rotated, and counts nothing of it twice", async () => {
    const readLog = createReadLog(way.direct);
    const clock = aLogClock(() => 0.5);
    const agent = await start("rotates", linesOf(clock, 20));
    await agent.read(readLog);
    await agent.write(linesOf(clock, 5));
    await agent.rotate(linesOf(clock, 7));
    await agent.read(readLog);
    await agent.read(readLog, true);
    expect(agent.counted.lines).toBe(27);
  });

  it("is gone with its Pod, and only with it", async () => {
    const readLog = createReadLog(way.direct);
    const agent = await start(
      "leaves",
      linesOf(
        aLogClock(() => 0.5),
        2,
      ),
    );
    expect(await agent.read(readLog)).toMatchObject({ ok: true });
    await mustKubectl(["-n", namespace, "delete", "pod", "leaves", "--wait", "--force", "--grace-period=0"]);
    expect(await agent.read(readLog)).toEqual({
      ok: false,
      isGone: true,
      message: expect.stringContaining('pods "leaves" not found'),
    });

    await startPod("waits", { nodeSelector: { "darkfactory.dev/none": "such" } });
    const stream = { namespace, pod: "waits", container: "uid/0", hasEnded: false };
    const outcome = await readLog({ stream, saved: undefined, tool: profiles.text });
    expect(outcome).toMatchObject({ ok: false, isGone: false });
  });
});

describe("the log of a Pod whose API server is out of reach", () => {
  it("is not read, and is not gone", async () => {
    const client: KubeClient = await way.client();
    const readLog = createReadLog(client, { deadlineMs: 500 });
    const stream = { namespace, pod: "any", container: "uid/0", hasEnded: false };
    way.proxy.plan({ subresource: "log", nth: "every", fault: { fault: "hang" } });
    const hanging = await readLog({ stream, saved: undefined, tool: profiles.text });
    expect(hanging).toMatchObject({ ok: false, isGone: false, message: expect.stringContaining("500 ms") });
    await way.proxy.unplug();
    // By a reader that waits: on a busy machine half a second may be over before a refusal is heard.
    const refused = await createReadLog(client)({ stream, saved: undefined, tool: profiles.text });
    await way.proxy.plugIn();
    expect(refused).toMatchObject({ ok: false, isGone: false, message: expect.stringContaining("ECONNREFUSED") });
  });
});

async function startPod(name: string, spec: object = {}): Promise<void> {
  const container = { name: "agent", image: "kr.local/text:1" };
  await apply({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { namespace, name },
    spec: { containers: [container], ...spec },
  });
}

const running = (name: string): Promise<LogStream> =>
  eventually(async () => {
    const stream = streamOf(await way.direct.get(podResource, { namespace, name }));
    if (stream === undefined) throw new Error(`${name} does not run yet`);
    return stream;
  });

/** Stamps of a log: often equal, at times a moment earlier than the one before, at times seconds later. */
function aLogClock(random: () => number): () => string {
  let now = 0n;
  return () => {
    now += BigInt([0, 0, 1, 250_000, 40_000_000, 1_300_000_000][Math.floor(random() * 6)] ?? 0);
    return stampAt(now + 1_000_000_000n - BigInt(random() < 0.2 ? Math.floor(random() * 300_000_000) : 0));
  };
}

function linesOf(clock: () => string, count: number): { readonly text: string; readonly time: string }[] {
  return Array.from({ length: count }, (_, index) => ({
    time: clock(),
    text: index % 3 === 0 ? `error: number ${index}` : `working on ${index} … ünd so weiter`,
  }));
}

function aFault(random: () => number): Fault {
  const afterBytes = Math.floor(random() * 2000);
  const faults: readonly Fault[] = [
    { fault: "end-answer", afterBytes, how: "cut" },
    { fault: "end-answer", afterBytes, how: "cut" },
    { fault: "end-answer", afterBytes, how: "cut" },
    { fault: "answer", code: 500 },
    { fault: "answer", code: 503 },
    { fault: "lose-answer" },
    { fault: "cut" },
    random() < 0.2 ? { fault: "hang" } : { fault: "delay", ms: 20 },
  ];
  return faults[Math.floor(random() * faults.length)] ?? { fault: "cut" };
}
