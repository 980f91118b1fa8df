import type { AgentStatus } from "../../api/v1alpha1/agent.ts";
import { freshDrift, withLastFigures } from "../../nightwatch/drift.ts";
import type { Instant } from "../../runtime/contract.ts";
import { hasEnded, type PodEnd } from "../../workloads/pod-end.ts";
import { ownLabels, podName, safetyPod, startOf } from "../../workloads/pod.ts";
import { podState, type PodState } from "../../workloads/pod-state.ts";
import { fromInstant, toInstant } from "../../workloads/time.ts";
import {
  type Decision,
  isNewGeneration,
  type Observed,
  openRequest,
  statusBefore,
  type StoredPod,
} from "./observed.ts";
import { withVerdict } from "../../workloads/verdict.ts";
import { type Act, claimActs } from "../plan.ts";
import { condition, standingOfConditions } from "../conditions.ts";
import { metadataRepair, reasonToReplace, refTo, replaceMessage, type ReplaceReason } from "./replace.ts";
import { isReleased, released } from "./release.ts";
import { afterEnd, isBudgetSpent, policyOf, type RestartStatus } from "./restart.ts";
import { budgetExhausted, coolingDown, progressing, standingOf } from "./standing.ts";

/** How often an agent that waits for its turn in a rollout looks again (L6). */
const ROLLOUT_RETRY_MS = 2000;

/** How long the last lines of an ended Pod are tried for, and how often. */
const LAST_LINES_MS = 60_000;
const LAST_LINES_RETRY_MS = 2_000;

/** As stale as a fleet's figures may be (F4): a start that takes no longer than that is told by its end. */
const YOUNG_MS = 2000;

/** Exactly one Pod at any time, and the next one when it ends (L1–L6). */
export function decideSafety(seen: Observed, now: Instant): Decision {
  const starts = Math.max(statusBefore(seen.agent).starts ?? 0, ...seen.pods.map((pod) => numberOf(seen, pod)));
  const others = [...seen.pods.filter((pod) => numberOf(seen, pod) !== starts), ...seen.leftovers];
  if (others.length > 0) return awaitOthers(seen, others, starts);
  const pod = seen.pods[0];
  if (pod === undefined) return withoutPod(seen, starts, now);
  const state = podState(pod);
  if (state.state === "Stopping") return deletedByOthers(seen, pod, starts);
  if (state.state === "Ended") return ended(seen, pod, starts, state.end, now);
  if (state.state === "Ending") return awaitEnd(seen, pod, starts);
  const because = reasonToReplace(seen, pod);
  if (because !== undefined) return replace(seen, pod, starts, { because, state, now });
  const fast = state.state === "Starting" ? startingFast(seen, pod, starts, now) : undefined;
  if (fast !== undefined) return fast;
  return {
    acts: metadataRepair(seen, pod),
    standing: standingOf(state, pod, followsSuccess(seen, starts)),
    changes: {
      ...about(pod, starts),
      ...(state.state === "Running" ? { replacingSince: undefined } : {}),
    },
  };
}

/** What a young Pod passes through is not told: most are up before anybody could read it, and each stage is a write. */
function startingFast(seen: Observed, pod: StoredPod, starts: number, now: Instant): Decision | undefined {
  const before = standingOfConditions(statusBefore(seen.agent).conditions);
  const created = toInstant(pod.metadata.creationTimestamp);
  // A server's clock that is ahead must not hold anything back for long.
  if (before?.reason !== "Progressing" || Math.abs(now - created) >= YOUNG_MS) return undefined;
  return {
    acts: metadataRepair(seen, pod),
    standing: before,
    changes: { starts, active: active([pod]) },
    wakeAt: created + YOUNG_MS,
  };
}

/** Between a container's end and its Pod's nothing is known that was not known before: a finished pass is no trouble (L3). */
function awaitEnd(seen: Observed, pod: StoredPod, starts: number): Decision {
  const before = standingOfConditions(statusBefore(seen.agent).conditions);
  return {
    acts: [],
    standing: before ?? progressing(`Pod ${pod.metadata.name} is ending`),
    changes: about(pod, starts),
  };
}

/** An agent that must not run has no Pod; the number of the next one is settled before the last one goes (L5). */
export function stopSafety(seen: Observed, reason: string, message: string): Decision {
  const { pods, agent } = seen;
  const { starts = 0, active: lastSeen = [] } = statusBefore(agent);
  if (pods.length === 0) {
    // The cache selects by a label that anybody can remove: what ran when last looked at is gone only if the server says so.
    return {
      acts: lastSeen.map(({ name }) => findPod(agent, name)),
      standing: { ready: "True", reason, message },
      changes: { active: [], replacingSince: undefined },
    };
  }
  const running = pods.filter((pod) => pod.metadata.deletionTimestamp === undefined);
  const deletions = running.map((pod) => ({ act: "delete-pod", pod: refTo(pod), because: reason }) as const);
  return {
    acts: deletions.length === 0 ? [] : [{ act: "record-status" }, ...deletions],
    standing: {
      ready: "False",
      reason: "Stopping",
      message: `${message}; ${names(pods)} is stopping`,
      also: "Reconciling",
    },
    changes: {
      starts: Math.max(starts, ...pods.map((pod) => settledAfter(seen, numberOf(seen, pod)))),
      active: active(pods),
      replacingSince: undefined,
    },
  };
}

/** Pods that should not be there go first: superseded ones of ours, and those of an earlier agent of this name (L1). */
function awaitOthers(seen: Observed, others: readonly StoredPod[], starts: number): Decision {
  const ours = others.filter((pod) => pod.metadata.deletionTimestamp === undefined && !seen.leftovers.includes(pod));
  return {
    acts: ours.map((pod) => ({ act: "delete-pod", pod: refTo(pod), because: "Superseded" }) as const),
    standing: progressing(
      `waits until ${names(others)} is gone, so that two never run at once`,
      followsSuccess(seen, starts),
    ),
    changes: { starts, active: active(others) },
  };
}

function withoutPod(seen: Observed, starts: number, now: Instant): Decision {
  const { agent } = seen;
  const status = statusBefore(agent);
  const counted = countedEnd(seen, starts);
  // Nothing tells whether the changed spec shapes the Pod otherwise than the one that is gone did.
  const startsAtOnce = isNewGeneration(agent) || openRequest(agent, "restart") !== undefined;
  const held = counted === undefined || startsAtOnce ? undefined : heldBack(seen, counted, now);
  if (held !== undefined) return { ...held, changes: { starts, active: [] } };
  // What ran has spent its number, be its end counted or the Pod gone while nobody looked; else the Pod was never made (L5).
  const vanished = counted === undefined && wasRunning(seen, starts);
  const start = counted === undefined && !vanished ? Math.max(starts, 1) : starts + 1;
  const name = podName(agent.metadata.name, start);
  // The number may be settled since its predecessor was stopped or deleted, whose evidence the window holds until now (D7).
  const isSettled = status.starts === start && (status.drift?.buckets ?? []).length === 0;
  return {
    acts: [
      // The cache selects by a label that anybody can remove: what ran is gone only if the server says so.
      ...(vanished ? [findPod(agent, podName(agent.metadata.name, starts))] : []),
      // Either ends on an agent that changed since it was read: a cache that lags never starts a Pod beside a newer one.
      { act: isSettled ? "confirm-agent" : "record-status" },
      ...claimActs(agent),
      { act: "create-pod", pod: safetyPod(agent, start, seen.images) },
    ],
    standing: progressing(`Pod ${name} is being created`, followsSuccess(seen, start)),
    changes: {
      starts: start,
      active: [{ kind: "Pod", name }],
      ...answeredRestart(seen),
      ...(isSettled ? {} : newWindow(seen, now)),
    },
  };
}

function findPod(agent: Observed["agent"], name: string): Act {
  return { act: "find-pod", pod: { namespace: agent.metadata.namespace ?? "", name }, labels: ownLabels(agent) };
}

/** True where the status says of the Pod of start n that it runs: it was there. */
function wasRunning({ agent }: Observed, start: number): boolean {
  const { active: lastSeen = [], conditions } = statusBefore(agent);
  const isTold = condition(conditions, "Ready")?.reason === "Running";
  return isTold && lastSeen.some(({ name }) => name === podName(agent.metadata.name, start));
}

/** Somebody else deleted the Pod (a person, a drain): the next number is settled now and starts when this one is gone. */
function deletedByOthers(seen: Observed, pod: StoredPod, starts: number): Decision {
  return {
    acts: [],
    standing: progressing(`Pod ${pod.metadata.name} was deleted; the next starts when it is gone`),
    changes: about(pod, settledAfter(seen, starts)),
  };
}

function ended(seen: Observed, pod: StoredPod, starts: number, end: PodEnd, now: Instant): Decision {
  const { restart: before } = statusBefore(seen.agent);
  const policy = policyOf(seen.agent.spec);
  if (isUnread(seen, end, now)) return awaitLastLines(seen, pod, starts, now);
  const told = withVerdict(end, seen.evidence?.reading?.verdict);
  const counted = countedEnd(seen, starts) ?? afterEnd(before, { start: starts, end: told }, policy, now);
  const because = reasonToReplace(seen, pod);
  const startsAtOnce = because === "SpecChanged" || because === "RestartRequested";
  const restart = startsAtOnce || isReleased(seen.agent) ? released(counted, policy, now) : counted;
  const facts = {
    ...about(pod, starts),
    restart,
    // A pass that finished ran, even where nobody saw its Pod while it was up.
    ...(restart.lastExit?.class === "Success"
      ? { lastSuccessTime: restart.lastExit.time, replacingSince: undefined }
      : {}),
  };
  const held = startsAtOnce ? undefined : heldBack(seen, restart, now);
  if (held !== undefined) return { ...held, changes: facts };
  return {
    acts: [{ act: "record-status" }, { act: "delete-pod", pod: refTo(pod), because: "NextStart" }],
    standing: progressing(
      `start ${starts + 1} follows Pod ${pod.metadata.name}`,
      restart.lastExit?.class === "Success",
    ),
    changes: { ...facts, starts: starts + 1, ...answeredRestart(seen), ...newWindow(seen, now) },
  };
}

/** Before an ended Pod goes its last lines are read (S5), unless they cannot be for a minute. */
function isUnread({ evidence }: Observed, { time }: PodEnd, now: Instant): boolean {
  return evidence?.isUnread === true && time !== undefined && now < toInstant(time) + LAST_LINES_MS;
}

function awaitLastLines(seen: Observed, pod: StoredPod, starts: number, now: Instant): Decision {
  return { ...awaitEnd(seen, pod, starts), wakeAt: now + LAST_LINES_RETRY_MS };
}

/** Why the next start must wait, or may not happen: a spent budget or a cooldown. Undefined: it may start now. */
function heldBack(seen: Observed, restart: RestartStatus, now: Instant): Omit<Decision, "changes"> | undefined {
  const policy = policyOf(seen.agent.spec);
  if (isBudgetSpent(restart, policy)) return { acts: [], standing: budgetExhausted(restart, policy) };
  const next = restart.nextStartTime === undefined ? now : toInstant(restart.nextStartTime);
  return next > now ? { acts: [], standing: coolingDown(restart, policy), wakeAt: next } : undefined;
}

function replace(
  seen: Observed,
  pod: StoredPod,
  starts: number,
  why: { readonly because: ReplaceReason; readonly state: PodState; readonly now: Instant },
): Decision {
  const { because, state, now } = why;
  // A Pod that is not up is not missed: only taking a running one away is rationed. Who holds a place already keeps it.
  const { replacingSince } = statusBefore(seen.agent);
  const rationed = because === "SpecChanged" && state.state === "Running";
  if (rationed && replacingSince === undefined && !seen.rollout.open) {
    return {
      acts: [],
      standing: { ready: "False", reason: "RolloutWaiting", message: seen.rollout.message, also: "Reconciling" },
      changes: about(pod, starts),
      wakeAt: now + ROLLOUT_RETRY_MS,
    };
  }
  return {
    acts: [
      { act: "check-pod", pod: safetyPod(seen.agent, starts + 1, seen.images) },
      { act: "record-status" },
      { act: "delete-pod", pod: refTo(pod), because },
    ],
    standing: progressing(`Pod ${pod.metadata.name} is replaced: ${replaceMessage[because]}`),
    changes: {
      ...about(pod, starts + 1),
      ...answeredRestart(seen),
      ...newWindow(seen, now),
      ...(rationed ? { replacingSince: replacingSince ?? fromInstant(now) } : {}),
    },
  };
}

/** The restart record if start n ended and its end was counted: what follows keeps to cooldown and budget. */
function countedEnd(seen: Observed, start: number): RestartStatus | undefined {
  const { restart } = statusBefore(seen.agent);
  return restart?.lastExit?.start === start ? restart : undefined;
}

/** The number to settle before the Pod of start n goes: its end decides on the next one where it was counted. */
function settledAfter(seen: Observed, start: number): number {
  return countedEnd(seen, start) === undefined ? start + 1 : start;
}

function answeredRestart(seen: Observed): Partial<AgentStatus> {
  const asked = openRequest(seen.agent, "restart");
  return asked === undefined ? {} : { lastHandledRestartAt: asked };
}

/** Each start begins a new window (D7): no Pod is corrected for what the one before it did (C3). */
function newWindow({ agent }: Observed, now: Instant): Pick<AgentStatus, "drift"> {
  const { drift = {} } = statusBefore(agent);
  return { drift: withLastFigures(freshDrift(drift, now), drift) };
}

/** True while start n carries on from a finished pass n − 1, and nothing else happened in between. */
function followsSuccess(seen: Observed, start: number): boolean {
  const { restart } = statusBefore(seen.agent);
  return restart?.lastExit?.class === "Success" && restart.lastExit.start === start - 1;
}

function about(pod: StoredPod, starts: number): Partial<AgentStatus> {
  const time = pod.status?.startTime;
  return { starts, active: active([pod]), ...(time === undefined ? {} : { lastRunTime: time }) };
}

function active(pods: readonly StoredPod[]): NonNullable<AgentStatus["active"]> {
  return pods.filter((pod) => !hasEnded(pod)).map((pod) => ({ kind: "Pod" as const, name: pod.metadata.name }));
}

function numberOf(seen: Observed, pod: StoredPod): number {
  return startOf(seen.agent.metadata.name, pod.metadata.name) ?? 0;
}

function names(pods: readonly StoredPod[]): string {
  return `Pod ${pods.map((pod) => pod.metadata.name).join(", ")}`;
}
