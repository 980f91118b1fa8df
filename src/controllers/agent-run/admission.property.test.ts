import * as fc from "fast-check";
import { expect, it } from "vitest";
import { aFleet, anAgent, NOON, running } from "../../../test/builders.ts";
import { aJobOf, aJobPod, aRun, jobComplete } from "../../../test/run-builders.ts";
import { type ToldCaches, toldCaches } from "../../../test/told-caches.ts";
import { createFakeClock } from "../../runtime/fake-clock.ts";
import { type Admission, createAdmission } from "./admission.ts";
import { decide } from "./decide.ts";
import { gather } from "./gather.ts";
import type { StoredJob, StoredRun } from "./observed.ts";

const MAX = 3;
const SAFETY = 1;

/** One event that a watch has not brought yet. */
type Event = (told: ToldCaches) => void;

const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant("create" as const), agent: fc.nat(2) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("reconcile" as const),
      run: fc.nat(30),
      outcome: fc.constantFrom("done", "lost", "refused"),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("deliver" as const),
      kind: fc.constantFrom("runs", "jobs"),
      count: fc.integer({ min: 1, max: 4 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("end" as const), job: fc.nat(10) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("delete" as const), job: fc.nat(10) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("stopped" as const), pod: fc.nat(10) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("wait" as const), ms: fc.integer({ min: 1, max: 60_000 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("restart" as const) }) },
);

it("never more Jobs and Pods run than the fleet's places, whatever the caches do not show yet (R3)", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      const model = createModel();
      for (const each of steps) model.take(each);
    }),
    { numRuns: 400 },
  );
});

it("every run gets its turn once the caches are current and places become free (R2)", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const model = createModel();
      for (const each of steps) model.take(each);
      model.settle();
      expect(model.waiting()).toEqual([]);
    }),
    { numRuns: 200 },
  );
});

function createModel() {
  const told = toldCaches();
  const clock = createFakeClock(NOON);
  const fleet = aFleet({ spec: { concurrency: { max: MAX } } });
  const agents = [
    anAgent({ name: "core", fleet: "night", spec: { layer: "Core" } }),
    anAgent({ name: "growth", fleet: "night", spec: { layer: "Growth" } }),
    anAgent({ name: "home", fleet: "night", spec: { layer: "Growth", workspace: { persistent: { size: "1Gi" } } } }),
  ] as const;
  told.put("agentfleets", fleet);
  for (const agent of [...agents, anAgent({ name: "sentinel", fleet: "night" })]) told.put("agents", agent);

  let admission: Admission = createAdmission(told.caches, clock);
  const events: Record<"runs" | "jobs", Event[]> = { runs: [], jobs: [] };
  // The API server's truth.
  const runs = new Map<string, StoredRun>();
  const jobs = new Map<string, StoredJob>();
  const pods = new Map<string, string>();
  /** Runs whose own writes the caches must show before they are decided on again (runtime/writes.ts). */
  const unseen = new Map<string, number>();
  /** Whose last reconcile failed: the runtime tries them again after a while. */
  const retried = new Set<string>();
  let created = 0;

  const agentOf = (run: StoredRun) => agents.find(({ metadata }) => metadata.name === run.spec.agentRef.name)!;
  const runningJobs = () => [...jobs.values()].filter(({ status }) => status?.conditions === undefined);
  const taken = () => {
    const withJob = runningJobs().map(({ metadata }) => metadata.name);
    return withJob.length + [...pods.keys()].filter((name) => !withJob.includes(name)).length;
  };

  function later(kind: "runs" | "jobs", event: Event, run?: StoredRun): void {
    const uid = run?.metadata.uid ?? "";
    unseen.set(uid, (unseen.get(uid) ?? 0) + 1);
    events[kind].push((caches) => {
      unseen.set(uid, (unseen.get(uid) ?? 1) - 1);
      event(caches);
    });
  }

  function deliver(kind: "runs" | "jobs", count: number): void {
    for (const event of events[kind].splice(0, count)) event(told);
  }

  function store(run: StoredRun): void {
    runs.set(run.metadata.name, run);
    later("runs", ({ put }) => put("agentruns", run), run);
  }

  /** As the controller does it, up to the place where the API server answers. */
  function reconcile(run: StoredRun, outcome: string): void {
    if ((unseen.get(run.metadata.uid) ?? 0) > 0) return;
    const seen = gather({ caches: told.caches, admission, images: {} }, run.metadata);
    if (seen === undefined) return;
    const plan = decide(seen, clock.now());
    const starts = plan.acts.some(({ act }) => act === "create-job");
    if (!starts) admission.release(seen.run);
    else {
      admission.claim(seen.run, fleet);
      if (outcome === "refused") {
        admission.release(seen.run);
        return;
      }
      // The answer is lost: the Job may be there or not, here it is not; the run is tried again.
      if (outcome === "lost") {
        retried.add(run.metadata.name);
        return;
      }
      const job = aJobOf(seen.run, {}, agentOf(run));
      jobs.set(run.metadata.name, job);
      pods.set(run.metadata.name, run.spec.agentRef.name);
      expect(taken() + SAFETY).toBeLessThanOrEqual(MAX);
      expect([...pods.values()].filter((agent) => agent === "home").length).toBeLessThanOrEqual(1);
      later(
        "jobs",
        ({ put }) => {
          put("pods", aJobPod(job, 1, running()));
          put("jobs", job);
        },
        run,
      );
    }
    store({ ...seen.run, status: plan.status });
  }

  function end(job: StoredJob): void {
    const ended = { ...job, status: jobComplete() };
    jobs.set(job.metadata.name, ended);
    pods.delete(job.metadata.name);
    later("jobs", ({ put, gone }) => {
      gone("pods", aJobPod(job, 1, running()));
      put("jobs", ended);
    });
  }

  /** In the background: run and Job go at once, the Pod takes its time. A watch of Jobs is not that far behind. */
  function remove(job: StoredJob): void {
    const run = runs.get(job.metadata.name);
    deliver("jobs", Infinity);
    jobs.delete(job.metadata.name);
    runs.delete(job.metadata.name);
    if (run !== undefined) later("runs", ({ gone }) => gone("agentruns", run));
    later("jobs", ({ gone }) => gone("jobs", job));
  }

  const pick = <T>(items: readonly T[], n: number): T | undefined => items[n % Math.max(1, items.length)];

  function take(action: typeof step extends fc.Arbitrary<infer Step> ? Step : never): void {
    switch (action.do) {
      case "create": {
        const agent = agents[action.agent as 0 | 1 | 2];
        created += 1;
        store(aRun({ name: `run-${created}`, agent: agent.metadata.name, createdAt: created }));
        return;
      }
      case "reconcile": {
        const run = pick([...runs.values()], action.run);
        if (run !== undefined) reconcile(run, action.outcome);
        return;
      }
      case "deliver":
        deliver(action.kind, action.count);
        return;
      case "end": {
        const job = pick(runningJobs(), action.job);
        if (job !== undefined) end(job);
        return;
      }
      case "delete": {
        const job = pick(runningJobs(), action.job);
        if (job !== undefined) remove(job);
        return;
      }
      case "stopped": {
        const name = pick(
          [...pods.keys()].filter((each) => !jobs.has(each)),
          action.pod,
        );
        if (name === undefined) return;
        const agent = agents.find(({ metadata }) => metadata.name === pods.get(name))!;
        pods.delete(name);
        const job = aJobOf(aRun({ name, agent: agent.metadata.name }), {}, agent);
        later("jobs", ({ gone }) => gone("pods", aJobPod(job, 1, running())));
        return;
      }
      case "wait":
        clock.advance(action.ms);
        return;
      case "restart":
        // A new leader reads everything anew, and knows of no claim.
        deliver("runs", Infinity);
        deliver("jobs", Infinity);
        admission = createAdmission(told.caches, clock);
        return;
    }
  }

  return {
    take,
    waiting: () =>
      [...runs.values()].filter(({ metadata }) => !jobs.has(metadata.name)).map(({ metadata }) => metadata.name),
    /** Everything that runs comes to its end, and whoever is woken is decided on. */
    settle(): void {
      for (let round = 0; round < 200; round++) {
        deliver("runs", Infinity);
        deliver("jobs", Infinity);
        for (const name of [...pods.keys()].filter((each) => !jobs.has(each)))
          take({ do: "stopped", pod: [...pods.keys()].filter((each) => !jobs.has(each)).indexOf(name) });
        deliver("jobs", Infinity);
        const failed = [...runs.values()].filter(({ metadata }) => retried.delete(metadata.name));
        for (const run of [...failed, ...admission.heads(fleet)]) reconcile(run, "done");
        for (const job of runningJobs()) end(job);
        clock.advance(200);
      }
    },
  };
}
