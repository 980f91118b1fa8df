import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import type { KubeClient } from "../../src/kube/client.ts";
import { loadConfig } from "../../src/kube/config.ts";
import { createKubeClient } from "../../src/kube/kube-client.ts";
import { podResource } from "../../src/kube/types-core.ts";
import type { SavedCursor } from "../../src/telemetry/log-cursor.ts";
import { streamOf } from "../../src/telemetry/log-stream.ts";
import { createReadLog, type ReadLines } from "../../src/telemetry/read-log.ts";
import { profiles } from "../../src/tools/profiles.ts";
import type { LineReader, ReaderState } from "../../src/tools/reader.ts";
import { busyboxImage } from "../cluster/node-images.ts";
import { apply, aNamespace, eventually, mustKubectl } from "../integration/support.ts";

// The image and the kubelet's settings are our own node's.
describe.skipIf(process.env["KUBECONFIG"])("the log of a container on a real node", () => {
  const namespace = aNamespace();
  let client: KubeClient;
  beforeAll(async () => {
    client = createKubeClient(await loadConfig({ kubeconfig: inject("cluster").kubeconfig }));
  });
  afterAll(() => client?.close());

  /** A Pod that runs a script, and who reads its log from a cursor, as a status keeps it. */
  const start = async (name: string, script: string) => {
    const container = { name: "agent", image: busyboxImage, command: ["sh", "-c", script] };
    const spec = { restartPolicy: "Never", terminationGracePeriodSeconds: 0, containers: [container] };
    await apply({ apiVersion: "v1", kind: "Pod", metadata: { namespace, name }, spec });
    const texts: string[] = [];
    // By reader and by its state: lines that only seemed to be new are read, too, by a reader that is given up.
    const textsOf = new WeakMap<object, string[]>();
    const tool = {
      createReader: (saved?: ReaderState): LineReader => {
        const reader = profiles.text.createReader(saved);
        const own = [...((saved && textsOf.get(saved)) ?? [])];
        const noting: LineReader = {
          ...reader,
          read: (line) => (own.push(line), reader.read(line)),
          state: () => {
            const state = reader.state();
            textsOf.set(state, own);
            return state;
          },
        };
        textsOf.set(noting, own);
        return noting;
      },
    };
    const readLog = createReadLog(client, { limitBytes: 64 * 1024 });
    let saved: SavedCursor | undefined;
    const counted = { lines: 0, errorLines: 0 };
    /** One read, of the Pod as it is now; undefined while there is nothing to read. */
    const read = async (): Promise<(ReadLines & { readonly hasEnded: boolean }) | undefined> => {
      const stream = streamOf(await client.get(podResource, { namespace, name }));
      if (stream === undefined) return undefined;
      const outcome = await readLog({ stream, saved, tool });
      if (!outcome.ok) throw new Error(outcome.message);
      saved = JSON.parse(JSON.stringify(outcome.cursor)) as SavedCursor;
      counted.lines += outcome.tally.lines;
      counted.errorLines += outcome.tally.errorLines;
      texts.push(...(textsOf.get(outcome.reader) ?? []));
      return { ...outcome, hasEnded: stream.hasEnded };
    };
    return {
      counted,
      texts,
      /** Reads on and on until so many lines were counted. */
      readUntil: (lines: number) =>
        eventually(async () => {
          await read();
          expect(counted.lines).toBe(lines);
        }),
      /** Reads on and on, as fast as the node answers, until the container has ended and nothing is left; gives how often. */
      readToEnd: async (): Promise<number> => {
        let reads = 0;
        await eventually(
          async () => {
            reads += 1;
            expect(await read()).toMatchObject({ hasEnded: true, isMore: false });
          },
          { timeoutMs: 120_000, everyMs: 0 },
        );
        return reads;
      },
      tell: (file: string) => mustKubectl(["-n", namespace, "exec", name, "--", "touch", `/tmp/${file}`]),
      shown: async () => (await mustKubectl(["-n", namespace, "logs", name])).trimEnd().split("\n"),
    };
  };

  it("is counted to the line while both streams are written at speed, long lines and an end without newline too (S5)", async () => {
    const most = 3000;
    const long = `awk 'BEGIN { for (i = 0; i < 20000; i++) printf "x "; print "long" }'`;
    const agent = await start(
      "talks",
      `count() { i=0; while [ $i -lt ${most} ]; do echo "$1 $i."; i=$((i+1)); [ $((i % 100)) = 0 ] && sleep 0.02; done; }
       count out & count "error: err" >&2 &
       for n in 1 2 3; do ${long}; sleep 0.1; done &
       wait; printf 'the end'`,
    );
    const reads = await agent.readToEnd();
    expect(reads).toBeGreaterThan(3);
    expect(agent.counted).toEqual({ lines: 2 * most + 3 + 1, errorLines: most });
    const all = agent.texts.join("\n");
    for (const stream of ["out", "err"]) {
      const numbers = [...all.matchAll(new RegExp(`${stream} (\\d+)\\.`, "g"))].map(([, number]) => Number(number));
      expect(numbers).toEqual(Array.from({ length: most }, (_, index) => index));
    }
    expect(agent.texts.at(-1)).toBe("the end");
  });

  it("goes on after a rotation: what was rotated away is not guessed, and nothing is counted twice", async () => {
    const padding = "p".repeat(80);
    const agent = await start(
      "rotates",
      `write() { i=$1; while [ $i -lt $2 ]; do echo "$i ${padding}"; i=$((i+1)); done; }
       upon() { until [ -e /tmp/$1 ]; do sleep 0.1; done; }
       write 0 5000; upon more; write 5000 11000; upon rotated; write 11000 11100; upon end; write 11100 11150`,
    );
    await agent.readUntil(5000);
    await agent.tell("more");
    await eventually(async () => expect((await agent.shown())[0]).not.toBe(`0 ${padding}`), { timeoutMs: 60_000 });
    await agent.tell("rotated");
    await eventually(async () => expect((await agent.shown()).at(-1)).toBe(`11099 ${padding}`));
    const left = await agent.shown();
    await agent.readUntil(5000 + left.length);
    expect(agent.texts.slice(5000)).toEqual(left);

    await agent.tell("end");
    await agent.readToEnd();
    expect(agent.counted.lines).toBe(5000 + left.length + 50);
    expect(new Set(agent.texts).size).toBe(agent.texts.length);
  });
});
