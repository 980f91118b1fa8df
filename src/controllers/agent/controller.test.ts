import { expect, it } from "vitest";
import { anAgent, NOON, noonPlus } from "../../../test/builders.ts";
import { obedientServer, watchParts } from "../../../test/obedient-server.ts";
import { over } from "../../../test/run-builders.ts";
import { createFakeClock } from "../../runtime/fake-clock.ts";
import { recordingLogger } from "../../runtime/testing.ts";
import { runName } from "../../schedule/due.ts";
import { createAgentController } from "./controller.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** How late a clock that was set forward may be noticed (runtime/delayed-keys.ts). */
const NOTICED_MS = 10_000;

/** The controller of agents, one at a time, as it sees and changes what this server has. */
const controllerOn = (server: ReturnType<typeof obedientServer>, clock: ReturnType<typeof createFakeClock>) =>
  createAgentController({
    ...server,
    ...watchParts(server, clock),
    name: "agent",
    events: { event: () => undefined, flush: () => Promise.resolve() },
    clock,
    logger: recordingLogger().logger,
    workers: 1,
    images: {},
  });

it("a clock that is set back an hour, then forward a day, fires each occurrence once and the latest missed one (K3, K4)", async () => {
  const server = obedientServer();
  const { caches, put } = server;
  const clock = createFakeClock(NOON - 1);
  const controller = controllerOn(server, clock);
  caches.runs.onEvent({
    added: (run) => put("agentruns", { ...run, status: { observedGeneration: 1, ...over() } }),
  });
  put(
    "agents",
    anAgent({
      name: "sync",
      spec: { layer: "Core", schedule: "0 * * * *" },
      status: {
        timetable: { schedule: "0 * * * *", timeZone: "Etc/UTC", since: noonPlus(-86_400) },
        lastScheduleTime: noonPlus(-3600),
      },
    }),
  );
  controller.start();
  let seen = 0;
  /** The runs that were made within so many milliseconds. */
  const madeIn = async (ms: number): Promise<readonly string[]> => {
    await clock.advanceAndSettle(ms);
    const made = server.tries.filter((what) => what.startsWith("create agentruns/"));
    return made.slice(seen, (seen = made.length)).map((what) => what.split("/")[1] ?? "");
  };

  expect(await madeIn(0)).toEqual([]);
  expect(await madeIn(1)).toEqual([runName("sync", NOON)]);
  clock.jump(-HOUR);
  // 11:00 to 12:59 by the clock: noon comes a second time.
  expect(await madeIn(2 * HOUR - 1)).toEqual([]);
  expect(await madeIn(NOTICED_MS)).toEqual([runName("sync", NOON + HOUR)]);
  clock.jump(DAY);
  expect(await madeIn(NOTICED_MS)).toEqual([runName("sync", NOON + HOUR + DAY)]);
  expect(caches.agents.list()[0]?.status?.skippedRuns).toEqual({
    total: 23,
    last: { time: noonPlus(24 * 3600), reason: "Missed" },
  });
  clock.jump(-DAY);
  expect(await madeIn(DAY)).toEqual([]);
  expect(await madeIn(HOUR)).toEqual([runName("sync", NOON + 2 * HOUR + DAY)]);
});

it.each([
  ["is suspended by now", true, []],
  ["has changed otherwise", false, [`create agentruns/${runName("sync", NOON)}`]],
])(
  "a late occurrence of an agent that %s is decided anew on what the cache shows then, not before",
  async (_, suspend, made) => {
    const server = obedientServer();
    const clock = createFakeClock(NOON + 60_000);
    const timetable = { schedule: "0 * * * *", timeZone: "Etc/UTC", since: noonPlus(-86_400) };
    const agent = (spec: { readonly suspend: boolean }) =>
      anAgent({
        name: "sync",
        spec: { layer: "Core", schedule: "0 * * * *", ...spec },
        status: { observedGeneration: 1, timetable, lastScheduleTime: noonPlus(-3600) },
      });
    let isBehind = true;
    const get = async (...[type, ref]: Parameters<typeof server.client.get>) => {
      const found = await server.client.get(type, ref);
      const resourceVersion = String(Number(found.metadata.resourceVersion) + 1);
      return isBehind ? { ...found, metadata: { ...found.metadata, resourceVersion } } : found;
    };
    const client = { ...server.client, get: get as typeof server.client.get };
    const controller = controllerOn({ ...server, client }, clock);
    server.put("agents", agent({ suspend: false }));
    controller.start();
    await clock.advanceAndSettle(1000);
    expect(server.tries).toEqual([]);

    isBehind = false;
    server.put("agents", agent({ suspend }));
    await clock.advanceAndSettle(1000);
    expect(server.tries.filter((what) => what.startsWith("create"))).toEqual(made);
  },
);
