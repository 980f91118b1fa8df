import { isDeepStrictEqual } from "node:util";
import { afterRefusal, type AgentPlan, decide } from "../src/controllers/agent/decide.ts";
import type { Evidence, Observed, StoredAgent, StoredPod } from "../src/controllers/agent/observed.ts";
import type { Refusal } from "../src/controllers/agent/refusal.ts";
import type { Act, PodRef } from "../src/controllers/plan.ts";
import type { Pod } from "../src/kube/types-core.ts";
import { noCounts } from "../src/nightwatch/counters.ts";
import type { Instant } from "../src/runtime/contract.ts";
import { hasEnded } from "../src/workloads/pod-end.ts";
import { controllerOf } from "../src/workloads/labels.ts";
import { startOf } from "../src/workloads/pod.ts";
import { fromInstant } from "../src/workloads/time.ts";
import { anAgent, NOON, noonPlus, pending, type PodFate, running, seenOf } from "./builders.ts";

/** How far a reconcile comes: the operator dies after so many acts, and the server may refuse each Pod it is asked for. */
export interface Course {
  readonly diesAfter?: number | undefined;
  readonly refuses?: Refusal | undefined;
  /** The agent is evaluated: its log is read from the cursor, and its group stands so towards the storm guard. */
  readonly evaluates?: { readonly guard: "clear" | "not asked" | "storm"; readonly isStale: boolean } | undefined;
}

/** What a model checks at each step; throws where a rule is broken. */
export interface Watcher {
  created?(cluster: ModelCluster, pod: Pod): void;
  planned?(cluster: ModelCluster, plan: AgentPlan): void;
  /** A status was written over the one before. */
  wrote?(cluster: ModelCluster, before: StoredAgent["status"], after: AgentPlan["status"]): void;
}

/**
 * One Safety agent, its Pods and the API server between them: just what the rules of behaviour.md speak of. The acts of a
 * plan are carried out as apply.ts does it; everything else that happens in a cluster is done to it from outside.
 */
export class ModelCluster {
  now: Instant = NOON;
  agent: StoredAgent = anAgent();
  pods: readonly StoredPod[] = [];
  fleetSuspended = false;
  rolloutOpen = true;
  /** By the Pod's uid: of each line that it wrote, whether it reports an error. */
  readonly logs = new Map<string, readonly boolean[]>();
  #versions = 100;
  readonly #watcher: Watcher;

  constructor(watcher: Watcher = {}) {
    this.#watcher = watcher;
  }

  /** What gather would find, with caches that have seen everything. */
  seen(): Observed {
    const isOurs = (pod: StoredPod) => controllerOf(pod)?.uid === this.agent.metadata.uid;
    return seenOf(this.agent, this.pods.filter(isOurs), {
      leftovers: this.pods.filter((pod) => !isOurs(pod)),
      fleet: { name: "night", suspend: this.fleetSuspended },
      // A fleet with one place: this agent's own replacement takes it as well.
      rollout: {
        open: this.rolloutOpen && this.agent.status?.replacingSince === undefined,
        message: "1 of at most 1",
      },
    });
  }

  /** One reconcile, as apply.ts carries a plan out: act by act, the status last. */
  reconcile({ diesAfter = Infinity, refuses, evaluates }: Course = {}): AgentPlan {
    const seen = evaluates === undefined ? this.seen() : { ...this.seen(), evidence: this.#read(evaluates) };
    const plan = decide(seen, this.now);
    this.#watcher.planned?.(this, plan);
    let chosen = plan;
    for (const [done, act] of plan.acts.entries()) {
      if (done >= diesAfter) return plan;
      if (this.#carryOut(act, plan, refuses) === "refused" && refuses !== undefined) {
        chosen = afterRefusal({ ...seen, agent: this.agent }, refuses, this.now);
        this.#watcher.planned?.(this, chosen);
        break;
      }
    }
    if (plan.acts.length < diesAfter) this.#writeStatus(chosen.status);
    return chosen;
  }

  /** The newest Pod's program writes lines, the first of them errors. */
  write(lines: number, errorLines: number): void {
    const pod = this.pods.at(-1);
    if (pod?.status?.phase !== "Running") return;
    const more = Array.from({ length: lines }, (_, n) => n < errorLines);
    this.logs.set(pod.metadata.uid, [...(this.logs.get(pod.metadata.uid) ?? []), ...more]);
  }

  /** What evaluation.ts gathers, of the Pod of the present start alone. */
  #read({ guard, isStale }: NonNullable<Course["evaluates"]>): Evidence {
    const { drift, starts } = this.agent.status ?? {};
    const [pod, ...others] = this.seen().pods;
    const isCurrent =
      pod !== undefined && others.length === 0 && startOf(this.agent.metadata.name, pod.metadata.name) === starts;
    const container = `${pod?.metadata.uid ?? ""}/0`;
    const known = drift?.cursor?.container === container ? (drift.cursor.lines ?? 0) : 0;
    const log = this.logs.get(pod?.metadata.uid ?? "") ?? [];
    const fresh = log.slice(known);
    const counts = { ...noCounts, lines: fresh.length, errorLines: fresh.filter(Boolean).length };
    return {
      judges: true,
      ...(isCurrent
        ? {
            reading: {
              counts,
              buckets: [{ start: fromInstant(this.now), ...counts }],
              cursor: { pod: pod.metadata.name, container, lines: log.length },
            },
          }
        : {}),
      bytes: 0,
      hasMore: false,
      health: [],
      unwrittenHealth: [],
      readBefore: [],
      isStale,
      storm: { isClear: guard !== "not asked", ...(guard === "storm" ? { begin: this.now - 1000 } : {}) },
    };
  }

  #carryOut(act: Act, plan: AgentPlan, refuses: Refusal | undefined): "done" | "refused" {
    switch (act.act) {
      case "record-status":
        this.#writeStatus(plan.status);
        return "done";
      case "check-pod":
        return refuses === undefined ? "done" : "refused";
      case "create-pod":
        if (refuses !== undefined) return "refused";
        this.#watcher.created?.(this, act.pod);
        this.pods = [...this.pods, this.#stored(act.pod)];
        return "done";
      case "delete-pod":
        this.deletePod(act.pod);
        return "done";
      case "restore-pod-metadata":
        this.#change(act.pod, (pod) => ({
          ...pod,
          metadata: {
            ...pod.metadata,
            labels: { ...pod.metadata.labels, ...act.labels },
            annotations: { ...pod.metadata.annotations, ...act.annotations },
          },
        }));
        return "done";
      case "confirm-agent":
      case "find-pod":
        // What is decided here is decided on what stands: nothing lags in this cluster.
        return "done";
      case "create-claim":
      case "create-run":
      case "delete-run":
      case "stop-run":
        throw new Error(`this agent's plan holds no ${act.act}`);
    }
  }

  /** Changes the agent's spec, as a person does: a new generation. */
  changeSpec(spec: Partial<StoredAgent["spec"]>): void {
    const generation = (this.agent.metadata.generation ?? 0) + 1;
    this.agent = {
      ...this.agent,
      metadata: { ...this.agent.metadata, generation, resourceVersion: this.#version() },
      spec: { ...this.agent.spec, ...spec },
    };
  }

  annotate(annotations: Record<string, string>): void {
    const { metadata } = this.agent;
    this.agent = {
      ...this.agent,
      metadata: { ...metadata, annotations: { ...metadata.annotations, ...annotations } },
    };
  }

  /** The agent is deleted and made again under its name: another object, no status; its Pods are left to the collector. */
  recreateAgent(): void {
    const { status: _, ...rest } = this.agent;
    const uid = `uid-${this.#version()}`;
    this.agent = { ...rest, metadata: { ...rest.metadata, uid, generation: 1 } };
    for (const pod of this.pods) this.deletePod(pod.metadata);
  }

  /** What the kubelet or a node makes of the newest Pod: none that has ended lives again, none that runs starts anew. */
  fate(fate: PodFate): void {
    const pod = this.pods.at(-1);
    const { status } = fate;
    if (pod === undefined || status === undefined || hasEnded(pod)) return;
    if (pod.status?.phase === "Running" && status.phase === "Pending") return;
    this.#change(pod.metadata, (pod) => ({ ...pod, status }));
  }

  /** A delete as the API server does it: what never ran or has ended goes at once, the rest when the kubelet has stopped it. */
  deletePod(ref: Pick<PodRef, "name" | "uid">): void {
    const pod = this.pods.find(({ metadata }) => metadata.name === ref.name && metadata.uid === ref.uid);
    if (pod === undefined) return;
    if (pod.status?.phase !== "Running") this.removePod(ref);
    else {
      const deletionTimestamp = pod.metadata.deletionTimestamp ?? noonPlus(0);
      this.#change(ref, (pod) => ({ ...pod, metadata: { ...pod.metadata, deletionTimestamp } }));
    }
  }

  /** The Pod object is gone: stopped by its kubelet, or deleted by force. */
  removePod(ref: Pick<PodRef, "uid">): void {
    this.pods = this.pods.filter(({ metadata }) => metadata.uid !== ref.uid);
  }

  /** The kubelets have stopped all that was to stop. */
  finishStopping(): void {
    const left = this.pods.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
    if (left.length !== this.pods.length) this.pods = left;
  }

  /** The kubelets start what nothing keeps from starting. */
  startPods(): void {
    for (const { metadata, status } of this.pods) {
      if (status?.phase !== "Pending" || status.containerStatuses !== undefined || status.conditions !== undefined)
        continue;
      this.#change(metadata, (pod) => ({ ...pod, ...running() }));
    }
  }

  #writeStatus(status: AgentPlan["status"]): void {
    if (isDeepStrictEqual(this.agent.status, status)) return;
    this.#watcher.wrote?.(this, this.agent.status, status);
    this.agent = { ...this.agent, status, metadata: { ...this.agent.metadata, resourceVersion: this.#version() } };
  }

  #stored(pod: Pod): StoredPod {
    const version = this.#version();
    const metadata = { uid: `uid-${version}`, resourceVersion: version, creationTimestamp: noonPlus(0) };
    return { ...pod, metadata: { ...pod.metadata, ...metadata }, ...pending() };
  }

  #change(ref: Pick<PodRef, "uid">, change: (pod: StoredPod) => StoredPod): void {
    this.pods = this.pods.map((pod) => (pod.metadata.uid === ref.uid ? change(pod) : pod));
  }

  #version(): string {
    this.#versions += 1;
    return String(this.#versions);
  }
}
