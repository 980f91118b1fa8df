import type { AgentStatus } from "../../api/v1alpha1/agent.ts";
import { notYetDrifted } from "../../nightwatch/judgement.ts";
import { pausedCondition } from "../../nightwatch/pause.ts";
import type { Instant } from "../../runtime/contract.ts";
import { fromInstant } from "../../workloads/time.ts";
import { condition, type NewCondition, nextConditions, type Standing, standingConditions } from "../conditions.ts";
import type { EventNote, Plan } from "../plan.ts";
import type { Refusal } from "./refusal.ts";
import { type Judged, judgeAgent, withFirstFigures } from "./judge.ts";
import { type Decision, type Observed, openRequest, request, statusBefore } from "./observed.ts";
import { decideOnDemand, restPaused, restSuspended } from "./on-demand.ts";
import { type Answered, answerPauseRequests } from "./pausing.ts";
import { notLimited } from "./rate-limit.ts";
import { decideScheduled } from "./scheduled.ts";
import { withReleasedBudget } from "./release.ts";
import { decideSafety, stopSafety } from "./safety.ts";

/** What one reconcile of an agent does, and what of its evaluation the caller must know. */
export interface AgentPlan extends Plan<AgentStatus> {
  /** A correction is called for, and waits until the storm guard has looked at the others (C6). */
  readonly awaitsClearance: boolean;
}

/** Every outcome that an agent can have, from what was observed and the time alone. */
export function decide(seen: Observed, now: Instant): AgentPlan {
  const { agent } = seen;
  if (agent.metadata.deletionTimestamp !== undefined) {
    return { acts: [], status: statusBefore(agent), events: [], awaitsClearance: false };
  }
  const judged = judgeAgent(answered(seen, now), now);
  return toPlan(judged, decision(judged.seen, now), now);
}

/** What humans asked for by annotation is settled first: all that follows builds on it. */
function answered(seen: Observed, now: Instant): Answered {
  return answerPauseRequests(withReleasedBudget(withFirstFigures(seen, now), now), now);
}

function decision(seen: Observed, now: Instant): Decision {
  const { agent, fleet, problems } = seen;
  const { pause } = statusBefore(agent);
  if (pause !== undefined && agent.spec.layer === "Safety") return stopSafety(seen, "Paused", pause.message ?? "");
  if (problems.length > 0) return stalled("InvalidSpec", problems.join("; "));
  if (agent.spec.suspend) return stopped(seen, "Suspended", "spec.suspend is true");
  if (fleet?.suspend === true) return stopped(seen, "FleetSuspended", `AgentFleet ${fleet.name} is suspended`);
  if (agent.spec.layer === "Safety") return decideSafety(seen, now);
  if (agent.spec.layer === "Core") return decideScheduled(seen, now);
  return pause === undefined ? decideOnDemand(seen) : restPaused(seen, pause.message ?? "");
}

/** Nothing is done, and what runs goes on: only a human can mend the spec. */
function stalled(reason: string, message: string): Decision {
  return { acts: [], standing: { ready: "False", reason, message, also: "Stalled" }, changes: {} };
}

function stopped(seen: Observed, reason: string, message: string): Decision {
  if (seen.agent.spec.layer === "Safety") return stopSafety(seen, reason, message);
  return restSuspended(seen, reason, message);
}

/** The whole next status: what was there, what the decision changes, the conditions, and the echoes of what was asked. */
function toPlan(judged: Judged, decided: Decision, now: Instant): AgentPlan {
  const { seen } = judged;
  const { acts, standing, changes, events = [], wakeAt } = decided;
  const before = statusBefore(seen.agent);
  const generation = seen.agent.metadata.generation ?? 0;
  const types = {
    ...standingConditions(standing),
    ...driftConditions(judged),
    Paused: before.pause === undefined ? notPaused : pausedCondition(before.pause),
  };
  const conditions = nextConditions(before.conditions, types, generation, fromInstant(now));
  const echo = (which: "pause" | "resume" | "reconcile"): string | undefined =>
    openRequest(seen.agent, which) ?? before[request[which].echo];
  const status = withoutUndefined({
    ...before,
    ...changes,
    lastHandledPauseAt: echo("pause"),
    lastHandledResumeAt: echo("resume"),
    lastHandledReconcileAt: echo("reconcile"),
    observedGeneration: generation,
    conditions: [...conditions],
  });
  return {
    acts,
    status,
    events: [...eventsFor(before, standing), ...judged.events, ...events],
    awaitsClearance: judged.awaitsClearance,
    ...(wakeAt === undefined ? {} : { wakeAt }),
  };
}

/** What Drifted and RateLimited say: as judged, as before where nothing was, and after a resume that nothing is known yet. */
function driftConditions({ seen, conditions }: Judged): Readonly<Record<string, NewCondition | undefined>> {
  const before = statusBefore(seen.agent).conditions;
  const drifted = seen.isResumed === true ? undefined : condition(before, "Drifted");
  // What was not judged now still holds, for this generation too.
  return {
    Drifted: drifted ?? nothingSeen,
    RateLimited: condition(before, "RateLimited") ?? notLimited,
    ...conditions,
  };
}

const nothingSeen: NewCondition = { type: "Drifted", ...notYetDrifted, message: "nothing was seen yet" };

const notPaused: NewCondition = { type: "Paused", status: "False", reason: "NotPaused", message: "nobody paused it" };

/** Reasons under which Ready is not True and nobody needs to be told: the agent is on its way. */
const ON_ITS_WAY = new Set(["Progressing", "Stopping", "RolloutWaiting"]);

/** One event per change that a person would want to know of: trouble when it begins, and that it is over. */
function eventsFor(before: AgentStatus, { ready, reason, message }: Standing): readonly EventNote[] {
  const was = condition(before.conditions, "Ready");
  if (was?.reason === reason) return [];
  if (ready !== "True")
    return ON_ITS_WAY.has(reason) ? [] : [{ type: "Warning", reason, action: "Reconcile", note: message }];
  const wasTrouble = was !== undefined && was.status !== "True" && !ON_ITS_WAY.has(was.reason);
  const worthTelling = wasTrouble || reason === "Suspended" || reason === "FleetSuspended";
  return worthTelling ? [{ type: "Normal", reason, action: "Reconcile", note: message }] : [];
}

/** After the API server refused a Pod or a run: nothing that runs was touched, and the agent says what was refused. */
export function afterRefusal(seen: Observed, refusal: Refusal, now: Instant): AgentPlan {
  const { starts } = statusBefore(seen.agent);
  const { reason, message, needsHuman, retryMs = REFUSED_RETRY_MS } = refusal;
  const { evidence: _, ...rest } = seen;
  return toPlan(
    // Without the evidence: what it called for was not done, and it is gathered again.
    judgeAgent(answered(rest, now), now),
    {
      acts: [],
      standing: { ready: "False", reason, message, ...(needsHuman ? { also: "Stalled" as const } : {}) },
      changes: {
        starts,
        ...(seen.agent.spec.layer === "Safety"
          ? { active: seen.pods.map((pod) => ({ kind: "Pod" as const, name: pod.metadata.name })) }
          : {}),
      },
      wakeAt: now + retryMs,
    },
    now,
  );
}

/** What refused a Pod (a quota, a policy, a missing account) may be gone a minute later, without any event that tells us. */
const REFUSED_RETRY_MS = 60_000;

function withoutUndefined(status: {
  readonly [Field in keyof AgentStatus]?: AgentStatus[Field] | undefined;
}): AgentStatus {
  const entries = Object.entries(status).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries);
}
