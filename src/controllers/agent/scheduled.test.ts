import { describe, expect, it } from "vitest";
import { anAgent, NOON, noonPlus, seenOf } from "../../../test/builders.ts";
import { aRun, hasBegun, over, waitsFor } from "../../../test/run-builders.ts";
import type { AgentSpec, AgentStatus } from "../../api/v1alpha1/agent.ts";
import { createFakeClock } from "../../runtime/fake-clock.ts";
import { runName } from "../../schedule/due.ts";
import type { StoredRun } from "../agent-run/observed.ts";
import { condition } from "../conditions.ts";
import { afterRefusal, type AgentPlan, decide } from "./decide.ts";
import type { Observed } from "./observed.ts";

const HOUR = 3_600_000;
const followed = (schedule: string, since = -86_400) => ({ schedule, timeZone: "Etc/UTC", since: noonPlus(since) });

/** A Core agent, hourly, followed since a day before noon and last handled at 11:00, unless told otherwise. */
function aCore(spec: Partial<AgentSpec> = {}, status: Partial<AgentStatus> | "new" = {}): Observed["agent"] {
  const schedule = spec.schedule ?? "0 * * * *";
  return anAgent({
    name: "sync",
    spec: { layer: "Core", schedule, ...spec },
    ...(status === "new"
      ? {}
      : { status: { timetable: followed(schedule), lastScheduleTime: noonPlus(-3600), ...status } }),
  });
}

/** The run of an occurrence, so many seconds from noon. */
function occurrenceRun(seconds: number, parts: Parameters<typeof aRun>[0] = {}): StoredRun {
  const time = NOON + seconds * 1000;
  const name = runName("sync", time);
  return aRun({ name, agent: "sync", spec: { trigger: "Schedule", scheduledTime: noonPlus(seconds) }, ...parts });
}

const decided = (agent: Observed["agent"], now = NOON, runs: readonly StoredRun[] = []) =>
  decide(seenOf(agent, [], { runs }), now);
const acts = (plan: AgentPlan) => plan.acts.map(({ act }) => act);
const created = (plan: AgentPlan) =>
  plan.acts.flatMap((act) => (act.act === "create-run" ? [act.run.metadata.name] : []));
const deleted = (plan: AgentPlan) => plan.acts.flatMap((act) => (act.act === "delete-run" ? [act.run.name] : []));

describe("an occurrence", () => {
  it("makes one run named after its minute, and stands in the status (K3)", () => {
    const plan = decided(aCore());
    expect(acts(plan)).toEqual(["create-run"]);
    expect(plan.acts[0]).toMatchObject({
      run: {
        metadata: { name: `sync-${NOON / 60_000}`, ownerReferences: [{ uid: "uid-sync", controller: true }] },
        spec: { agentRef: { name: "sync" }, trigger: "Schedule", scheduledTime: noonPlus(0) },
      },
    });
    expect(plan.status).toMatchObject({ lastScheduleTime: noonPlus(0), nextRunTime: noonPlus(3600) });
    expect(plan.wakeAt).toBe(NOON + HOUR);
    expect(plan.status.skippedRuns).toBeUndefined();
  });

  it("is not there before its time, and not again after it (K3)", () => {
    expect(decided(aCore(), NOON - 1)).toMatchObject({ acts: [], wakeAt: NOON });
    const { status } = decided(aCore());
    expect(decided(aCore({}, status), NOON + 1000)).toMatchObject({ acts: [], wakeAt: NOON + HOUR });
  });

  it("that has its run already, from before a crash, is neither made again nor counted as missed (K3)", () => {
    const plan = decided(aCore(), NOON + 100, [occurrenceRun(0, { status: hasBegun() })]);
    expect(plan.acts).toEqual([]);
    expect(plan.status).toMatchObject({ lastScheduleTime: noonPlus(0) });
    expect(plan.status.skippedRuns).toBeUndefined();
    // An hour later, before anybody wrote the status: noon ran, so nothing was missed.
    const later = decided(aCore(), NOON + HOUR, [occurrenceRun(0, { status: over() })]);
    expect(created(later)).toEqual([runName("sync", NOON + HOUR)]);
    expect(later.status.skippedRuns).toBeUndefined();
  });

  it("is not taken for made by a run of another name that only says so", () => {
    const impostor = aRun({ name: "x", agent: "sync", spec: { trigger: "Schedule", scheduledTime: noonPlus(0) } });
    expect(created(decided(aCore({ concurrencyPolicy: "Allow" }), NOON, [impostor]))).toHaveLength(1);
  });

  it("that comes late is made only if the agent is still what the cache shows", () => {
    expect(acts(decided(aCore(), NOON + 60_000))).toEqual(["confirm-agent", "create-run"]);
  });
});

describe("after downtime (K4)", () => {
  it("only the most recent missed occurrence runs, and the others are counted", () => {
    const plan = decided(aCore(), NOON + 3.5 * HOUR);
    expect(created(plan)).toEqual([runName("sync", NOON + 3 * HOUR)]);
    expect(plan.status).toMatchObject({
      lastScheduleTime: noonPlus(3 * 3600),
      skippedRuns: { total: 3, last: { time: noonPlus(2 * 3600), reason: "Missed" } },
    });
  });

  it("says in one event how many did not run, and nothing where none was missed", () => {
    const { events } = decided(aCore({}, { conditions: [] }), NOON + 3.5 * HOUR);
    expect(events).toMatchObject([
      {
        type: "Warning",
        reason: "OccurrenceSkipped",
        note: expect.stringMatching(/^3 occurrences did not run/) as string,
      },
    ]);
    expect(decided(aCore()).events).toEqual([]);
  });

  it("none runs whose deadline is over, and all are counted", () => {
    const plan = decided(aCore({ startingDeadlineSeconds: 600 }), NOON + 3.5 * HOUR);
    expect(created(plan)).toEqual([]);
    expect(plan.status).toMatchObject({
      skippedRuns: { total: 4, last: { time: noonPlus(3 * 3600), reason: "Missed" } },
      nextRunTime: noonPlus(4 * 3600),
    });
  });

  it("occurrences that have their runs are not counted among the missed", () => {
    const runs = [occurrenceRun(0, { status: over() }), occurrenceRun(2 * 3600, { status: over() })];
    const plan = decided(aCore(), NOON + 3.5 * HOUR, runs);
    expect(plan.status.skippedRuns).toEqual({ total: 1, last: { time: noonPlus(3600), reason: "Missed" } });
    const late = decided(aCore({ startingDeadlineSeconds: 600 }), NOON + 2.5 * HOUR, runs);
    expect(late.status.skippedRuns).toEqual({ total: 1, last: { time: noonPlus(3600), reason: "Missed" } });
  });

  it("a crash after the run of the latest and before the status loses no count of the others", () => {
    const plan = decided(aCore(), NOON + 3.5 * HOUR, [occurrenceRun(3 * 3600, { status: hasBegun() })]);
    expect(plan.acts).toEqual([]);
    expect(plan.status.skippedRuns).toEqual({ total: 3, last: { time: noonPlus(7200), reason: "Missed" } });
  });

  it("counts on from what was skipped before", () => {
    const before = { total: 7, last: { time: noonPlus(-7200), reason: "StillRunning" } };
    expect(decided(aCore({}, { skippedRuns: before }), NOON + HOUR).status.skippedRuns?.total).toBe(8);
  });

  it("a new agent's occurrences since its creation are not lost, and none before it is made up", () => {
    expect(created(decided(aCore({}, "new"), NOON + 10 * 60_000))).toEqual([runName("sync", NOON)]);
    const young = aCore({ schedule: "0 10 * * *" }, "new");
    expect(decided(young, NOON)).toMatchObject({ acts: [], status: { timetable: { since: noonPlus(-3600) } } });
  });

  it("suspended time is not caught up, nor is that before a change of the schedule", () => {
    const suspended = decided(aCore({ suspend: true }), NOON);
    expect(suspended.acts).toEqual([]);
    expect(condition(suspended.status.conditions, "Ready")?.reason).toBe("Suspended");
    expect(suspended.status.nextRunTime).toBeUndefined();
    const resumed = decided({ ...aCore(), status: suspended.status }, NOON + 2.5 * HOUR);
    expect(resumed).toMatchObject({ acts: [], wakeAt: NOON + 3 * HOUR });
    expect(resumed.status.skippedRuns).toBeUndefined();

    const changed = aCore({ schedule: "30 * * * *" }, { timetable: followed("0 * * * *") });
    expect(decided(changed, NOON)).toMatchObject({ acts: [], wakeAt: NOON + HOUR / 2 });
    const moved = aCore({ timeZone: "Asia/Kathmandu" });
    expect(decided(moved, NOON)).toMatchObject({ acts: [], wakeAt: NOON + HOUR / 4 });
  });

  it("an occurrence whose run the API server refused is tried again, not forgotten", () => {
    const agent = aCore({}, "new");
    const first = decided(agent, NOON);
    const kept = { ...agent, status: { observedGeneration: -1, timetable: first.status.timetable! } };
    const refused = afterRefusal(
      seenOf(kept),
      { reason: "QuotaExceeded", message: "exceeded quota", needsHuman: false },
      NOON,
    );
    expect(refused.wakeAt).toBe(NOON + 60_000);
    expect(condition(refused.status.conditions, "Ready")?.reason).toBe("QuotaExceeded");
    expect(created(decided({ ...agent, status: refused.status }, NOON + 60_000))).toEqual([runName("sync", NOON)]);
  });
});

describe("an occurrence while an earlier run goes on (K5)", () => {
  const going = occurrenceRun(-3600, { status: hasBegun() });
  const waiting = occurrenceRun(-3600, { status: waitsFor("ConcurrencyLimit") });
  const ended = occurrenceRun(-3600, { status: over() });
  const stopping = occurrenceRun(-3600, { status: hasBegun(), deletionTimestamp: noonPlus(-1) });

  it.each([
    ["Forbid", "runs", going],
    ["Forbid", "waits", waiting],
  ] as const)("is skipped by %s while one %s, and says so", (concurrencyPolicy, _, run) => {
    const plan = decided(aCore({ concurrencyPolicy }), NOON, [run]);
    expect(plan.acts).toEqual([]);
    expect(plan.status).toMatchObject({
      lastScheduleTime: noonPlus(0),
      skippedRuns: { total: 1, last: { time: noonPlus(0), reason: "StillRunning" } },
    });
    expect(plan.events).toMatchObject([{ reason: "OccurrenceSkipped" }]);
  });

  it.each([
    ["Forbid", "ended", ended, []],
    ["Forbid", "is stopping", stopping, []],
    ["Allow", "runs", going, []],
    ["Replace", "runs", going, [going.metadata.name]],
    ["Replace", "waits", waiting, [waiting.metadata.name]],
    ["Replace", "ended", ended, []],
    ["Replace", "is stopping already", stopping, []],
  ] as const)("makes its run by %s while one %s", (concurrencyPolicy, _, run, goes) => {
    const plan = decided(aCore({ concurrencyPolicy }), NOON, [run]);
    expect(created(plan)).toEqual([runName("sync", NOON)]);
    expect(deleted(plan)).toEqual(goes);
  });

  it("by Replace stops the old one first, and in the foreground, so that the new one can wait for its end", () => {
    const plan = decided(aCore({ concurrencyPolicy: "Replace" }), NOON, [going]);
    expect(acts(plan)).toEqual(["delete-run", "create-run"]);
    expect(plan.acts[0]).toMatchObject({ propagation: "Foreground" });
  });
});

describe("a schedule that can never run (K1)", () => {
  it.each([
    ["0 3 * * * *", "Etc/UTC", /^spec\.schedule: .*"0 3 \* \* \* \*".*/],
    ["H 3 * * *", "Etc/UTC", /"H 3 \* \* \*"/],
    ["@every 5m", "Etc/UTC", /"@every 5m"/],
    ["0 0 31 2 *", "Etc/UTC", /never fires/],
    ["0 3 * * *", "Mars/Olympus", /Mars\/Olympus/],
  ])(
    "%s in %s is Stalled, names the text and the reason, and runs what is asked for all the same",
    (schedule, timeZone, message) => {
      const agent = aCore({ schedule, timeZone }, { nextRunTime: noonPlus(60) });
      const annotations = { "darkfactory.dev/run-requested-at": "now" };
      const plan = decided({ ...agent, metadata: { ...agent.metadata, annotations } });
      const [ready, stalled] = plan.status.conditions ?? [];
      expect(ready).toMatchObject({ type: "Ready", status: "False", reason: "InvalidSchedule" });
      expect(stalled).toMatchObject({ type: "Stalled", status: "True", reason: "InvalidSchedule" });
      expect(ready?.message).toMatch(message);
      expect(acts(plan)).toEqual(["confirm-agent", "create-run"]);
      expect(plan.status.nextRunTime).toBeUndefined();
      expect(plan.status.timetable).toBeUndefined();
      expect(plan.wakeAt).toBeUndefined();
      // Mended, it is followed from then on.
      expect(decided({ ...aCore(), status: plan.status }, NOON).acts).toEqual([]);
    },
  );
});

describe("a clock that jumps", () => {
  it("back an hour makes nothing twice, and forward a day one run of the latest occurrence (K3, K4)", () => {
    const clock = createFakeClock(NOON);
    const runs: StoredRun[] = [];
    let agent = aCore();
    const look = (): readonly string[] => {
      const plan = decided(agent, clock.now(), runs);
      agent = { ...agent, status: plan.status };
      for (const act of plan.acts) {
        if (act.act !== "create-run") continue;
        const { name } = act.run.metadata;
        runs.push(aRun({ name, agent: "sync", spec: act.run.spec, status: over() }));
      }
      return created(plan);
    };
    expect(look()).toEqual([runName("sync", NOON)]);
    clock.jump(-HOUR);
    expect(look()).toEqual([]);
    clock.advance(HOUR - 1);
    expect(look()).toEqual([]);
    clock.advance(HOUR + 1);
    expect(look()).toEqual([runName("sync", NOON + HOUR)]);
    clock.jump(24 * HOUR);
    expect(look()).toEqual([runName("sync", NOON + 25 * HOUR)]);
    expect(agent.status?.skippedRuns).toEqual({ total: 23, last: { time: noonPlus(24 * 3600), reason: "Missed" } });
    clock.jump(-24 * HOUR);
    for (let hour = 0; hour < 24; hour++) {
      clock.advance(HOUR);
      expect(look()).toEqual([]);
    }
    clock.advance(HOUR);
    expect(look()).toEqual([runName("sync", NOON + 26 * HOUR)]);
  });
});
