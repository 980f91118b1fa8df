import { describe, expect, it } from "vitest";
import {
  exited,
  NOON,
  noonPlus,
  pending,
  running,
  stopping,
  unschedulable,
  waitingFor,
} from "../../../test/builders.ts";
import {
  aJobOf,
  aJobPod,
  aRun,
  growthAgent,
  hasBegun,
  jobComplete,
  jobCondition,
  jobFailed,
  over,
  seenOfRun,
  waitsFor,
} from "../../../test/run-builders.ts";
import { controlledBy } from "../../workloads/labels.ts";
import { afterRefusal, decide, type RunPlan, withoutPod } from "./decide.ts";
import type { Observed } from "./observed.ts";

const conditionIn = (plan: RunPlan, type: string) => plan.status.conditions?.find((each) => each.type === type);
const acts = (plan: RunPlan) => plan.acts.map(({ act }) => act);
const soon = noonPlus(10);

describe("a run that has not started", () => {
  it("becomes one Job of its name, and says so in the same reconcile (R1)", () => {
    const plan = decide(seenOfRun(aRun()), NOON);
    expect(acts(plan)).toEqual(["create-job"]);
    expect(plan.acts[0]).toMatchObject({ job: { metadata: { name: "review-1" } } });
    expect(conditionIn(plan, "Started")).toMatchObject({ status: "True", reason: "JobCreated" });
    expect(plan.status).toMatchObject({ observedGeneration: 1, jobName: "review-1", display: { state: "Running" } });
  });

  it("is given its agent as owner before it starts, so that it goes with it (F6)", () => {
    const plan = decide(seenOfRun(aRun({ owners: [] })), NOON);
    expect(acts(plan)).toEqual(["adopt-run", "create-job"]);
    expect(plan.acts[0]).toMatchObject({ owner: { kind: "Agent", uid: "uid-reviewer", controller: true } });
  });

  it("leaves the controller that it has in charge", () => {
    const pipeline = { apiVersion: "v1", kind: "ConfigMap", name: "pipeline", uid: "uid-p", controller: true };
    const [adoption] = decide(seenOfRun(aRun({ owners: [pipeline] })), NOON).acts;
    expect(adoption).toMatchObject({ owner: { kind: "Agent" } });
    expect(adoption).not.toHaveProperty("owner.controller");
  });

  it("makes the claim of a persistent workspace first", () => {
    const agent = growthAgent({ spec: { workspace: { persistent: { size: "1Gi" } } } });
    expect(acts(decide(seenOfRun(aRun(), { agent }), NOON))).toEqual(["create-claim", "create-job"]);
  });

  const paused = growthAgent({ status: { pause: { reason: "Manual" } } });
  const suspended = growthAgent({ spec: { suspend: true } });
  const full = { admitted: false, place: 1, waiting: 3, most: 2 };
  it.each<[string, Partial<Observed>, RegExp]>([
    ["AgentNotFound", { agent: undefined }, /no Agent reviewer/],
    ["AgentNotFound", { agent: growthAgent({ deletionTimestamp: soon }) }, /no Agent reviewer/],
    ["AgentPaused", { agent: paused }, /resumed/],
    ["AgentSuspended", { agent: suspended }, /spec\.suspend/],
    ["FleetSuspended", { fleet: { name: "night", suspend: true } }, /AgentFleet night/],
    ["StoppingPrevious", { stopping: "review-0" }, /run review-0 .* is being stopped/],
    ["WorkspaceInUse", { beforeInWorkspace: "run review-0 works" }, /^run review-0 works in the agent's/],
    ["ConcurrencyLimit", { queue: full }, /place 1 of 3 .* at most 2/],
    ["Queued", { queue: { ...full, place: 2 } }, /place 2 of 3/],
  ])("waits visibly: %s (R2)", (reason, more, message) => {
    const plan = decide(seenOfRun(aRun(), more), NOON);
    expect(acts(plan)).toEqual([]);
    expect(conditionIn(plan, "Started")).toMatchObject({ status: "False", reason });
    expect(conditionIn(plan, "Started")?.message).toMatch(message);
    expect(plan.status.display).toEqual({ state: reason });
    expect(plan.events).toEqual([]);
  });

  it("starts when what it waited for is over", () => {
    const plan = decide(seenOfRun(aRun({ status: waitsFor("AgentNotFound") })), NOON);
    expect(acts(plan)).toEqual(["create-job"]);
    expect(conditionIn(plan, "Started")).toMatchObject({ status: "True" });
  });

  it("says the same thing each time that it is looked at, so that nothing is written (O4)", () => {
    const first = decide(seenOfRun(aRun(), { agent: undefined }), NOON);
    const again = decide(seenOfRun(aRun({ status: first.status }), { agent: undefined }), NOON + 60_000);
    expect(again.status).toEqual(first.status);
  });

  it("of a Safety agent fails at once and says why, and goes with the agent (F6)", () => {
    const agent = growthAgent({ spec: { layer: "Safety" } });
    const plan = decide(seenOfRun(aRun({ owners: [] }), { agent }), NOON);
    expect(acts(plan)).toEqual(["adopt-run"]);
    expect(plan.status.exit).toEqual({ class: "ConfigError", reason: "SafetyAgent" });
    expect(conditionIn(plan, "Failed")?.message).toContain("only Core and Growth agents have runs");
  });

  it("waits while a Job of its name is somebody else's, which stays untouched (O5)", () => {
    const foreign = aJobOf(aRun({ uid: "uid-earlier" }));
    const plan = decide(seenOfRun(aRun(), { job: foreign }), NOON);
    expect(acts(plan)).toEqual([]);
    expect(conditionIn(plan, "Started")).toMatchObject({ status: "False", reason: "NameConflict" });
  });

  it("says what the API server refused, once by event, and tries again in a minute", () => {
    const refusal = { reason: "QuotaExceeded", message: "exceeded quota: one" } as const;
    const first = afterRefusal(seenOfRun(aRun()), refusal, NOON);
    expect(first).toMatchObject({ acts: [], wakeAt: NOON + 60_000, events: [{ reason: "QuotaExceeded" }] });
    expect(conditionIn(first, "Started")).toMatchObject({ status: "False", reason: "QuotaExceeded" });
    expect(afterRefusal(seenOfRun(aRun({ status: first.status })), refusal, NOON).events).toEqual([]);
  });
});

describe("a run whose Job runs", () => {
  const run = aRun({ status: hasBegun() });
  const job = aJobOf(run, { active: 1, startTime: noonPlus(-300) });
  const jobEnding = { conditions: [jobCondition("FailureTarget", "DeadlineExceeded")] };
  const seen = (pods: Observed["pods"], more: Partial<Observed> = {}) => seenOfRun(run, { job, pods, ...more });

  it("is found again after a crash between the Job and the status", () => {
    const plan = decide(seenOfRun(aRun(), { job: aJobOf(aRun()), pods: [aJobPod(job)] }), NOON);
    expect(acts(plan)).toEqual([]);
    expect(conditionIn(plan, "Started")).toMatchObject({ status: "True", reason: "JobCreated" });
  });

  it("goes on when its agent is deleted, suspended or its fleet is full: that is decided at the start", () => {
    const agent = growthAgent({ spec: { suspend: true } });
    const queue = { admitted: false, place: 9, waiting: 9, most: 1 };
    for (const more of [{ agent }, { agent: undefined }, { queue }]) {
      expect(decide(seen([aJobPod(job)], more), NOON).status.display).toEqual({ state: "Running" });
    }
  });

  it.each([
    ["ImagePullFailed", waitingFor("ImagePullBackOff")],
    ["InvalidImage", waitingFor("InvalidImageName")],
    ["InvalidConfig", waitingFor("CreateContainerConfigError", 'secret "git" not found')],
    ["Unschedulable", unschedulable()],
  ])("whose Pod cannot start shows %s, not Running (R6)", (reason, fate) => {
    const plan = decide(seen([aJobPod(job, 1, fate)]), NOON);
    expect(conditionIn(plan, "Started")).toMatchObject({ status: "True", reason });
    expect(plan.status.display).toEqual({ state: reason });
  });

  it("shows Running again when the trouble is over", () => {
    const troubled = aRun({ status: hasBegun("ImagePullFailed") });
    const plan = decide(seenOfRun(troubled, { job, pods: [aJobPod(job)] }), NOON);
    expect(conditionIn(plan, "Started")).toMatchObject({ reason: "JobCreated" });
  });

  it.each([
    ["its Pod goes, as at a deadline", stopping(waitingFor("ImagePullBackOff"))],
    ["there is no Pod yet in place of it", undefined],
  ])("shows the trouble still while %s", (_, fate) => {
    const troubled = aRun({ status: hasBegun("ImagePullFailed") });
    const pods = fate === undefined ? [] : [aJobPod(job, 1, fate)];
    const plan = decide(seenOfRun(troubled, { job: { ...job, status: jobEnding }, pods }), NOON);
    expect(conditionIn(plan, "Started")).toMatchObject({ reason: "ImagePullFailed" });
    expect(plan.status.display).toEqual({ state: "ImagePullFailed" });
  });

  it("names its Pod, and its start stays what it was", () => {
    const first = decide(seen([aJobPod(job, 1, pending())]), NOON);
    expect(first.status).toMatchObject({ podName: "review-1-pod1", startTime: noonPlus(-300) });
    const later = { ...job, status: { ...job.status, startTime: noonPlus(-5) } };
    const pods = [aJobPod(job, 1, exited(1)), aJobPod(job, 2)];
    const second = decide(seenOfRun(aRun({ status: first.status }), { job: later, pods }), NOON);
    expect(second.status).toMatchObject({ podName: "review-1-pod2", startTime: noonPlus(-300) });
  });

  it("writes nothing when its Job starts, but when the Pod is there: one write for both", () => {
    const begun = aRun({ status: decide(seenOfRun(aRun()), NOON).status });
    expect(decide(seenOfRun(begun, { job, pods: [] }), NOON).status).toEqual(begun.status);
    expect(decide(seenOfRun(begun, { job, pods: [aJobPod(job)] }), NOON).status).toHaveProperty("startTime");
  });

  it("that gets no Pod asks why after a while, and shows the reason in place of Running (R6)", () => {
    const young = { ...job, metadata: { ...job.metadata, creationTimestamp: noonPlus(-4) } };
    expect(decide(seen([], { job: young }), NOON)).toMatchObject({ acts: [], wakeAt: NOON + 6000 });
    const plan = decide(seen([]), NOON);
    expect(acts(plan)).toEqual(["check-pod"]);
    const refusal = { reason: "QuotaExceeded", message: "exceeded quota: pods" } as const;
    const shown = withoutPod(seen([]), plan, refusal, NOON);
    expect(shown).toMatchObject({ wakeAt: NOON + 60_000, events: [{ reason: "QuotaExceeded" }] });
    expect(conditionIn(shown, "Started")).toMatchObject({ status: "True", reason: "QuotaExceeded" });
    expect(shown.status.display).toEqual({ state: "QuotaExceeded" });
    const again = seenOfRun(aRun({ status: shown.status }), { job });
    expect(decide(again, NOON).status.display).toEqual({ state: "QuotaExceeded" });
    expect(withoutPod(again, decide(again, NOON), refusal, NOON).events).toEqual([]);
    const pods = [aJobPod(job)];
    expect(decide({ ...again, pods }, NOON).status.display).toEqual({ state: "Running" });
  });

  it("puts the label back by which its Job is watched", () => {
    const { metadata } = job;
    const unlabelled = { ...job, metadata: { ...metadata, labels: {} } };
    expect(acts(decide(seen([aJobPod(job)], { job: unlabelled }), NOON))).toEqual(["restore-job-labels"]);
  });

  it.each([
    ["while it runs", stopping(), ["mark-disrupted"]],
    // The request came at noon: what the deletion ended, with its SIGTERM, is no failure of the agent.
    [
      "and that failed because of it",
      { ...exited(143, 2), deletionTimestamp: noonPlus(30), graceSeconds: 30 },
      ["mark-disrupted"],
    ],
    ["after it had failed", { ...exited(1, -60), deletionTimestamp: noonPlus(30), graceSeconds: 30 }, []],
    [
      "and that finished its work all the same",
      { ...exited(0, 2), deletionTimestamp: noonPlus(30), graceSeconds: 30 },
      [],
    ],
    ["by an eviction that says so", evictedAndStopping(), []],
  ])("with a Pod that is deleted %s", (_, fate, expected) => {
    expect(acts(decide(seen([aJobPod(job, 1, fate)]), NOON))).toEqual(expected);
  });

  it("leaves alone the Pods that its Job ends itself: a deadline, an end, a deletion", () => {
    const pods = [aJobPod(job, 1, stopping())];
    const late = { ...job, status: { startTime: noonPlus(-3600) } };
    const ending = { ...job, status: { conditions: [jobCondition("FailureTarget")] } };
    const deleted = { ...job, metadata: { ...job.metadata, deletionTimestamp: soon } };
    for (const other of [late, ending, deleted]) expect(acts(decide(seen(pods, { job: other }), NOON))).toEqual([]);
  });
});

function evictedAndStopping() {
  const { status, ...fate } = stopping();
  return { ...fate, status: { ...status, conditions: [{ type: "DisruptionTarget", status: "True" }] } };
}

describe("a run that ends", () => {
  const run = aRun({ status: { ...hasBegun(), startTime: noonPlus(-312) } });

  it("says that it started also where it was over before anybody could write that (R6)", () => {
    const unseen = aRun();
    const plan = decide(seenOfRun(unseen, { job: aJobOf(unseen, jobComplete()) }), NOON);
    expect(conditionIn(plan, "Started")).toMatchObject({ status: "True", reason: "JobCreated" });
    expect(conditionIn(plan, "Complete")).toMatchObject({ status: "True" });
  });

  it("is Complete with its code, its duration and no event when its Job is (R4)", () => {
    const job = aJobOf(run, jobComplete());
    const plan = decide(seenOfRun(run, { job, pods: [aJobPod(job, 1, exited(0))] }), NOON);
    expect(plan.status).toMatchObject({
      exit: { class: "Success", code: 0, reason: "Completed" },
      completionTime: noonPlus(0),
      display: { state: "Complete", duration: "5m12s" },
    });
    expect(conditionIn(plan, "Complete")).toMatchObject({ status: "True", reason: "Success" });
    expect(plan.events).toEqual([]);
  });

  it("is Failed with class, code and one event when its Job is", () => {
    const job = aJobOf(run, jobFailed());
    const plan = decide(seenOfRun(run, { job, pods: [aJobPod(job, 1, exited(3))] }), NOON);
    expect(plan.status.exit).toEqual({ class: "AgentError", code: 3, reason: "Error" });
    expect(conditionIn(plan, "Failed")).toMatchObject({ status: "True", reason: "AgentError" });
    expect(conditionIn(plan, "Failed")?.message).toBe(
      "AgentError: the run ended with exit code 3 (Error): Job has reached the specified backoff limit",
    );
    expect(plan.events).toMatchObject([{ type: "Warning", reason: "RunFailed" }]);
  });

  it("is Cancelled, and starts no second Job, when its Job was deleted while it ran", () => {
    const plan = decide(seenOfRun(run), NOON);
    expect(acts(plan)).toEqual([]);
    expect(plan.status.exit).toEqual({ class: "Cancelled", reason: "JobDeleted" });
    expect(conditionIn(plan, "Failed")).toMatchObject({ status: "True", reason: "Cancelled" });
  });

  it("keeps its end, whatever becomes of its Job afterwards", () => {
    const status = over("AgentError");
    for (const more of [{}, { job: aJobOf(run, jobComplete()) }, { agent: undefined }]) {
      const plan = decide(seenOfRun(aRun({ status }), more), NOON + 60_000);
      expect(plan).toEqual({ acts: [], events: [], status: { observedGeneration: 1, ...status } });
    }
  });

  it("does nothing more once it is being deleted: its Job goes with it (R5)", () => {
    const deleted = aRun({ deletionTimestamp: soon, status: hasBegun() });
    for (const more of [{}, { job: aJobOf(run), pods: [aJobPod(aJobOf(run), 1, running())] }]) {
      expect(decide(seenOfRun(deleted, more), NOON)).toMatchObject({ acts: [], events: [] });
    }
    expect(decide(seenOfRun(aRun({ deletionTimestamp: soon })), NOON).acts).toEqual([]);
  });

  it("is owned by no agent twice", () => {
    const owners = [controlledBy("Agent", { name: "reviewer", uid: "uid-reviewer" })];
    expect(acts(decide(seenOfRun(aRun({ owners })), NOON))).toEqual(["create-job"]);
  });
});
