import { describe, expect, it } from "vitest";
import { aFleet, anAgent, exited, noonPlus, running } from "../../../test/builders.ts";
import { aJobOf, aJobPod, aRun, hasBegun, jobComplete, over, waitsFor } from "../../../test/run-builders.ts";
import { toldCaches } from "../../../test/told-caches.ts";
import type { AgentSpec } from "../../api/v1alpha1/agent.ts";
import { createFakeClock } from "../../runtime/fake-clock.ts";
import type { StoredAgent } from "../agent/observed.ts";
import { createAdmission } from "./admission.ts";
import type { StoredRun } from "./observed.ts";

/** A fleet that runs at most `max` at a time, and the admission to it. */
function aQueue(max: number) {
  const told = toldCaches();
  const clock = createFakeClock();
  const fleet = aFleet({ spec: { concurrency: { max } } });
  told.put("agentfleets", fleet);
  const admission = createAdmission(told.caches, clock);
  const agent = (name: string, layer: AgentSpec["layer"], spec: Partial<AgentSpec> = {}): StoredAgent => {
    const made = anAgent({ name, fleet: "night", spec: { layer, ...spec } });
    told.put("agents", made);
    return made;
  };
  const run = ({ metadata }: StoredAgent, name: string, parts: Parameters<typeof aRun>[0] = {}): StoredRun => {
    const made = aRun({ name, agent: metadata.name, ...parts });
    told.put("agentruns", made);
    return made;
  };
  return {
    ...told,
    clock,
    fleet,
    admission,
    agent,
    run,
    /** The order in which the runs that wait would start, were there room for all. */
    order: () => admission.heads({ ...fleet, spec: { ...fleet.spec, concurrency: { max: 1000 } } }).map(nameOf),
    heads: () => admission.heads(fleet).map(nameOf),
    place: (waiting: StoredRun) => admission.placeOf(waiting, fleet),
  };
}

const nameOf = ({ metadata }: StoredRun) => metadata.name;

describe("the queue of a fleet", () => {
  it("has Core before Growth, then the older, then the name (R2)", () => {
    const { agent, run, order } = aQueue(1);
    const [core, growth] = [agent("core", "Core"), agent("growth", "Growth")];
    run(growth, "g-old", { createdAt: -900 });
    run(core, "c-new", { createdAt: -1 });
    run(growth, "b-same", { createdAt: -500 });
    run(growth, "a-same", { createdAt: -500 });
    run(core, "c-old", { createdAt: -100 });
    expect(order()).toEqual(["c-old", "c-new", "g-old", "a-same", "b-same"]);
  });

  it("admits as many as places are free, and tells the others their place (R2, R3)", () => {
    const { agent, run, place, admission, fleet } = aQueue(2);
    const growth = agent("growth", "Growth");
    const [a, b, c] = ["a", "b", "c"].map((name) => run(growth, name)) as [StoredRun, StoredRun, StoredRun];
    expect(place(c)).toEqual({ admitted: false, place: 3, waiting: 3, most: 2 });
    for (const each of [a, b]) {
      expect(place(each).admitted).toBe(true);
      admission.claim(each, fleet);
    }
    expect(place(c).admitted).toBe(false);
  });

  it("leaves room for each Safety agent that is not suspended (R2, R3)", () => {
    const { agent, run, place } = aQueue(3);
    const waiting = run(agent("growth", "Growth"), "waiting");
    agent("s1", "Safety");
    agent("s2", "Safety");
    agent("s3", "Safety", { suspend: true });
    expect(place(waiting).admitted).toBe(true);
    agent("s4", "Safety");
    expect(aNewLook(place, waiting).admitted).toBe(false);
  });

  it("counts 15 places where the fleet names none (R3)", () => {
    const { agent, run, order, admission, fleet } = aQueue(1);
    const growth = agent("growth", "Growth");
    for (let n = 0; n < 20; n++) run(growth, `run-${n}`);
    expect(order()).toHaveLength(20);
    const { concurrency: _, ...spec } = fleet.spec;
    expect(admission.heads({ ...fleet, spec } as typeof fleet)).toHaveLength(15);
  });

  it("is no concern of a run whose agent belongs to no fleet", () => {
    const { admission } = aQueue(1);
    expect(admission.placeOf(aRun(), undefined).admitted).toBe(true);
  });

  it.each<[string, Partial<AgentSpec>, object]>([
    ["is suspended", { suspend: true }, {}],
    ["is paused", {}, { pause: { reason: "Manual" } }],
  ])("passes over the runs of an agent that %s", (_, spec, status) => {
    const { agent, run, put, heads } = aQueue(1);
    const resting = agent("resting", "Core", spec);
    put("agents", { ...resting, status: { observedGeneration: 1, ...status } });
    run(resting, "not-now");
    run(agent("growth", "Growth"), "now");
    expect(heads()).toEqual(["now"]);
  });

  it.each(["PodRefused", "QuotaExceeded", "NameConflict"])(
    "passes over a run that was refused (%s), which may still take what is free when it tries again",
    (reason) => {
      const { agent, run, place, heads, admission, fleet } = aQueue(1);
      const growth = agent("growth", "Growth");
      const refused = run(growth, "refused", { createdAt: -9000, status: waitsFor(reason) });
      const next = run(growth, "next");
      expect(heads()).toEqual(["next"]);
      expect(place(refused).admitted).toBe(true);
      admission.claim(refused, fleet);
      expect(place(next).admitted).toBe(false);
      admission.release(refused);
      expect(heads()).toEqual(["next"]);
    },
  );

  it("passes over the runs of an agent that is stopping one", () => {
    const { agent, run, heads } = aQueue(5);
    const core = agent("core", "Core");
    run(core, "old", { status: hasBegun(), deletionTimestamp: noonPlus(0) });
    run(core, "new");
    run(agent("growth", "Growth"), "other");
    expect(heads()).toEqual(["other"]);
  });

  it("takes a newcomer into account at once where it comes first, within a moment where it comes last", () => {
    const { agent, run, place } = aQueue(1);
    const [core, growth] = [agent("core", "Core"), agent("growth", "Growth")];
    const first = run(growth, "first", { createdAt: -900 });
    expect(place(first).admitted).toBe(true);
    const last = run(growth, "last", { createdAt: -1 });
    expect(place(last)).toMatchObject({ admitted: false, place: 2, waiting: 2 });
    const urgent = run(core, "urgent", { createdAt: -1 });
    expect(place(urgent)).toMatchObject({ admitted: true, place: 1 });
  });

  it("admits newcomers within a moment as long as there is room for all, and then no more (R3)", () => {
    const { agent, run, place, admission, fleet } = aQueue(3);
    const growth = agent("growth", "Growth");
    const admitted = ["d", "c", "b", "a"].map((name) => {
      const newcomer = run(growth, name);
      const isAdmitted = place(newcomer).admitted;
      if (isAdmitted) admission.claim(newcomer, fleet);
      return isAdmitted;
    });
    expect(admitted).toEqual([true, true, true, false]);
  });

  it("counts a claim once, however often its Job is tried (R3)", () => {
    const { agent, run, place, admission, fleet } = aQueue(2);
    const growth = agent("growth", "Growth");
    const [first, tried] = [run(growth, "first"), run(growth, "tried")];
    admission.claim(tried, fleet);
    expect(place(first).admitted).toBe(true);
    admission.claim(tried, fleet);
    expect(place(first).admitted).toBe(true);
  });

  /** What a look shows that is not served from an earlier one. */
  function aNewLook<T>(place: (run: StoredRun) => T, run: StoredRun): T {
    return place({ ...run, metadata: { ...run.metadata, uid: "another" } }) && place(run);
  }
});

describe("a place in a fleet", () => {
  it("stays taken by a claim until the Job is seen, however long the create takes (R3)", () => {
    const { agent, run, place, admission, fleet, clock, put, heads } = aQueue(1);
    const growth = agent("growth", "Growth");
    const [a, b] = [run(growth, "a"), run(growth, "b")];
    admission.claim(a, fleet);
    clock.advance(10 * 60_000);
    expect(place(b).admitted).toBe(false);
    // The same run, tried again, has its place still.
    expect(place(a).admitted).toBe(true);
    const job = aJobOf(a, {}, growth);
    put("jobs", job);
    expect(heads()).toEqual([]);
    put("jobs", { ...job, status: jobComplete() });
    expect(heads()).toEqual(["b"]);
  });

  it("is free again when the claim is given back, the run ends, or goes", () => {
    const { agent, run, admission, fleet, put, gone, heads } = aQueue(1);
    const growth = agent("growth", "Growth");
    const a = run(growth, "a");
    run(growth, "b");
    admission.claim(a, fleet);
    expect(heads()).toEqual([]);
    admission.release(a);
    expect(heads()).toEqual(["a"]);
    admission.claim(a, fleet);
    put("agentruns", { ...a, status: { observedGeneration: 1, ...over("Cancelled") } });
    expect(heads()).toEqual(["b"]);
    const c = run(growth, "c", { createdAt: -9000 });
    admission.claim(c, fleet);
    expect(heads()).toEqual([]);
    gone("agentruns", c);
    expect(heads()).toEqual(["b"]);
  });

  it("is taken by a run that has started although no cache shows its Job, as after a change of leader", () => {
    const { agent, run, heads } = aQueue(1);
    const growth = agent("growth", "Growth");
    run(growth, "a", { status: hasBegun() });
    run(growth, "b");
    expect(heads()).toEqual([]);
  });

  it("is taken by a Pod that still stops after its run and its Job are gone (R3)", () => {
    const { agent, run, put, gone, heads } = aQueue(1);
    const growth = agent("growth", "Growth");
    const a = run(growth, "a");
    const job = aJobOf(a, {}, growth);
    const pod = aJobPod(job, 1, running());
    put("jobs", job);
    put("pods", pod);
    run(growth, "b");
    gone("agentruns", a);
    gone("jobs", job);
    expect(heads()).toEqual([]);
    put("pods", { ...pod, ...exited(143) });
    expect(heads()).toEqual(["b"]);
  });

  it("is not taken by a Job of somebody else that has the run's name", () => {
    const { agent, run, put, heads } = aQueue(1);
    const a = run(agent("growth", "Growth"), "a");
    const foreign = aJobOf(aRun({ name: "a", uid: "another" }));
    put("jobs", foreign);
    expect(heads()).toEqual([nameOf(a)]);
  });
});

describe("a persistent workspace", () => {
  const spec = { workspace: { persistent: { size: "1Gi" } } };

  it("is for one run at a time, the oldest first, claimed or started or stopping (lesson 31)", () => {
    const { agent, run, admission, put, gone, heads, order } = aQueue(5);
    const growth = agent("growth", "Growth", spec);
    const [a, b] = [run(growth, "a", { createdAt: -20 }), run(growth, "b", { createdAt: -10 })];
    run(agent("other", "Growth"), "z", { createdAt: -1 });
    expect(admission.beforeInWorkspace(growth, a)).toBeUndefined();
    expect(admission.beforeInWorkspace(growth, b)).toBe("run a is the next to work");
    expect(order()).toEqual(["a", "z"]);
    admission.claim(a, undefined);
    expect(admission.beforeInWorkspace(growth, b)).toBe("run a works");
    expect(heads()).toEqual(["z"]);
    const job = aJobOf(a, {}, growth);
    const pod = aJobPod(job, 1, running());
    put("jobs", job);
    put("pods", pod);
    gone("agentruns", a);
    gone("jobs", job);
    expect(admission.beforeInWorkspace(growth, b)).toBe(`Pod ${pod.metadata.name} still works`);
    gone("pods", pod);
    expect(admission.beforeInWorkspace(growth, b)).toBeUndefined();
    expect(heads()).toEqual(["b", "z"]);
  });
});
