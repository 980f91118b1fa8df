import type { AgentStatus } from "../../api/v1alpha1/agent.ts";
import { withoutStorm } from "../../nightwatch/after-storm.ts";
import { type CorrectionDecision, decideCorrection } from "../../nightwatch/correction.ts";
import { type Correction, farthestOff, type Target } from "../../nightwatch/correction-target.ts";
import { addCounters, noCounts } from "../../nightwatch/counters.ts";
import { freshDrift, nextDrift, type Read, withLastFigures, withRead } from "../../nightwatch/drift.ts";
import type { Drift, Judgement } from "../../nightwatch/judgement.ts";
import type { Instant } from "../../runtime/contract.ts";
import { podState } from "../../workloads/pod-state.ts";
import { toInstant } from "../../workloads/time.ts";
import { freshWorkspaceSince } from "../../workloads/workspace.ts";
import { isActive } from "../agent-run/run-state.ts";
import type { NewCondition } from "../conditions.ts";
import type { EventNote } from "../plan.ts";
import { type Evidence, type Observed, statusBefore } from "./observed.ts";
import { type Answered, withStatus } from "./pausing.ts";
import { rateLimitCondition } from "./rate-limit.ts";
import { countsOf, newShares, type NewShares } from "./run-shares.ts";

/** An agent with what its evaluation made of it: the status already says so. */
export interface Judged {
  readonly seen: Observed;
  readonly conditions: Readonly<Record<string, NewCondition>>;
  readonly events: readonly EventNote[];
  /** A correction is called for that the storm guard has not cleared yet (C6). */
  readonly awaitsClearance: boolean;
}

/** Figures of an agent that was never looked at, so that its row in a table is whole from the start. */
export function withFirstFigures(seen: Observed, now: Instant): Observed {
  const { drift, correction } = statusBefore(seen.agent);
  if (drift !== undefined && correction !== undefined) return seen;
  return withStatus(seen, {
    drift: drift ?? freshDrift(undefined, now),
    correction: correction ?? { action: "None", total: 0 },
  });
}

/** Adds what is new of an agent to its window, and where an evaluation is due says what follows (behaviour.md 1.2, 1.3). */
export function judgeAgent({ seen, events }: Answered, now: Instant): Judged {
  const { evidence, nightwatch } = seen;
  const limit = rateLimitCondition(seen);
  // What was gathered in the same look as a resume is from before it: its window begins empty (C5).
  const isLate = seen.isResumed === true;
  if (evidence === undefined || isLate || isOnHold(seen))
    return { seen, conditions: limit, events, awaitsClearance: false };
  const status = statusBefore(seen.agent);
  const shares = newShares(seen.runs, status);
  const read = readOf(seen, evidence, shares, now);
  if (!evidence.judges) {
    return {
      seen: withStatus(seen, { drift: withRead(status.drift, read, nightwatch, now) }),
      conditions: limit,
      events,
      awaitsClearance: false,
    };
  }
  const { health, unwrittenHealth, readBefore, isStale } = evidence;
  const found = nextDrift(
    status,
    { ...read, health, unwrittenHealth, readBefore, isStale, storm: stormOf(evidence, status.drift) },
    nightwatch,
    now,
  );
  const judgement = isOver(evidence, found.drift) ? withoutStorm(found, nightwatch, now) : found;
  return followed(seen, evidence, judgement, { events, limit }, now);
}

/** Nobody knows how it is to be watched, or it is about to stop: nothing is judged, and what it wrote is read later. */
export function isOnHold({ agent, fleet, problems }: Observed): boolean {
  const isSuspended = agent.spec.suspend || fleet?.suspend === true;
  return problems.length > 0 || (agent.spec.layer === "Safety" && isSuspended);
}

function readOf({ agent }: Observed, { reading }: Evidence, shares: NewShares, now: Instant): Read {
  return {
    counts: addCounters(reading?.counts ?? noCounts, shares.counts),
    at: now,
    ...(reading === undefined ? {} : { buckets: reading.buckets }),
    cursor: reading?.cursor,
    ...(agent.spec.layer === "Safety" ? {} : { runs: [...shares.shares] }),
  };
}

/** The storm that is on; of an agent whose status was not marked in time, also the one that is over and was its own. */
function stormOf({ storm: { begin, last } }: Evidence, before: Drift | undefined): Instant | undefined {
  const { since, storm } = before?.affected ?? {};
  if (begin !== undefined || last === undefined || since === undefined || storm !== undefined) return begin;
  const onset = toInstant(since);
  return onset >= last.onset && onset <= last.end ? last.onset : undefined;
}

/** The storm that the agent was part of is over. */
function isOver({ storm }: Evidence, { affected }: Drift): boolean {
  return storm.begin === undefined && affected?.storm !== undefined;
}

/** What follows from an evaluation: nothing yet where a correction is called for and the storm guard has not looked (C6). */
function followed(
  seen: Observed,
  { storm }: Evidence,
  judgement: Judgement,
  { events, limit }: { readonly events: readonly EventNote[]; readonly limit: Judged["conditions"] },
  now: Instant,
): Judged {
  const { namespace = "", name } = seen.agent.metadata;
  const input = {
    agent: { namespace, name },
    settings: seen.nightwatch,
    before: statusBefore(seen.agent),
    judgement,
    target: targetOf(seen),
    isStormOn: storm.begin !== undefined,
  };
  const decided = decideCorrection(input, now);
  const { correction } = decided;
  if (isStrong(correction) && !storm.isClear) {
    // Counted is what came; the verdict is given once the others were looked at, so that a level is entered and answered at once.
    const { level: _level, scorePercent: _percent, ...counted } = judgement.drift;
    const drift = withLastFigures(counted, statusBefore(seen.agent).drift ?? {});
    return { seen: withStatus(seen, { drift }), conditions: limit, events, awaitsClearance: true };
  }
  if (!decided.isNews) return { seen, conditions: limit, events, awaitsClearance: false };
  return {
    seen: { ...withStatus(seen, changesOf(seen, decided, judgement, now)), ...correcting(correction) },
    conditions: { ...limit, Drifted: driftedCondition(judgement) },
    events: [...events, ...decided.events],
    awaitsClearance: false,
  };
}

/** A Warn touches nothing: it needs nobody's leave. */
function isStrong(correction: Correction | undefined): boolean {
  return correction !== undefined && correction.action !== "Warn";
}

/** A Pod is replaced by the rules of its layer; a run by what status.correction.pending says. */
function correcting(correction: Correction | undefined): Pick<Observed, "correcting"> {
  const action = correction?.target?.kind === "Pod" ? correction.action : undefined;
  return action === "Reload" || action === "Restart" ? { correcting: action } : {};
}

function changesOf(
  seen: Observed,
  { correction, record, drift }: CorrectionDecision,
  judgement: Judgement,
  now: Instant,
): Partial<AgentStatus> {
  const { action, target, pause } = correction ?? {};
  const isReplacing = action === "Reload" || action === "Restart";
  const run = target?.kind === "AgentRun" ? seen.runs.find(({ metadata }) => metadata.name === target.name) : undefined;
  const pending =
    isReplacing && run !== undefined ? { action, run: run.metadata.name, uid: run.metadata.uid } : undefined;
  const next = pending === undefined ? record : { ...record, pending };
  return {
    drift: isReplacing ? withLastFigures(drift, judgement.drift) : drift,
    ...(next === undefined ? {} : { correction: next }),
    ...(pause === undefined ? {} : { pause }),
    ...(action === "Restart" ? { freshWorkspaceSince: freshWorkspaceSince(seen.agent, now) } : {}),
  };
}

/** What runs and wrote what was counted (C3): of several runs the one that is farthest off by its own doing. */
function targetOf(seen: Observed): Target | undefined {
  if (seen.agent.spec.layer === "Safety") return podTarget(seen);
  // One that is being stopped was answered already.
  const stopped = statusBefore(seen.agent).correction?.pending?.uid;
  const running = seen.runs.filter(
    (run) => isActive(run) && run.metadata.deletionTimestamp === undefined && run.metadata.uid !== stopped,
  );
  const counted = running.map((run) => ({ name: run.metadata.name, counts: countsOf(run) }));
  const worst = farthestOff(counted, seen.nightwatch);
  return worst === undefined ? undefined : { kind: "AgentRun", ...worst };
}

/** The one Pod, where nothing else is in hand: then, and only then, its replacement is what decideSafety comes to. */
function podTarget({ pods, leftovers }: Observed): Target | undefined {
  const [pod, ...others] = pods;
  if (pod === undefined || others.length > 0 || leftovers.length > 0) return undefined;
  const { state } = podState(pod);
  const isUp = state === "Running" || state === "NotReady" || state === "Blocked" || state === "Starting";
  return isUp ? { kind: "Pod", name: pod.metadata.name } : undefined;
}

function driftedCondition({ drifted, message }: Pick<Judgement, "drifted" | "message">): NewCondition {
  return { type: "Drifted", ...drifted, message };
}
