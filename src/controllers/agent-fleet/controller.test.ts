import { expect, it } from "vitest";
import { aFleet, NOON } from "../../../test/builders.ts";
import { obedientServer, watchParts } from "../../../test/obedient-server.ts";
import { createFakeClock } from "../../runtime/fake-clock.ts";
import { recordingLogger } from "../../runtime/testing.ts";
import { createAgentFleetController } from "./controller.ts";

const MINUTE = 60_000;

it.each([
  [422, "InvalidSpec"],
  [403, "Forbidden"],
] as const)(
  "an entry that admission refuses with %i is tried again by itself, ever less often up to each five minutes (F5)",
  async (code, reason) => {
    const server = obedientServer();
    const clock = createFakeClock(NOON);
    const controller = createAgentFleetController({
      ...server,
      ...watchParts(server, clock),
      name: "agent-fleet",
      events: { event: () => undefined, flush: () => Promise.resolve() },
      clock,
      logger: recordingLogger().logger,
      workers: 1,
    });
    server.refuse(code);
    server.put("agentfleets", aFleet({ spec: { agents: [{ name: "a", layer: "Growth", tool: "claude" }] } }));
    controller.start();
    const triedIn = async (minutes: number): Promise<readonly number[]> => {
      const tries = () => server.tries.filter((what) => what === "apply agents/a").length;
      const found: number[] = [];
      for (let minute = 1; minute <= minutes; minute++) {
        const before = tries();
        await clock.advanceAndSettle(MINUTE);
        if (tries() > before) found.push(minute);
      }
      return found;
    };
    await clock.advanceAndSettle(1000);
    expect(server.caches.fleets.list()[0]?.status?.invalidAgents).toMatchObject([{ name: "a", reason }]);
    expect(await triedIn(18)).toEqual([1, 3, 7, 12, 17]);

    server.refuse(undefined);
    expect(await triedIn(30)).toEqual([4]);
    expect(server.caches.agents.list().map(({ metadata }) => metadata.name)).toEqual(["a"]);
    expect(server.caches.fleets.list()[0]?.status).not.toHaveProperty("invalidAgents");
  },
);
