import { describe, expect, test } from "vitest";
import { TransportError } from "../kube/errors.ts";
import type { ReflectorState } from "../kube/reflector-contract.ts";
import { createFakeClock, type FakeClock, settle } from "./fake-clock.ts";
import { createManager, type ManagerOptions } from "./manager.ts";
import { fedInformer, recordingLogger } from "./testing.ts";

/** A manager whose parts write down what is asked of them. */
function setUp(options: Partial<ManagerOptions> = {}) {
  const clock = createFakeClock();
  const { logger, lines } = recordingLogger();
  const order: string[] = [];
  const { informer, sink } = fedInformer();
  const campaign = Promise.withResolvers<boolean>();
  const drained = Promise.withResolvers<void>();
  const state: { lastError?: Error } = {};
  const manager = createManager({
    clock,
    logger,
    http: {
      listen: () => Promise.resolve(void order.push("http listens")),
      close: () => Promise.resolve(void order.push("http closed")),
    },
    informers: [
      {
        ...informer,
        hasSynced: () => informer.hasSynced(),
        reflectorState: () => state as ReflectorState,
        run: (signal) =>
          new Promise((resolve) => {
            order.push("cache reads");
            signal.addEventListener("abort", () => {
              order.push("cache ended");
              resolve();
            });
          }),
      },
    ],
    election: {
      campaign: () => {
        order.push("campaign");
        return campaign.promise;
      },
      stop: () => {
        order.push("lease released");
        campaign.resolve(false);
        return Promise.resolve();
      },
    },
    controllers: [
      {
        name: "widget",
        start: () => void order.push("controller started"),
        stop: async (graceMs) => {
          order.push(`controller stops within ${graceMs} ms`);
          if (graceMs > 0) await drained.promise;
        },
      },
    ],
    flush: () => Promise.resolve(void order.push("events flushed")),
    ...options,
  });
  const ended = manager.run();
  return { manager, ended, clock, lines, order, sink, campaign, drained, state };
}

/** Passes so many seconds, and gives those of them in which a warning came. */
async function secondsOfWarnings(
  lines: readonly Record<string, unknown>[],
  clock: FakeClock,
  seconds: number,
): Promise<readonly number[]> {
  const warned = () => lines.filter(({ level }) => level === "warn").length;
  const found: number[] = [];
  for (let second = 1; second <= seconds; second++) {
    const before = warned();
    await clock.advanceAndSettle(1_000);
    if (warned() > before) found.push(second);
  }
  return found;
}

describe("the manager", () => {
  test("starts its parts in order, each when the one before is ready", async () => {
    const { order, sink, campaign, lines } = setUp();
    await settle();
    expect(order).toEqual(["http listens", "cache reads"]);
    sink.replace([], "1");
    await settle();
    expect(order.slice(2)).toEqual(["campaign"]);
    campaign.resolve(true);
    await settle();
    expect(order.slice(3)).toEqual(["controller started"]);
    expect(lines.at(-1)).toMatchObject({ msg: "controllers started" });
  });

  const cannotReach = (message: string) =>
    new TransportError("unsent", { method: "GET", path: "/api/v1/pods" }, message);

  test("says what it waits for, ever less often up to once a minute, and goes on when it is there", async () => {
    const { state, lines, clock, sink, order } = setUp();
    state.lastError = cannotReach("connect ECONNREFUSED");
    const said = await secondsOfWarnings(lines, clock, 300);
    expect(said).toEqual([5, 10, 20, 40, 80, 140, 200, 260]);
    expect(lines.at(-1)?.["msg"]).toBe("waiting at the start: the API server cannot be reached: connect ECONNREFUSED");
    sink.replace([], "1");
    await settle();
    expect(order).toContain("campaign");
    expect(await secondsOfWarnings(lines, clock, 300)).toEqual([]);
  });

  test("says soon that it waits for something else", async () => {
    const { state, lines, clock } = setUp();
    state.lastError = cannotReach("connect ECONNREFUSED");
    expect(await secondsOfWarnings(lines, clock, 150)).toHaveLength(6);
    state.lastError = cannotReach("connect ETIMEDOUT");
    expect(await secondsOfWarnings(lines, clock, 20)).toEqual([5, 10, 20]);
  });

  test("says all that it waits for in one line", async () => {
    const { informer } = fedInformer();
    const unsynced = (error: Error): ManagerOptions["informers"][number] => ({
      ...informer,
      run: () => new Promise(() => undefined),
      reflectorState: () => ({ lastError: error }) as ReflectorState,
    });
    const informers = [unsynced(cannotReach("first")), unsynced(cannotReach("second"))];
    const { lines, clock } = setUp({ informers });
    await clock.advanceAndSettle(5_000);
    const warnings = lines.filter(({ level }) => level === "warn").map(({ msg }) => msg);
    expect(warnings).toEqual([
      "waiting at the start: the API server cannot be reached: first; the API server cannot be reached: second",
    ]);
  });

  test("does nothing before a gate is passed, and says what is wrong", async () => {
    const passed = Promise.withResolvers<void>();
    const gate = { run: () => passed.promise, whenPassed: () => passed.promise, problem: () => "the CRDs are older" };
    const { order, sink, clock, lines } = setUp({ gates: [gate] });
    sink.replace([], "1");
    await clock.advanceAndSettle(5_000);
    expect(order).not.toContain("campaign");
    expect(lines.at(-1)).toMatchObject({ level: "warn", msg: "waiting at the start: the CRDs are older" });
    passed.resolve();
    await settle();
    expect(order).toContain("campaign");
  });

  test("stops its parts in order, once what is in hand is done (O2)", async () => {
    const { manager, ended, order, sink, campaign, drained } = setUp();
    sink.replace([], "1");
    campaign.resolve(true);
    await settle();
    order.length = 0;
    manager.stop("SIGTERM");
    await settle();
    expect(order).toEqual(["controller stops within 30000 ms"]);
    drained.resolve();
    expect(await ended).toBe(0);
    expect(order.slice(1)).toEqual(["cache ended", "events flushed", "lease released", "http closed"]);
  });

  test("can be stopped while its caches are not filled", async () => {
    const { manager, ended, order, drained, clock } = setUp();
    await settle();
    drained.resolve();
    manager.stop("SIGTERM");
    expect(await ended).toBe(0);
    expect(order).not.toContain("campaign");
    expect(clock.pending).toBe(0);
  });

  test("can be stopped while it stands by, and then starts no controller", async () => {
    const { manager, ended, order, sink, drained } = setUp();
    sink.replace([], "1");
    await settle();
    drained.resolve();
    manager.stop("SIGTERM");
    expect(await ended).toBe(0);
    expect(order).not.toContain("controller started");
  });

  test("ends with 1 and without grace when the leadership is lost (O1)", async () => {
    const { manager, ended, order, sink, campaign } = setUp();
    sink.replace([], "1");
    campaign.resolve(true);
    await settle();
    manager.fail("the lease is lost");
    expect(await ended).toBe(1);
    expect(order).toContain("controller stops within 0 ms");
    expect(order, "the fence would refuse them").not.toContain("events flushed");
    expect(order).not.toContain("controller stops within 30000 ms");
  });

  test("cuts a stop short when the leadership is lost meanwhile", async () => {
    const { manager, order, sink, campaign, ended, drained } = setUp();
    sink.replace([], "1");
    campaign.resolve(true);
    await settle();
    manager.stop("SIGTERM");
    await settle();
    manager.fail("the lease is lost");
    await settle();
    expect(order.slice(-2)).toEqual(["controller stops within 30000 ms", "controller stops within 0 ms"]);
    drained.resolve();
    expect(await ended).toBe(1);
  });

  test("ends with 1 when its address is taken", async () => {
    const http = { listen: () => Promise.reject(new Error("EADDRINUSE")), close: () => Promise.resolve() };
    const { ended, lines, drained } = setUp({ http });
    drained.resolve();
    expect(await ended).toBe(1);
    expect(lines).toContainEqual(expect.objectContaining({ level: "error", msg: "could not start" }));
    expect(lines[0]).toMatchObject({ level: "error", err: { message: "EADDRINUSE" } });
  });
});
