import { affectedSince } from "../../nightwatch/affected.ts";
import { countersOf } from "../../nightwatch/counters.ts";
import { isStale } from "../../nightwatch/freshness.ts";
import type { Bucket } from "../../nightwatch/window.ts";
import type { Clock, Instant } from "../../runtime/contract.ts";
import { streamOf } from "../../telemetry/log-stream.ts";
import type { LogRead, ReadLines } from "../../telemetry/read-log.ts";
import type { Telemetry } from "../../telemetry/telemetry.ts";
import type { Grid } from "../../telemetry/ticks.ts";
import { checksBeyond } from "../../telemetry/health-sampler.ts";
import { profiles } from "../../tools/profiles.ts";
import { exitCodeOf } from "../../workloads/agent-container.ts";
import { hasEnded as podHasEnded } from "../../workloads/pod-end.ts";
import { startOf } from "../../workloads/pod.ts";
import { hasEnded, isActive } from "../agent-run/run-state.ts";
import { type AgentPlan, decide } from "./decide.ts";
import { type Evidence, type Observed, statusBefore, type StoredPod } from "./observed.ts";
import { isOnHold } from "./judge.ts";
import { newShares, type NewShares } from "./run-shares.ts";
import type { Storms } from "./storms.ts";

/** How long after a tick an agent of runs is evaluated: each of its runs counts for itself first. */
const AFTER_RUNS_MS = 1_500;

/** When an agent is evaluated, by what, and what is remembered of it until the next time (D8–D11). */
export interface Evaluations {
  /** What is new of an agent; undefined where nothing is to be looked at now. Reads its log. */
  observe(seen: Observed, signal: AbortSignal): Promise<Evidence | undefined>;
  /** Decides, and asks the storm guard first where a correction is called for (C6). */
  decide(seen: Observed): AgentPlan;
  /** The plan is carried out, and its status written. */
  settled(seen: Observed, plan: AgentPlan): void;
  /** The API server refused what the plan came to: the same evidence is gathered again at the next tick, and not at once. */
  refused(seen: Observed): void;
  /** When the agent is looked at next, or earlier where something else wakes it. */
  wake(seen: Observed, wakeAt: Instant | undefined): { readonly wakeAt?: Instant };
  /** The agent is gone. */
  forget(seen: Pick<Observed, "agent">): void;
}

export function createEvaluations(telemetry: Telemetry, storms: Storms, clock: Clock): Evaluations {
  const { readLog, ticks, health } = telemetry;
  /** Checks that an evaluation has judged and no status holds, because it was no news (D12). By the agent's uid. */
  const judgedHealth = new Map<string, readonly Bucket[]>();
  /** What was read between two evaluations: it stands in the status, and the next one judges it (S5). By the agent's uid. */
  const readBefore = new Map<string, readonly Bucket[]>();
  /** Pods that have ended and whose last lines stand in a status. By uid; gone with the Pod's agent. */
  const finished = new Map<string, string>();

  /** What is due for an agent now. An ended Pod, or a run that ended, does not wait for the tick. */
  function dueNow(seen: Observed, now: Instant): "evaluation" | "reading" | undefined {
    const { uid } = seen.agent.metadata;
    if (!isRunning(seen)) {
      if (hasUncountedEnd(seen)) return "evaluation";
      ticks.forget(uid);
      return undefined;
    }
    if (seen.agent.spec.layer === "Safety") return ticks.due(uid, gridOf(seen), now);
    // The runs are read at the tick, each by its own reconcile: their counts are there a moment later.
    return ticks.due(uid, gridOf(seen), now - AFTER_RUNS_MS) ?? (hasUncountedEnd(seen) ? "evaluation" : undefined);
  }

  function hasUncountedEnd(seen: Observed): boolean {
    const { agent } = seen;
    if (agent.spec.layer !== "Safety") return sharesOf(seen).hasEnd;
    const pod = currentPod(seen);
    return pod !== undefined && podHasEnded(pod) && finished.get(agent.metadata.uid) !== pod.metadata.uid;
  }

  function rememberEvidence(uid: string, evidence: Evidence, { isWritten }: { readonly isWritten: boolean }): void {
    const checks = [...evidence.unwrittenHealth, ...evidence.health];
    if (!evidence.judges) {
      readBefore.set(uid, [...evidence.readBefore, ...(evidence.reading?.buckets ?? [])]);
      return;
    }
    readBefore.delete(uid);
    if (isWritten) {
      health.written(uid, checks);
      judgedHealth.delete(uid);
    } else judgedHealth.set(uid, checks);
  }

  /** Ends the tick: what is due next is due by the grid, whatever came of this look. */
  function looked(seen: Observed, { judges, bytes, hasMore, isUnread }: Evidence, now: Instant): void {
    const isSafety = seen.agent.spec.layer === "Safety";
    const freshAt = isSafety ? (isUnread === true ? undefined : now) : freshestRun(seen, now);
    ticks.done(seen.agent.metadata.uid, { what: judges ? "evaluation" : "reading", bytes, hasMore, freshAt }, now);
  }

  /** When evidence of any of the runs was last had: they are read by their own reconciles (D9). */
  function freshestRun(seen: Observed, now: Instant): Instant | undefined {
    if (sharesOf(seen).hasEnd) return now;
    const times = seen.runs.filter(isActive).map(({ metadata }) => ticks.freshAt(metadata.uid) ?? -Infinity);
    return times.length === 0 ? undefined : Math.max(...times);
  }

  function forgetEvidence(uid: string): void {
    health.forget(uid);
    judgedHealth.delete(uid);
    readBefore.delete(uid);
  }

  return {
    async observe(seen, signal) {
      const { agent, nightwatch } = seen;
      const { uid } = agent.metadata;
      const now = clock.now();
      const what = dueNow(seen, now);
      if (what === undefined) return undefined;
      const reading = await readSafety(seen, readLog, signal);
      if (reading?.ok === false && reading.isBusy === true && isRunning(seen)) {
        ticks.postpone(uid, clock.now());
        return undefined;
      }
      const interval = nightwatch.evaluationIntervalSeconds;
      return {
        judges: what === "evaluation",
        ...(reading?.ok === true ? { reading: readingOf(reading, currentPod(seen)) } : {}),
        isUnread: isUnread(seen, reading),
        bytes: reading?.ok === true ? reading.bytes : 0,
        hasMore: reading?.ok === true && reading.isMore,
        ...split(health.checksOf(uid), judgedHealth.get(uid) ?? []),
        readBefore: readBefore.get(uid) ?? [],
        isStale: isStale({ evidence: ticks.freshAt(uid) }, interval, now),
        storm: storms.viewOf(agent),
      };
    },
    decide(seen) {
      const plan = decide(seen, clock.now());
      const { evidence, agent, nightwatch } = seen;
      if (evidence === undefined || !plan.awaitsClearance) return plan;
      const storm = storms.gate(agent, nightwatch, affectedSince(plan.status.drift));
      return storm.isClear ? decide({ ...seen, evidence: { ...evidence, storm } }, clock.now()) : plan;
    },
    settled(seen, { status }) {
      const { agent, evidence, nightwatch } = seen;
      const { uid } = agent.metadata;
      const now = clock.now();
      const before = statusBefore(agent).drift;
      const after = { ...agent, status };
      const isNewWindow = status.drift?.windowStart !== before?.windowStart;
      if (isNewWindow) forgetEvidence(uid);
      if (evidence === undefined) return storms.rests(after);
      looked(seen, evidence, now);
      // What is on hold was not counted: it is read again.
      if (!isOnHold(seen)) {
        if (!isNewWindow) rememberEvidence(uid, evidence, { isWritten: status.drift !== before });
        const pod = currentPod(seen);
        const isRead = evidence.reading !== undefined && evidence.isUnread !== true;
        if (pod !== undefined && podHasEnded(pod) && isRead) finished.set(uid, pod.metadata.uid);
      }
      if (evidence.judges) storms.evaluated(after, affectedSince(status.drift), nightwatch);
    },
    refused(seen) {
      if (seen.evidence !== undefined) looked(seen, seen.evidence, clock.now());
    },
    wake(seen, wakeAt) {
      if (!isRunning(seen)) return wakeAt === undefined ? {} : { wakeAt };
      const after = seen.agent.spec.layer === "Safety" ? 0 : AFTER_RUNS_MS;
      const next = ticks.next(seen.agent.metadata.uid, gridOf(seen), clock.now() - after) + after;
      return { wakeAt: Math.min(wakeAt ?? Infinity, next) };
    },
    forget({ agent }) {
      const { uid } = agent.metadata;
      ticks.forget(uid);
      forgetEvidence(uid);
      finished.delete(uid);
      storms.forget(agent);
    },
  };
}

function gridOf({ agent, nightwatch }: Observed): Grid {
  return { agentUID: agent.metadata.uid, intervalSeconds: nightwatch.evaluationIntervalSeconds };
}

/**
 * The Pod of an agent's present start. One whose successor is settled already was replaced, stopped or deleted: what it
 * still writes on its way out belongs to no window, least of all to the one that its correction began (D7, C2).
 */
function currentPod({ agent, pods }: Observed): StoredPod | undefined {
  const { starts } = statusBefore(agent);
  const [pod, ...others] = pods;
  if (pod === undefined || others.length > 0) return undefined;
  return starts === undefined || startOf(agent.metadata.name, pod.metadata.name) === starts ? pod : undefined;
}

/** Not all could be read that there is: of what has ended also where a bound kept the rest for another read (S5). */
function isUnread(seen: Observed, reading: LogRead | undefined): boolean {
  if (reading === undefined) return false;
  if (!reading.ok) return !reading.isGone;
  return reading.failure !== undefined || (reading.isMore && seen.pods.every(podHasEnded));
}

function sharesOf({ agent, runs }: Observed): NewShares {
  return newShares(runs, statusBefore(agent));
}

/** Something runs for the agent, or should: what does not is not evaluated (D11). */
function isRunning({ agent, pods, runs }: Observed): boolean {
  if (agent.spec.layer !== "Safety") return runs.some((run) => isActive(run) && !hasEnded(run));
  return pods.some((pod) => pod.metadata.deletionTimestamp === undefined && !podHasEnded(pod));
}

/** The new lines of a Safety agent's Pod; undefined where there is none that has begun. */
async function readSafety(seen: Observed, readLog: Telemetry["readLog"], signal: AbortSignal) {
  const pod = seen.agent.spec.layer === "Safety" ? currentPod(seen) : undefined;
  const stream = pod === undefined ? undefined : streamOf(pod);
  if (stream === undefined) return undefined;
  const saved = statusBefore(seen.agent).drift?.cursor;
  return await readLog({ stream, saved, tool: profiles[seen.agent.spec.tool], signal });
}

function readingOf(
  { cursor, tally, buckets, reader }: ReadLines,
  pod: StoredPod | undefined,
): NonNullable<Evidence["reading"]> {
  const ended = pod === undefined || !podHasEnded(pod) ? undefined : exitCodeOf(pod);
  const { isRateLimited, linesSinceLimit } = reader.state();
  const { rateLimitResetTime: resetTime } = tally;
  const limit = isRateLimited === true || linesSinceLimit !== undefined ? { limit: optionalTime(resetTime) } : {};
  return {
    cursor,
    counts: countersOf(tally),
    buckets,
    ...limit,
    ...(ended === undefined ? {} : { verdict: reader.end(ended) }),
  };
}

function optionalTime(resetTime: string | undefined): { readonly resetTime?: string } {
  return resetTime === undefined ? {} : { resetTime };
}

/** The checks since the previous evaluation, and those that it judged already. */
function split(checks: readonly Bucket[], judged: readonly Bucket[]): Pick<Evidence, "health" | "unwrittenHealth"> {
  return { health: checksBeyond(checks, judged), unwrittenHealth: judged };
}
