import type { AgentRunStatus } from "../../api/v1alpha1/agent-run.ts";
import type { Instant } from "../../runtime/contract.ts";
import { formatDuration } from "../../workloads/duration.ts";
import { runJob } from "../../workloads/job.ts";
import { controlledBy, controllerOf, label, managedBy } from "../../workloads/labels.ts";
import { classifyEnd, hasEnded as podHasEnded } from "../../workloads/pod-end.ts";
import { podState } from "../../workloads/pod-state.ts";
import { fromInstant, toInstant } from "../../workloads/time.ts";
import { withVerdict } from "../../workloads/verdict.ts";
import { condition, type NewCondition, nextConditions } from "../conditions.ts";
import type { StoredPod } from "../agent/observed.ts";
import type { Refusal } from "../agent/refusal.ts";
import { claimActs, type EventNote, type Plan, type RunAct } from "../plan.ts";
import { type Exit, exitOf, wordsOf } from "./exit.ts";
import { type Observed, statusBefore, type StoredJob } from "./observed.ts";
import { outputFields } from "./output.ts";
import { hasEnded, hasStarted, isEnding, jobEnd } from "./run-state.ts";
import { whyItWaits } from "./waiting.ts";

export type RunPlan = Plan<AgentRunStatus, RunAct>;

/** How often a run that waits for a place looks for itself, should a wake-up ever be missed; also renews its shown place. */
const QUEUE_RETRY_MS = 300_000;

/** What refused a Job (a quota, a policy) may be gone a minute later, without any event that tells us. */
const REFUSED_RETRY_MS = 60_000;

/** How soon the Job controller has made a Job's Pod where nothing keeps it from it. */
const POD_AFTER_MS = 10_000;

/** How soon the last lines of a run are read again after that failed, and for how long. */
const OUTPUT_RETRY_MS = 2_000;
const OUTPUT_GIVE_UP_MS = 60_000;

type Refused = Pick<Refusal, "reason" | "message" | "retryMs">;

/** What is decided about a run beside its acts. */
interface Decision {
  readonly acts: RunPlan["acts"];
  /** The conditions that change. */
  readonly conditions: Readonly<Record<string, NewCondition>>;
  readonly state: string;
  readonly changes?: Partial<AgentRunStatus>;
  readonly events?: readonly EventNote[];
  readonly wakeAt?: Instant;
}

/** Every outcome that a run can have. A run's Job is created once: after that only its end is awaited (R1–R6). */
export function decide(seen: Observed, now: Instant): RunPlan {
  const { run } = seen;
  if (run.metadata.deletionTimestamp !== undefined || hasEnded(run)) {
    return { acts: [], status: statusBefore(run), events: [] };
  }
  return toPlan(seen, decision(seen, now), now);
}

function decision(seen: Observed, now: Instant): Decision {
  const { run, job, agent } = seen;
  if (job !== undefined && controllerOf(job)?.uid !== run.metadata.uid) return nameTaken(seen, job);
  if (job !== undefined) return withJob(seen, job, now);
  if (hasStarted(run)) return ended(...cancelled(seen), fromInstant(now));
  if (agent?.spec.layer === "Safety") {
    const message = `Agent ${agent.metadata.name} is of layer Safety: its Pod always runs, only Core and Growth agents have runs`;
    return {
      ...ended({ class: "ConfigError", reason: "SafetyAgent" }, message, fromInstant(now)),
      acts: adoption(seen),
    };
  }
  const waiting = whyItWaits(seen);
  if (waiting !== undefined) {
    const { reason, message } = waiting;
    const isQueued = reason === "Queued" || reason === "ConcurrencyLimit";
    return {
      acts: adoption(seen),
      conditions: { Started: { type: "Started", status: "False", reason, message } },
      state: reason,
      ...(isQueued ? { wakeAt: now + QUEUE_RETRY_MS } : {}),
    };
  }
  if (agent === undefined) throw new Error("a run without an agent waits");
  return {
    acts: [...adoption(seen), ...claimActs(agent), { act: "create-job", job: runJob(agent, run, seen.images) }],
    conditions: jobCreated(seen),
    state: "Running",
    changes: { jobName: run.metadata.name },
    wakeAt: now + POD_AFTER_MS,
  };
}

/** Its Job went while it ran: by a correction or a pause of its agent, or by somebody's hand. */
function cancelled({ run, agent }: Observed): readonly [Exit, string] {
  const { correction, pause } = agent?.status ?? {};
  if (correction?.pending?.uid === run.metadata.uid) {
    const message = `stopped by a correction of its agent (${correction.pending.action})`;
    return [{ class: "Cancelled", reason: "Corrected" }, message];
  }
  if (pause !== undefined) {
    return [{ class: "Cancelled", reason: "AgentPaused" }, `stopped when its agent was paused (${pause.reason})`];
  }
  return [{ class: "Cancelled", reason: "JobDeleted" }, "the run's Job was deleted while it ran"];
}

/** A run goes with its agent (F6): one that a person created is given its owner before it starts. */
function adoption({ run, agent }: Observed): RunPlan["acts"] {
  if (agent === undefined || agent.metadata.deletionTimestamp !== undefined) return [];
  const isOwned = run.metadata.ownerReferences?.some(({ uid }) => uid === agent.metadata.uid) ?? false;
  if (isOwned) return [];
  // Whoever created the run may control it already, and an object has one controller at most.
  const { controller: _, ...owner } = controlledBy("Agent", agent.metadata);
  return [{ act: "adopt-run", owner: controllerOf(run) === undefined ? { ...owner, controller: true } : owner }];
}

function nameTaken(seen: Observed, { metadata }: StoredJob): Decision {
  const message = nameTakenMessage(metadata.name);
  return {
    acts: adoption(seen),
    conditions: { Started: { type: "Started", status: "False", reason: "NameConflict", message } },
    state: "NameConflict",
  };
}

export function nameTakenMessage(name: string): string {
  return `a Job named ${name} exists and is not this run's: delete it, or create the run under another name`;
}

function withJob(seen: Observed, job: StoredJob, now: Instant): Decision {
  const end = jobEnd(job);
  const startedReason = condition(statusBefore(seen.run).conditions, "Started")?.reason;
  if (end !== undefined) {
    if (isUnread(seen, end, now)) {
      return { acts: [], ...running(seen), changes: facts(seen, job), wakeAt: now + OUTPUT_RETRY_MS };
    }
    const exit = withVerdict(exitOf(end, seen.pods, startedReason), seen.output?.verdict);
    const time = end.time ?? fromInstant(now);
    const over = ended(exit, endMessage(seen, exit, end.message), time);
    return {
      ...over,
      // A short run may be over before anybody wrote that it started.
      conditions: { ...(hasStarted(seen.run) ? {} : jobCreated(seen)), ...over.conditions },
      changes: { ...facts(seen, job), exit, completionTime: time },
    };
  }
  return {
    acts: [...labelRepair(job), ...disruptions(seen, job, now), ...podCheck(seen, job, now)],
    ...running(seen),
    changes: facts(seen, job),
    ...(seen.pods.length === 0 ? { wakeAt: nextPodCheck(job, now) } : {}),
  };
}

/** The end is recorded once and for good: what the run wrote last must be read before (S5), unless it cannot be for a minute. */
function isUnread({ output }: Observed, end: { readonly time?: string }, now: Instant): boolean {
  if (output === undefined || (output.unread === undefined && !output.hasMore)) return false;
  return output.hasMore || end.time === undefined || now < toInstant(end.time) + OUTPUT_GIVE_UP_MS;
}

function endMessage({ pods, output }: Observed, exit: Exit, jobMessage: string): string {
  const unread = output?.unread === undefined ? "" : `; not all of its log could be read: ${output.unread}`;
  if (exit.class === "Success") return `the run succeeded${unread}`;
  return `${failureMessage(exit, wordsOf(pods) ?? output?.tally.result.summary ?? jobMessage)}${unread}`;
}

/** A Job whose Pods are refused (a quota, a policy, a missing account) says so nowhere but in events: we ask (R6). */
function podCheck({ pods }: Observed, job: StoredJob, now: Instant): RunPlan["acts"] {
  if (pods.length > 0 || isEnding(job) || now < toInstant(job.metadata.creationTimestamp) + POD_AFTER_MS) return [];
  const { name, namespace = "" } = job.metadata;
  const { metadata, spec } = job.spec.template;
  return [{ act: "check-pod", pod: { metadata: { ...metadata, name: `${name}-check`, namespace }, spec } }];
}

function nextPodCheck({ metadata }: StoredJob, now: Instant): Instant {
  const first = toInstant(metadata.creationTimestamp) + POD_AFTER_MS;
  return now < first ? first : now + REFUSED_RETRY_MS;
}

/** After the API server said why the Job of a run has no Pod: the run has started, and shows that it does not run (R6). */
export function withoutPod(seen: Observed, plan: RunPlan, { reason, message }: Refused, now: Instant): RunPlan {
  const said = `Job ${seen.run.metadata.name} gets no Pod: ${message}`;
  const isNew = condition(statusBefore(seen.run).conditions, "Started")?.reason !== reason;
  const chosen: Decision = {
    acts: [],
    conditions: started(reason, said),
    state: reason,
    changes: plan.status,
    events: isNew ? [{ type: "Warning", reason, action: "Run", note: said }] : [],
    ...(plan.wakeAt === undefined ? {} : { wakeAt: plan.wakeAt }),
  };
  return toPlan(seen, chosen, now);
}

/** A Job whose label was removed by hand is in no cache, and its end would never be seen. */
function labelRepair({ metadata }: StoredJob): RunPlan["acts"] {
  if (metadata.labels?.[label.managedBy] === managedBy) return [];
  const { namespace = "", name, uid } = metadata;
  return [{ act: "restore-job-labels", job: { namespace, name, uid }, labels: { [label.managedBy]: managedBy } }];
}

function failureMessage({ class: kind, code, reason }: Exit, words: string): string {
  const how = code === undefined ? "" : ` with exit code ${code}`;
  return `${kind}: the run ended${how} (${reason ?? "no reason given"})${words === "" ? "" : `: ${words}`}`;
}

/** Running, or why its Pod does not (R6). */
function running(seen: Observed): Pick<Decision, "conditions" | "state"> {
  const pod = seen.pods.at(-1);
  const state = pod === undefined ? undefined : podState(pod);
  if (state?.state === "Blocked") {
    return { conditions: started(state.reason, `Pod ${pod?.metadata.name}: ${state.message}`), state: state.reason };
  }
  const before = condition(statusBefore(seen.run).conditions, "Started");
  // Between two Pods, and while one goes, there is no news: what kept it from starting may be why it goes.
  const isNews = state !== undefined && state.state !== "Stopping";
  if (before?.status === "True" && (before.reason === "JobCreated" || !isNews)) {
    return { conditions: { Started: before }, state: before.reason === "JobCreated" ? "Running" : before.reason };
  }
  return { conditions: started("JobCreated", `Job ${seen.run.metadata.name} was created`), state: "Running" };
}

/**
 * Pods that somebody deletes by hand end like any other to the Job: marked as disrupted they are replaced and do not count
 * (R4). What had failed before it was deleted failed by itself.
 */
function disruptions({ pods }: Observed, job: StoredJob, now: Instant): RunPlan["acts"] {
  if (isEnding(job) || isPastDeadline(job, now)) return [];
  return pods
    .filter((pod) => !pod.status?.conditions?.some(({ type }) => type === "DisruptionTarget"))
    .filter(endsByDeletion)
    .map((pod) => ({
      act: "mark-disrupted",
      pod: {
        namespace: pod.metadata.namespace ?? "",
        name: pod.metadata.name,
        resourceVersion: pod.metadata.resourceVersion,
      },
    }));
}

function endsByDeletion(pod: StoredPod): boolean {
  const { deletionTimestamp, deletionGracePeriodSeconds = 0 } = pod.metadata;
  if (deletionTimestamp === undefined) return false;
  if (!podHasEnded(pod)) return true;
  // deletionTimestamp is when the grace period is over; the request came that much earlier.
  const requestedAt = toInstant(deletionTimestamp) - 1000 * deletionGracePeriodSeconds;
  const { class: kind, time } = classifyEnd(pod);
  return kind !== "Success" && time !== undefined && toInstant(time) >= requestedAt;
}

/** The Job ends its Pods itself a moment before it says so (its condition FailureTarget). */
function isPastDeadline(job: StoredJob, now: Instant): boolean {
  const { startTime } = job.status ?? {};
  const { activeDeadlineSeconds } = job.spec;
  if (startTime === undefined || activeDeadlineSeconds === undefined) return false;
  return now >= toInstant(startTime) + 1000 * activeDeadlineSeconds;
}

function facts({ run, agent, pods, output }: Observed, job: StoredJob): Partial<AgentRunStatus> {
  const podName = pods.at(-1)?.metadata.name ?? statusBefore(run).podName;
  // A Job starts a moment before it has a Pod: told together they are one write.
  const jobStart = pods.length > 0 || jobEnd(job) !== undefined ? job.status?.startTime : undefined;
  const startTime = statusBefore(run).startTime ?? pods[0]?.status?.startTime ?? jobStart;
  return {
    jobName: job.metadata.name,
    ...(podName === undefined ? {} : { podName }),
    ...(startTime === undefined ? {} : { startTime }),
    ...(output === undefined || agent === undefined ? {} : outputFields(output, agent.spec.tool)),
  };
}

function started(reason: string, message: string): Readonly<Record<string, NewCondition>> {
  return { Started: { type: "Started", status: "True", reason, message } };
}

function jobCreated({ run }: Observed): Readonly<Record<string, NewCondition>> {
  return started("JobCreated", `Job ${run.metadata.name} was created`);
}

function ended(exit: Exit, message: string, completionTime: string): Decision {
  const type = exit.class === "Success" ? "Complete" : "Failed";
  return {
    acts: [],
    conditions: { [type]: { type, status: "True", reason: exit.class, message } },
    state: type,
    changes: { exit, completionTime },
    events: type === "Failed" ? [{ type: "Warning", reason: "RunFailed", action: "Run", note: message }] : [],
  };
}

/** After the API server refused the Job: the run waits and says why, and tries again by itself. */
export function afterRefusal(seen: Observed, refused: Refused, now: Instant): RunPlan {
  const { reason, message, retryMs = REFUSED_RETRY_MS } = refused;
  const before = condition(statusBefore(seen.run).conditions, "Started");
  const chosen: Decision = {
    acts: [],
    conditions: { Started: { type: "Started", status: "False", reason, message } },
    state: reason,
    events: before?.reason === reason ? [] : [{ type: "Warning", reason, action: "Run", note: message }],
    wakeAt: now + retryMs,
  };
  return toPlan(seen, chosen, now);
}

function toPlan(seen: Observed, chosen: Decision, now: Instant): RunPlan {
  const before = statusBefore(seen.run);
  const generation = seen.run.metadata.generation ?? 0;
  const { startTime, completionTime } = { ...before, ...chosen.changes };
  const duration =
    startTime === undefined || completionTime === undefined
      ? undefined
      : formatDuration(Math.max(0, toInstant(completionTime) - toInstant(startTime)));
  return {
    acts: chosen.acts,
    status: {
      ...before,
      ...chosen.changes,
      observedGeneration: generation,
      conditions: [...nextConditions(before.conditions, chosen.conditions, generation, fromInstant(now))],
      display: { state: chosen.state, ...(duration === undefined ? {} : { duration }) },
    },
    events: chosen.events ?? [],
    ...(chosen.wakeAt === undefined ? {} : { wakeAt: chosen.wakeAt }),
  };
}
