import type { AgentFleet } from "../../api/v1alpha1/agent-fleet.ts";
import type { Stored } from "../../kube/types.ts";
import type { Clock } from "../../runtime/contract.ts";
import { controllerOf } from "../../workloads/labels.ts";
import type { StoredAgent } from "../agent/observed.ts";
import type { Caches } from "../caches.ts";
import type { QueuePlace, StoredRun } from "./observed.ts";
import { createQueueView, isOlder, type QueueView } from "./queue-view.ts";
import { hasEnded, hasStarted, jobEnd, wasRefused } from "./run-state.ts";

/** How long one look at a fleet's queue serves: a burst of a thousand runs sorts it a few times, not a thousand times. */
const SNAPSHOT_MS = 100;

/** behaviour.md R3. */
export const DEFAULT_MOST = 15;

/** Keeps a fleet's running Pods and Jobs within spec.concurrency.max, Safety before Core before Growth, then by age (R2, R3). */
export interface Admission {
  placeOf(run: StoredRun, fleet: Stored<AgentFleet> | undefined): QueuePlace;
  /**
   * Takes a place for a run whose Job is about to be created, and keeps it until the Job is seen, the run has its end, or
   * release. Call it before the first await after placeOf.
   */
  claim(run: StoredRun, fleet: Stored<AgentFleet> | undefined): void;
  /** Gives a claimed place back: no Job was or will be created for now. */
  release(run: StoredRun): void;
  /** Has its Job, is about to, or had one and its end is not recorded yet. */
  isAtWork(run: StoredRun): boolean;
  /** What must end before this run of an agent may use the agent's persistent workspace, in words; undefined: nothing. */
  beforeInWorkspace(agent: StoredAgent, run: StoredRun): string | undefined;
  /** The runs that may start now, looked up anew: whom to wake when a place became free. */
  heads(fleet: Stored<AgentFleet>): readonly StoredRun[];
}

interface Snapshot {
  readonly at: number;
  readonly queue: QueueView;
  free: number;
  readonly most: number;
}

export function createAdmission(
  caches: Pick<Caches, "agents" | "runs" | "jobs" | "pods">,
  clock: Pick<Clock, "monotonic">,
): Admission {
  const { agents, runs, jobs, pods } = caches;
  const snapshots = new Map<string, Snapshot>();
  // By run uid. A Job that was decided a moment ago is not in the cache yet, and takes its place all the same.
  const claims = new Set<string>();
  jobs.onEvent({ added: (job) => claims.delete(controllerOf(job)?.uid ?? "") });
  runs.onEvent({
    updated: (_, run) => void (hasEnded(run) && claims.delete(run.metadata.uid)),
    deleted: (run) => claims.delete(run.metadata.uid),
  });

  function look(fleet: Stored<AgentFleet>): Snapshot {
    const members = agents.byIndex("owner", fleet.metadata.uid);
    const most = fleet.spec.concurrency?.max ?? DEFAULT_MOST;
    const safety = members.filter(({ spec }) => spec.layer === "Safety" && !spec.suspend).length;
    const snapshot = {
      at: clock.monotonic(),
      queue: createQueueView(members.flatMap((agent) => candidatesOf(agent).map((run) => ({ run, agent })))),
      free: Math.max(0, most - safety - placesTaken(fleet, members)),
      most,
    };
    snapshots.set(fleet.metadata.uid, snapshot);
    return snapshot;
  }

  /** What a fleet runs: Jobs that have not ended, Pods that outlive theirs, and runs whose Job no cache shows yet. */
  function placesTaken(fleet: Stored<AgentFleet>, members: readonly StoredAgent[]): number {
    const key = `${fleet.metadata.namespace}/${fleet.metadata.name}`;
    const running = jobs.byIndex("fleet", key);
    const counted = new Set(running.map(({ metadata }) => metadata.uid));
    const left = pods.byIndex("runsOfFleet", key).filter((pod) => !counted.has(controllerOf(pod)?.uid ?? ""));
    const unseen = members.flatMap(runsOf).filter((run) => isAtWork(run) && ownJob(run) === undefined);
    return running.length + left.length + unseen.length;
  }

  /** Those that have not ended: the others are history. */
  function runsOf({ metadata }: StoredAgent): readonly StoredRun[] {
    return runs.byIndex("unfinished", `${metadata.namespace}/${metadata.name}`);
  }

  function ownJob(run: StoredRun) {
    const job = jobs.get(run.metadata);
    return job !== undefined && controllerOf(job)?.uid === run.metadata.uid ? job : undefined;
  }

  function isAtWork(run: StoredRun): boolean {
    if (hasEnded(run)) return false;
    const job = ownJob(run);
    if (job !== undefined) return jobEnd(job) === undefined;
    return hasStarted(run) || claims.has(run.metadata.uid);
  }

  /** Waits for a place and for nothing else; one that was just refused tries by itself, and keeps nobody waiting. */
  function isReady(run: StoredRun): boolean {
    return (
      run.metadata.deletionTimestamp === undefined &&
      !hasEnded(run) &&
      !hasStarted(run) &&
      !wasRefused(run) &&
      !claims.has(run.metadata.uid) &&
      ownJob(run) === undefined
    );
  }

  /** An agent's runs that a free place would let start: one that waits for something else keeps nobody else waiting. */
  function candidatesOf(agent: StoredAgent): readonly StoredRun[] {
    return mayRun(agent) && !stopsOne(agent) ? runsOf(agent).filter((run) => isNext(agent, run)) : [];
  }

  function isCandidate(agent: StoredAgent, run: StoredRun): boolean {
    return mayRun(agent) && isNext(agent, run) && !stopsOne(agent);
  }

  function stopsOne(agent: StoredAgent): boolean {
    return runsOf(agent).some((run) => run.metadata.deletionTimestamp !== undefined && isAtWork(run));
  }

  function isNext(agent: StoredAgent, run: StoredRun): boolean {
    if (!isReady(run)) return false;
    return agent.spec.workspace?.persistent === undefined || beforeInWorkspace(agent, run) === undefined;
  }

  function beforeInWorkspace(agent: StoredAgent, run: StoredRun): string | undefined {
    const { uid } = run.metadata;
    const others = runsOf(agent).filter(({ metadata }) => metadata.uid !== uid);
    const worker = others.find(isAtWork);
    if (worker !== undefined) return `run ${worker.metadata.name} works`;
    const job = ownJob(run)?.metadata.uid;
    const pod = pods
      .byIndex("runsOfAgent", `${agent.metadata.namespace}/${agent.metadata.name}`)
      .find((pod) => controllerOf(pod)?.uid !== job);
    if (pod !== undefined) return `Pod ${pod.metadata.name} still works`;
    const older = others.find((other) => isReady(other) && isOlder(other, run));
    return older === undefined ? undefined : `run ${older.metadata.name} is the next to work`;
  }

  return {
    isAtWork,
    beforeInWorkspace,
    placeOf(run, fleet) {
      const { uid } = run.metadata;
      if (fleet === undefined || claims.has(uid)) return { admitted: true, place: 1, waiting: 1, most: Infinity };
      const known = snapshots.get(fleet.metadata.uid);
      if (known !== undefined && clock.monotonic() - known.at < SNAPSHOT_MS) {
        const { queue, free, most } = known;
        const agent = agents.get({ namespace: run.metadata.namespace ?? "", name: run.spec.agentRef.name });
        const place = queue.placeOf(run) ?? (agent && queue.placeFor({ run, agent }));
        // A newcomer among the first changes who is admitted, unless there is room for all: that takes a new look.
        const isSettled =
          queue.placeOf(run) !== undefined ||
          (place !== undefined && place >= free) ||
          (agent !== undefined && queue.size < free && isCandidate(agent, run));
        if (isSettled && place !== undefined && !wasRefused(run)) {
          return { admitted: place < free, place: place + 1, waiting: Math.max(queue.size, place + 1), most };
        }
      }
      const { queue, free, most } = look(fleet);
      const place = queue.placeOf(run);
      // Not in the queue: it waits for something else first, or was refused and may take any place that is free.
      if (place === undefined) {
        return { admitted: wasRefused(run) && free > 0, place: queue.size + 1, waiting: queue.size + 1, most };
      }
      return { admitted: place < free, place: place + 1, waiting: queue.size, most };
    },
    claim(run, fleet) {
      const known = fleet && snapshots.get(fleet.metadata.uid);
      // Whoever takes a place out of turn leaves one less to those in turn; one that had its place already takes no other.
      if (known !== undefined && known.queue.placeOf(run) === undefined && !claims.has(run.metadata.uid))
        known.free -= 1;
      claims.add(run.metadata.uid);
    },
    release(run) {
      claims.delete(run.metadata.uid);
    },
    heads(fleet) {
      const { queue, free } = look(fleet);
      return queue.first(free);
    },
  };
}

/** A run whose agent may not run waits for that, and keeps nobody else waiting. */
function mayRun({ spec, status, metadata }: StoredAgent): boolean {
  return (
    spec.layer !== "Safety" && !spec.suspend && status?.pause === undefined && metadata.deletionTimestamp === undefined
  );
}
