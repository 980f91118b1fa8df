import * as fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { type Happening, history } from "../../../test/agent-histories.ts";
import { noonPlus } from "../../../test/builders.ts";
import { ModelCluster, type Watcher } from "../../../test/model-cluster.ts";
import { nightwatchDefaults } from "../../api/v1alpha1/nightwatch.ts";
import { hasEnded } from "../../workloads/pod-end.ts";
import { podHash, startOf } from "../../workloads/pod.ts";
import { annotation } from "../../workloads/labels.ts";
import { condition } from "../conditions.ts";
import type { AgentPlan } from "./decide.ts";
import { openRequest } from "./observed.ts";
import { isBudgetSpent, policyOf } from "./restart.ts";

/** Enough that each of the mistakes these properties once found is found within a few runs of the suite. */
const RUNS = 500;

/** A resume that is later than any other request. */
const LAST = "2030-01-01T00:00:00Z";

const RESTART = { cooldownSeconds: 60, maxRestarts: 2, windowSeconds: 43_200 };

function play(happenings: readonly Happening[], watcher: Watcher): ModelCluster {
  const cluster = new ModelCluster(watcher);
  cluster.changeSpec({ restart: RESTART });
  for (const happening of happenings) happening.to(cluster);
  return cluster;
}

/** What becomes of the cluster when nobody does anything more: only wake-ups that a plan asked for, and Pods that stop. */
function settle(cluster: ModelCluster): AgentPlan {
  for (let round = 0; round < 40; round += 1) {
    const before = [cluster.agent, cluster.pods];
    const plan = cluster.reconcile();
    cluster.finishStopping();
    cluster.startPods();
    if (cluster.agent !== before[0] || cluster.pods !== before[1]) continue;
    if (plan.wakeAt === undefined) return plan;
    cluster.now = Math.max(cluster.now, plan.wakeAt);
  }
  throw new Error("it does not settle");
}

const on = (plan: AgentPlan, type: string) => condition(plan.status.conditions, type)?.status === "True";

/** What one rule looks at: each step of a history, and where the cluster comes to when it is over. */
interface Eyes extends Watcher {
  atEnd?(cluster: ModelCluster): void;
}

/** What always holds; each history is looked at by new eyes. */
const rules: Readonly<Record<string, () => Eyes>> = {
  "creates a Pod only where none is, not even one that stops or ended (L1)": () => ({
    created(cluster, pod) {
      expect(cluster.pods.map(({ metadata }) => metadata.name)).toEqual([]);
      const start = startOf("sentinel", pod.metadata.name);
      expect(start).toBe(cluster.agent.status?.starts);
    },
  }),

  "never starts while its budget is spent (L3)": () => ({
    created({ agent }) {
      const { restart } = agent.status ?? {};
      expect(restart !== undefined && isBudgetSpent(restart, policyOf(agent.spec))).toBe(false);
    },
  }),

  "says how it stands in a way that kstatus understands, of the spec that it looked at": () => ({
    planned(cluster, plan) {
      expect(["Ready", "Reconciling", "Stalled"].filter((type) => on(plan, type)).length).toBeLessThanOrEqual(1);
      expect(condition(plan.status.conditions, "Ready")).toBeDefined();
      expect(plan.status.observedGeneration).toBe(cluster.agent.metadata.generation);
      for (const { observedGeneration } of plan.status.conditions ?? []) {
        expect(observedGeneration).toBe(cluster.agent.metadata.generation);
      }
    },
  }),

  "never counts a start twice or backwards (L5)": () => {
    let uid = "";
    let starts = 0;
    return {
      planned({ agent }, { status }) {
        if (agent.metadata.uid !== uid) [uid, starts] = [agent.metadata.uid, 0];
        expect(status.starts ?? 0).toBeGreaterThanOrEqual(starts);
        expect(status.starts ?? 0).toBeLessThanOrEqual((agent.status?.starts ?? 0) + 1);
        starts = agent.status?.starts ?? 0;
      },
    };
  },

  "comes to rest with the Pod of its spec, or says what it waits for, and then does and writes nothing (L1, O4)":
    () => ({
      atEnd(cluster) {
        cluster.rolloutOpen = true;
        cluster.fleetSuspended = false;
        cluster.changeSpec({ suspend: false });
        cluster.annotate({
          "darkfactory.dev/pause-requested-at": noonPlus(3),
          "darkfactory.dev/resume-requested-at": LAST,
        });
        cluster.reconcile();
        const rest = settle(cluster);
        expect(rest.acts).toEqual([]);
        expect(rest.events).toEqual([]);
        expect(rest.status).toEqual(cluster.agent.status);
        const pods = cluster.pods.filter((pod) => !hasEnded(pod));
        expect(pods.map(({ metadata }) => metadata.annotations?.[annotation.podHash])).toEqual([
          podHash(cluster.agent.spec),
        ]);
        expect(rest.status.active).toEqual([{ kind: "Pod", name: pods[0]?.metadata.name }]);
        if (pods[0]?.status?.phase === "Running") {
          expect(condition(rest.status.conditions, "Ready")).toMatchObject({ status: "True", reason: "Running" });
          expect(rest.status.replacingSince).toBeUndefined();
        }
      },
    }),

  "starts nothing while it is paused, and what a human or Nightwatch paused stays so until a human resumes it (C5)":
    () => ({
      planned({ agent }, { acts, status }) {
        if (status.pause !== undefined) {
          expect(acts.filter(({ act }) => act === "create-pod" || act === "check-pod")).toEqual([]);
          expect(on({ status } as AgentPlan, "Paused")).toBe(true);
        }
        const wasPaused = agent.status?.pause;
        if (wasPaused !== undefined && openRequest(agent, "resume") === undefined)
          expect(status.pause).toEqual(wasPaused);
      },
    }),

  "is corrected only for errors that no correction has answered, and never past its budget (C2, C4)": () => {
    /** How much of each container's log was answered, and when the budget was spent. */
    const answered = new Map<string, number>();
    let spent: readonly number[] = [];
    let uid = "";
    return {
      wrote({ now, agent, logs }, before, { correction, drift, pause }) {
        if (agent.metadata.uid !== uid) [uid, spent] = [agent.metadata.uid, []];
        if (pause === undefined && before?.pause !== undefined) spent = [];
        const { total = 0 } = before?.correction ?? {};
        if (correction?.total === total || correction?.action === "Warn" || correction?.action === "None") return;
        expect([before?.pause, correction?.total]).toEqual([undefined, total + 1]);
        const { container = "", lines = 0 } = drift?.cursor ?? {};
        const evidence = logs.get(container.split("/")[0] ?? "")?.slice(answered.get(container) ?? 0, lines);
        expect(evidence).toContain(true);
        answered.set(container, lines);
        if (correction?.action === "Pause") return;
        expect(drift?.buckets ?? []).toEqual([]);
        const { count, windowSeconds } = nightwatchDefaults.maxCorrections;
        spent = [...spent.filter((time) => time > now - 1000 * windowSeconds), now];
        expect(spent.length).toBeLessThanOrEqual(count);
      },
    };
  },

  "has in its window at most what its present Pod wrote up to the cursor (S5, D7)": () => ({
    wrote({ pods, logs }, _, { drift, starts }) {
      const own = pods.find(({ metadata }) => startOf("sentinel", metadata.name) === starts);
      const log = logs.get(own?.metadata.uid ?? "") ?? [];
      if (drift?.cursor?.container !== `${own?.metadata.uid}/0`) return;
      expect(drift.cursor.lines).toBeLessThanOrEqual(log.length);
      expect(drift.counts?.lines ?? 0).toBeLessThanOrEqual(drift.cursor.lines ?? 0);
    },
  }),
};

/** Plays a history before the eyes of these rules, and tells `breaks` of each that it breaks. */
function look(
  happenings: readonly Happening[],
  names: readonly string[],
  breaks: (rule: string, why: unknown) => void,
) {
  const eyes = names.map((name) => [name, rules[name]?.() ?? {}] as const);
  const each = (see: (eyes: Eyes) => void): void => {
    for (const [name, its] of eyes) {
      try {
        see(its);
      } catch (error) {
        breaks(name, error);
      }
    }
  };
  let isOver = false;
  const ifGoing = (see: (eyes: Eyes) => void): void => (isOver ? undefined : each(see));
  const cluster = play(happenings, {
    created: (cluster, pod) => ifGoing((its) => its.created?.(cluster, pod)),
    planned: (cluster, plan) => ifGoing((its) => its.planned?.(cluster, plan)),
    wrote: (cluster, before, after) => ifGoing((its) => its.wrote?.(cluster, before, after)),
  });
  isOver = true;
  each((its) => its.atEnd?.(cluster));
}

/* To play a history costs far more than to look at it: all rules look at the same. */
describe("whatever happens to a Safety agent", () => {
  const names = Object.keys(rules);
  const broken = new Set<string>();
  const runs = { numRuns: RUNS, seed: Math.floor(Math.random() * 2 ** 31) };
  beforeAll(() => {
    fc.assert(
      fc.property(history, (happenings) => look(happenings, names, (rule) => broken.add(rule))),
      runs,
    );
  }, 60_000);

  it.each(names)("%s", (name) => {
    if (!broken.has(name)) return;
    // Once more, for the shortest history that breaks it.
    fc.assert(
      fc.property(history, (happenings) =>
        look(happenings, [name], (_, why) => {
          throw why;
        }),
      ),
      runs,
    );
    expect.unreachable("broken among the other rules, and not alone");
  });
});
