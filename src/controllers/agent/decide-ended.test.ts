import { describe, expect, it } from "vitest";
import {
  anAgent,
  aPodOf,
  evicted,
  exited,
  NOON,
  noonPlus,
  pending,
  type PodFate,
  seenOf,
  stopping,
} from "../../../test/builders.ts";
import { after, brief, endOf, failedTimes } from "../../../test/plans.ts";
import { condition } from "../conditions.ts";
import { decide } from "./decide.ts";
import { request } from "./observed.ts";

describe("a Safety agent whose Pod ended", () => {
  const twiceIn = { status: { starts: 4, restart: failedTimes(3) } };

  it.each<[string, PodFate, Parameters<typeof anAgent>[0], number, string]>([
    ["exit 0", exited(0), { status: { starts: 4 } }, 60, "L3 a finished pass is no failure"],
    ["exit 1", exited(1), { status: { starts: 4 } }, 60, "L2 cooldown"],
    ["exit 1", exited(1), twiceIn, 480, "L2 doubles per consecutive failure"],
    ["exit 0", exited(0), twiceIn, 60, "L3 a finished pass ends the row"],
    ["eviction", evicted(), twiceIn, 60, "L3 eviction does not count"],
    ["exit 1", exited(1), { status: { starts: 4, restart: failedTimes(7) } }, 600, "L2 up to ten minutes"],
    [
      "exit 1",
      exited(1),
      { status: { starts: 4 }, spec: { restart: { cooldownSeconds: 900, maxRestarts: 10, windowSeconds: 43_200 } } },
      900,
      "L2 a longer cooldown of the user's stays",
    ],
    [
      "exit 1 on a node whose clock is an hour ahead",
      exited(1, 3600),
      { status: { starts: 4 } },
      60,
      "our clock holds",
    ],
  ])("after %s starts again %#", (_, fate, parts, seconds) => {
    const agent = anAgent(parts);
    const plan = decide(seenOf(agent, [aPodOf(agent, 4, fate)]), NOON);
    expect(plan.acts).toEqual([]);
    expect(plan.wakeAt).toBe(NOON + seconds * 1000);
    expect(plan.status.restart?.nextStartTime).toBe(noonPlus(seconds));
  });

  it("counts one end once, however often it is looked at (L3)", () => {
    const agent = anAgent({ status: { starts: 4 } });
    const pods = [aPodOf(agent, 4, exited(1))];
    const once = decide(seenOf(agent, pods), NOON);
    const twice = decide(seenOf(after(agent, once), pods), NOON + 1000);
    expect(twice.status.restart).toEqual(once.status.restart);
    expect(once.status.restart?.failuresInWindow).toBe(1);
  });

  it("settles the next number, deletes the ended Pod and only then creates the next (L1, L5)", () => {
    const agent = anAgent({ status: { starts: 4 } });
    const pods = [aPodOf(agent, 4, exited(1))];
    const counted = after(agent, decide(seenOf(agent, pods), NOON));
    const next = decide(seenOf(counted, pods), NOON + 60_000);
    expect(brief(next.acts)).toEqual(["record-status", "delete-pod sentinel-4"]);
    expect(next.status.starts).toBe(5);
    const gone = decide(seenOf(after(counted, next)), NOON + 61_000);
    expect(brief(gone.acts)).toEqual(["confirm-agent", "create-pod sentinel-5"]);
  });

  it("keeps to the cooldown when somebody deletes the ended Pod (L2)", () => {
    const agent = anAgent({ status: { starts: 4 } });
    const counted = after(agent, decide(seenOf(agent, [aPodOf(agent, 4, exited(1))]), NOON));
    const gone = decide(seenOf(counted), NOON + 1000);
    expect(gone.acts).toEqual([]);
    expect(gone.wakeAt).toBe(NOON + 60_000);
    expect(brief(decide(seenOf(counted), NOON + 60_000).acts)).toEqual(["record-status", "create-pod sentinel-5"]);
  });

  it("starts at once when its spec changed since (R7)", () => {
    const agent = anAgent({ status: { starts: 4 } });
    const pods = [aPodOf(agent, 4, exited(1))];
    const changed = anAgent({ generation: 2, spec: { task: "sleep 2" }, status: { starts: 4, observedGeneration: 1 } });
    const plan = decide(seenOf(changed, pods), NOON);
    expect(brief(plan.acts)).toEqual(["record-status", "delete-pod sentinel-4"]);
    expect(brief(decide(seenOf(after(changed, plan)), NOON + 1000).acts)).toEqual([
      "confirm-agent",
      "create-pod sentinel-5",
    ]);
  });

  it("starts at once when its spec changed though somebody deleted the ended Pod, but for the same spec waits (R7, L2)", () => {
    const agent = anAgent({ status: { starts: 4 } });
    const { status } = after(agent, decide(seenOf(agent, [aPodOf(agent, 4, exited(1))]), NOON));
    const changed = anAgent({ generation: 2, spec: { task: "sleep 2" }, status: { ...status, observedGeneration: 1 } });
    const plan = decide(seenOf(changed), NOON + 1000);
    expect(brief(plan.acts)).toEqual(["record-status", "create-pod sentinel-5"]);
    const failedAgain = after(changed, decide(seenOf(after(changed, plan), [aPodOf(changed, 5, exited(1))]), NOON));
    expect(decide(seenOf(failedAgain), NOON + 1000).acts).toEqual([]);
  });

  it("starts a spec that never ran with a budget as new, though it waited for its turn (L3, L6)", () => {
    const agent = anAgent({
      spec: { task: "sleep 2" },
      generation: 2,
      status: { starts: 4, restart: failedTimes(10) },
    });
    const plan = decide(seenOf(agent, [aPodOf(anAgent(), 4, exited(1))]), NOON);
    expect(brief(plan.acts)).toEqual(["record-status", "delete-pod sentinel-4"]);
    expect(plan.status.restart?.failuresInWindow).toBe(0);
  });

  it("stays Ready from a finished pass until the next one runs", () => {
    const agent = anAgent({ status: { starts: 4 } });
    const pods = [aPodOf(agent, 4, exited(0))];
    const counted = after(agent, decide(seenOf(agent, pods), NOON));
    const next = after(counted, decide(seenOf(counted, pods), NOON + 60_000));
    const started = after(next, decide(seenOf(next), NOON + 61_000));
    const starting = decide(seenOf(started, [aPodOf(agent, 5, pending())]), NOON + 62_000);
    for (const { status } of [counted, next, started, starting]) {
      expect(condition(status?.conditions, "Ready")?.status).toBe("True");
      expect(condition(status?.conditions, "Reconciling")).toBeUndefined();
    }
  });
});

describe("a Safety agent whose restart budget is spent (L3)", () => {
  const spec = { restart: { cooldownSeconds: 60, maxRestarts: 2, windowSeconds: 43_200 } };
  const third = anAgent({ spec, status: { starts: 3, restart: failedTimes(2) } });
  const pods = [aPodOf(third, 3, exited(1))];
  const spent = after(third, decide(seenOf(third, pods), NOON));

  it("stalls and stays stalled", () => {
    expect(condition(spent.status?.conditions, "Stalled")?.reason).toBe("RestartBudgetExhausted");
    const later = decide(seenOf(spent, pods), NOON + 7 * 86_400_000);
    expect(later.acts).toEqual([]);
    expect(later.wakeAt).toBeUndefined();
    expect(condition(later.status.conditions, "Stalled")?.reason).toBe("RestartBudgetExhausted");
  });

  it("does not stall while failures fall out of the window", () => {
    const old = anAgent({ spec, status: { starts: 3, restart: failedTimes(2, -43_300) } });
    const plan = decide(seenOf(old, pods), NOON);
    expect(plan.status.restart?.failuresInWindow).toBe(1);
    expect(condition(plan.status.conditions, "Stalled")).toBeUndefined();
  });

  it("starts with a budget as new after a new generation", () => {
    const changed = { ...spent, metadata: { ...spent.metadata, generation: 2 } };
    const plan = decide(seenOf(changed, pods), NOON + 1000);
    expect(brief(plan.acts)).toEqual(["record-status", "delete-pod sentinel-3"]);
    expect(plan.status.restart?.failuresInWindow).toBe(0);
  });

  it("starts with a budget as new after a human's resume, and echoes it", () => {
    const resumed = {
      ...spent,
      metadata: { ...spent.metadata, annotations: { "darkfactory.dev/resume-requested-at": "t1" } },
    };
    const plan = decide(seenOf(resumed, pods), NOON + 1000);
    expect(brief(plan.acts)).toEqual(["record-status", "delete-pod sentinel-3"]);
    expect(plan.status.lastHandledResumeAt).toBe("t1");
  });
});

describe("a Safety agent whose budget is spent stays where it is (L3)", () => {
  const spent = anAgent({ status: { starts: 3, restart: { failuresInWindow: 11, lastExit: endOf(3) } } });
  const pods = [aPodOf(spent, 3, exited(1))];
  const fleet = { name: "night", suspend: true };

  it("when its fleet stops and goes on", () => {
    const stopped = after(spent, decide(seenOf(spent, pods, { fleet }), NOON));
    const plan = decide(seenOf(stopped), NOON + 1000);
    expect(plan.acts).toEqual([]);
    expect(condition(plan.status.conditions, "Stalled")?.reason).toBe("RestartBudgetExhausted");
  });

  it("when somebody deletes its ended Pod, which a finalizer holds", () => {
    const held = aPodOf(spent, 3, stopping(exited(1)));
    const deleted = after(spent, decide(seenOf(spent, [held]), NOON));
    expect(decide(seenOf(deleted), NOON + 1000).acts).toEqual([]);
  });

  it("when its Pod's image was changed by hand", () => {
    const edited = aPodOf(spent, 3, exited(1), (pod) => ({ ...pod, metadata: { ...pod.metadata, generation: 2 } }));
    const other = { ...edited, spec: { ...edited.spec, containers: [{ name: "agent", image: "evil:1" }] } };
    expect(decide(seenOf(spent, [other]), NOON).acts).toEqual([]);
  });

  it("but not for a resume that came while its fleet was suspended", () => {
    const asked = { ...spent, metadata: { ...spent.metadata, annotations: { [request.resume.annotation]: "t1" } } };
    const stopped = after(asked, decide(seenOf(asked, pods, { fleet }), NOON));
    expect(brief(decide(seenOf(stopped), NOON + 1000).acts)).toEqual(["record-status", "create-pod sentinel-4"]);
  });

  it("but not for a restart that a person asks for, which gives it a budget as new", () => {
    const asked = { ...spent, metadata: { ...spent.metadata, annotations: { [request.restart.annotation]: "t1" } } };
    const plan = decide(seenOf(asked, pods), NOON);
    expect(brief(plan.acts)).toEqual(["record-status", "delete-pod sentinel-3"]);
    expect(plan.status).toMatchObject({ lastHandledRestartAt: "t1", restart: { failuresInWindow: 0 } });
  });
});
