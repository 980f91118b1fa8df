import { describe, expect, it } from "vitest";
import { anAgent, aPodOf, NOON, noonPlus, seenOf, stopping } from "../../../test/builders.ts";
import { counts } from "../../../test/drift-counts.ts";
import { evidenceOf } from "../../../test/plans.ts";
import { aRun, growthAgent, hasBegun, over } from "../../../test/run-builders.ts";
import type { AgentStatus } from "../../api/v1alpha1/agent.ts";
import { nightwatchDefaults } from "../../api/v1alpha1/nightwatch.ts";
import { condition } from "../conditions.ts";
import { decide } from "./decide.ts";
import type { Evidence, Observed, StormView } from "./observed.ts";

const window = { level: "Normal" as const, samples: 0, windowStart: noonPlus(-3000) };
const none = { action: "None" as const, total: 0 };

const evidence = (lines: number, errorLines: number, more: Partial<Evidence> = {}): Evidence =>
  evidenceOf({ lines, errorLines }, more);

function sentinel(given: Evidence, status: Partial<AgentStatus> = {}, more: Partial<Observed> = {}): Observed {
  const agent = anAgent({ status: { starts: 1, drift: window, correction: none, ...status } });
  return seenOf(agent, [aPodOf(agent, 1)], { evidence: given, ...more });
}

const acts = (seen: Observed) => decide(seen, NOON).acts.map(({ act }) => act);

describe("a Safety agent that drifts", () => {
  it.each([
    [100, 15, "Warn", []],
    [100, 30, "Reload", ["check-pod", "record-status", "delete-pod"]],
    [100, 60, "Restart", ["check-pod", "record-status", "delete-pod"]],
    [100, 100, "Pause", ["record-status", "delete-pod"]],
  ])("by %i lines, %i of them errors: %s, in one plan with its record", (lines, errors, action, expected) => {
    const { status, acts } = decide(sentinel(evidence(lines, errors)), NOON);
    expect(status.correction).toMatchObject({ action, total: 1 });
    expect(acts.map(({ act }) => act)).toEqual(expected);
  });

  it("is corrected only once the storm guard has looked: till then it is counted, and no level entered (C6)", () => {
    const plan = decide(sentinel(evidence(100, 30, { storm: { isClear: false } })), NOON);
    expect(plan).toMatchObject({
      awaitsClearance: true,
      acts: [],
      status: { drift: { level: "Normal", counts: { lines: 100, errorLines: 30 } }, correction: none },
      events: [],
    });
    const warned = decide(sentinel(evidence(100, 15, { storm: { isClear: false } })), NOON);
    expect([warned.awaitsClearance, warned.status.correction?.action]).toEqual([false, "Warn"]);
  });

  it.each<[string, ReturnType<typeof sentinel>]>([
    ["its Pod is stopping", sentinel(evidence(100, 30))],
    ["two Pods are there", sentinel(evidence(100, 30))],
  ])("is left alone while %s: its replacement is in hand", (what, { agent, ...seen }) => {
    const pods = what.startsWith("two") ? [aPodOf(agent, 1), aPodOf(agent, 2)] : [aPodOf(agent, 1, stopping())];
    expect(decide({ ...seen, agent, pods }, NOON).status.correction?.action).not.toBe("Reload");
  });

  it("is not judged by what was gathered in the same look as its resume (C5)", () => {
    const paused = { time: noonPlus(-600), reason: "DriftCritical", message: "paused by Nightwatch" };
    const { agent, ...seen } = sentinel(evidence(100, 100), { pause: paused });
    const annotations = { "darkfactory.dev/resume-requested-at": "now" };
    const { status } = decide({ ...seen, agent: { ...agent, metadata: { ...agent.metadata, annotations } } }, NOON);
    expect(status.pause).toBeUndefined();
    expect(status.correction?.action).toBe("None");
    expect(status.drift?.buckets ?? []).toEqual([]);
  });

  it("is neither judged nor counted while its spec is wrong or it is suspended: what it wrote is read later", () => {
    const wrong = decide(sentinel(evidence(100, 30), {}, { problems: ["spec.nightwatch: wrong"] }), NOON);
    const suspended = decide(sentinel(evidence(100, 30), {}, { fleet: { name: "night", suspend: true } }), NOON);
    for (const { status } of [wrong, suspended]) expect(status.drift).toEqual(window);
  });
});

describe("a storm that is over (C6)", () => {
  const affected = (since: number, storm?: number): Partial<AgentStatus> => ({
    drift: {
      ...window,
      level: "Severe",
      counts: counts({ lines: 60, errorLines: 50 }),
      buckets: [
        { start: noonPlus(-900), ...counts({ lines: 10 }) },
        { start: noonPlus(-300), ...counts({ lines: 50, errorLines: 50 }) },
      ],
      affected: {
        since: noonPlus(since),
        buckets: [{ start: noonPlus(-300), ...counts({ lines: 50, errorLines: 50 }) }],
        ...(storm === undefined ? {} : { storm: noonPlus(storm) }),
      },
    },
  });
  const overSince = (seconds: number): StormView => ({
    isClear: true,
    last: { onset: NOON - 400_000, end: NOON + 1000 * seconds },
  });

  it.each([
    ["was marked as part of it", affected(-300, -250)],
    ["was not marked in time, for it was not evaluated while it was on", affected(-300)],
  ])("takes what it wrote out of the window of an agent that %s", (_, status) => {
    const plan = decide(sentinel(evidence(10, 0, { storm: overSince(-1) }), status), NOON);
    expect(plan.status.drift).toMatchObject({ level: "Normal", counts: { lines: 10, errorLines: 0 } });
    expect(plan.status.drift?.affected).toBeUndefined();
    expect(plan.status.correction).toEqual(none);
  });

  it("leaves the evidence against one that turned after it", () => {
    const plan = decide(sentinel(evidence(10, 10, { storm: overSince(-350) }), affected(-300)), NOON);
    expect(plan.status.correction?.action).toBe("Restart");
  });
});

describe("an agent of runs that drifts (C3)", () => {
  const wrote = (lines: number, errorLines: number) => ({ signals: { lines, errorLines } });
  const { reading: _, ...unread } = evidence(0, 0);
  const jobs = new Map([
    ["uid-bad", "job-bad"],
    ["uid-good", "job-good"],
  ]);
  const runs = [
    aRun({ name: "good", status: { ...hasBegun(), ...wrote(50, 0) } }),
    aRun({ name: "bad", status: { ...hasBegun(), ...wrote(50, 40) } }),
    aRun({ name: "ended", status: { ...over("AgentError"), ...wrote(50, 50) } }),
  ];
  const reviewer = (status: Partial<AgentStatus> = {}, more: Partial<Observed> = {}): Observed =>
    seenOf(growthAgent({ status: { drift: window, correction: none, ...status } }), [], {
      runs,
      jobs,
      evidence: unread,
      ...more,
    });

  it("loses the run that is farthest off by its own doing, whose intent stands first", () => {
    const seen = reviewer();
    expect(acts(seen)).toEqual(["record-status", "stop-run"]);
    expect(decide(seen, NOON).status.correction).toMatchObject({
      action: "Restart",
      pending: { action: "Restart", run: "bad", uid: "uid-bad" },
    });
  });

  it("loses no run for what others did: it is warned", () => {
    const innocent = runs.filter(({ metadata }) => metadata.name !== "bad");
    const { status } = decide(reviewer({}, { runs: innocent }), NOON);
    expect(status.correction).toMatchObject({ action: "Warn" });
  });

  it("loses no second run before the first is replaced, and not the first again", () => {
    const pending = { action: "Reload" as const, run: "bad", uid: "uid-bad" };
    const worse = aRun({ name: "worse", status: { ...hasBegun(), ...wrote(100, 60) } });
    const seen = reviewer({ correction: { action: "Reload", total: 1, pending } }, { runs: [...runs, worse] });
    const { status } = decide(seen, NOON);
    expect(status.correction).toMatchObject({ total: 1, pending });
    expect(status.drift?.level).toBe("Moderate");
  });

  it("is not paused as a loop for a run that is being stopped already", () => {
    const pending = { action: "Reload" as const, run: "bad", uid: "uid-bad" };
    const budgetTimes = [-900, -600, -300].map(noonPlus);
    const others = [
      ...runs.filter(({ metadata }) => metadata.name === "bad"),
      aRun({ name: "ended", status: { ...over("AgentError"), ...wrote(50, 30) } }),
    ];
    const seen = reviewer({ correction: { action: "Reload", total: 3, budgetTimes, pending } }, { runs: others });
    const { status } = decide(seen, NOON);
    expect([status.correction?.action, status.pause]).toEqual(["Warn", undefined]);
  });

  it("is paused with all its runs at level Critical", () => {
    const all = [aRun({ name: "bad", status: { ...hasBegun(), ...wrote(50, 50) } })];
    const { status } = decide(reviewer({}, { runs: all }), NOON);
    expect(status.pause?.reason).toBe("DriftCritical");
    expect(condition(status.conditions, "Paused")).toMatchObject({ status: "True" });
    expect(acts(reviewer({}, { runs: all }))).toEqual(["record-status", "stop-run"]);
  });

  it("is judged by nobody in Observe mode, and all the same shown", () => {
    const nightwatch = { ...nightwatchDefaults, mode: "Observe" as const };
    const { status, acts } = decide(reviewer({}, { nightwatch }), NOON);
    expect([status.drift?.level, status.correction?.action, acts]).toEqual(["Severe", "None", []]);
  });
});
