import * as fc from "fast-check";
import type { Pod } from "../src/kube/types-core.ts";
import { evicted, exited, noonPlus, pending, type PodFate, running, unschedulable, waitingFor } from "./builders.ts";
import type { Course, ModelCluster } from "./model-cluster.ts";

/** One thing that happens to a cluster. Its text is what a failing run prints. */
export class Happening {
  readonly #text: string;
  readonly to: (cluster: ModelCluster) => void;

  constructor(text: string, to: (cluster: ModelCluster) => void) {
    this.#text = text;
    this.to = to;
  }

  toString(): string {
    return this.#text;
  }
}

const happening = (text: string, to: (cluster: ModelCluster) => void) => new Happening(text, to);

const quota = { reason: "QuotaExceeded", message: "exceeded quota", needsHuman: false } as const;
const invalid = { reason: "PodRefused", message: "spec.containers: Required value", needsHuman: true } as const;

const fates = {
  "is pulled": pending(),
  runs: running(),
  "cannot be pulled": waitingFor("ImagePullBackOff"),
  "names no image": waitingFor("InvalidImageName"),
  "fits no node": unschedulable(),
  "is evicted": evicted(),
} satisfies Record<string, PodFate>;

function endsNow(cluster: ModelCluster, code: number): void {
  const pod = cluster.pods.at(-1);
  if (pod?.status?.phase !== "Running") return;
  cluster.fate(exited(code, Math.floor((cluster.now - Date.parse("2026-03-01T12:00:00Z")) / 1000)));
}

function ofNewestPod(
  cluster: ModelCluster,
  act: (cluster: ModelCluster, pod: Pod & { metadata: { uid: string } }) => void,
) {
  const pod = cluster.pods.at(-1);
  if (pod !== undefined) act(cluster, pod);
}

const rarely = <T>(arbitrary: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary });

const evaluation = fc.record({
  guard: fc.constantFrom("clear", "clear", "clear", "not asked", "storm"),
  isStale: fc.nat({ max: 9 }).map((n) => n === 0),
});

const course: fc.Arbitrary<Course> = fc.record({
  diesAfter: rarely(fc.nat({ max: 4 })),
  refuses: rarely(fc.constantFrom(quota, invalid)),
  evaluates: rarely(evaluation),
});

const reconciles = course.map((course) => {
  const { diesAfter = "none", refuses, evaluates } = course;
  const how = [
    `dies after ${diesAfter}`,
    `refuses ${refuses?.reason ?? "nothing"}`,
    evaluates === undefined
      ? "evaluates nothing"
      : `evaluates: ${evaluates.guard}${evaluates.isStale ? ", stale" : ""}`,
  ];
  return happening(`reconcile(${how.join(", ")})`, (cluster) => {
    cluster.reconcile(course);
  });
});

/** The program writes so many lines, of which a part are errors: enough for each of the levels. */
const writes = fc.tuple(fc.constantFrom(1, 12, 50), fc.constantFrom(0, 0.15, 0.35, 0.7, 1)).map(([lines, share]) => {
  const errorLines = Math.round(lines * share);
  return happening(`${errorLines} of ${lines} lines are errors`, (cluster) => cluster.write(lines, errorLines));
});

const drifts = fc.tuple(fc.constantFrom(0.35, 0.35, 0.7, 1), fc.constantFrom(5, 400, 4000)).map(([share, seconds]) =>
  happening(`drifts by ${share} and is evaluated ${seconds} s later`, (cluster) => {
    cluster.fate(running());
    cluster.write(20, 20 * share);
    cluster.now += seconds * 1000;
    cluster.reconcile({ evaluates: { guard: "clear", isStale: false } });
  }),
);

const clusterDoes = fc.oneof(
  writes,
  fc
    .constantFrom(...Object.entries(fates))
    .map(([what, fate]) => happening(`Pod ${what}`, (cluster) => cluster.fate(fate))),
  fc.constantFrom(0, 1).map((code) => happening(`Pod exits ${code}`, (cluster) => endsNow(cluster, code))),
  fc.constant(happening("stopping Pods go", (cluster) => cluster.finishStopping())),
  fc.constantFrom(1, 59, 61, 700, 50_000).map((seconds) =>
    happening(`${seconds} s pass`, (cluster) => {
      cluster.now += seconds * 1000;
    }),
  ),
);

const peopleDo = fc.oneof(
  // Both at once, as a reconcile finds them that comes late: the new Pod runs, and the spec has changed again.
  fc.constantFrom("c", "d").map((task) =>
    happening(`task is ${task} as the Pod begins to run`, (cluster) => {
      cluster.fate(running());
      cluster.changeSpec({ task });
    }),
  ),
  fc.constantFrom("a", "b").map((task) => happening(`task is ${task}`, (cluster) => cluster.changeSpec({ task }))),
  fc
    .constantFrom(["x"], ["y"])
    .map((capabilities) => happening("capabilities change", (cluster) => cluster.changeSpec({ capabilities }))),
  fc.boolean().map((suspend) => happening(`suspend is ${suspend}`, (cluster) => cluster.changeSpec({ suspend }))),
  fc.boolean().map((suspended) =>
    happening(`fleet's suspend is ${suspended}`, (cluster) => {
      cluster.fleetSuspended = suspended;
    }),
  ),
  fc.boolean().map((open) =>
    happening(`rollout is ${open ? "open" : "full"}`, (cluster) => {
      cluster.rolloutOpen = open;
    }),
  ),
  fc
    .constantFrom("restart", "resume", "pause")
    .chain((what) =>
      fc
        .constantFrom(noonPlus(1), noonPlus(2), "soon")
        .map((value) =>
          happening(`${what} ${value}`, (cluster) =>
            cluster.annotate({ [`darkfactory.dev/${what}-requested-at`]: value }),
          ),
        ),
    ),
  fc.constant(
    happening("kubectl delete pod", (cluster) => ofNewestPod(cluster, (all, pod) => all.deletePod(pod.metadata))),
  ),
  fc.constant(
    happening("kubectl delete pod --force", (cluster) =>
      ofNewestPod(cluster, (all, pod) => all.removePod(pod.metadata)),
    ),
  ),
  fc.constant(happening("agent is deleted and made again", (cluster) => cluster.recreateAgent())),
);

/** The usual course of things, so that a random history comes further than its first start. */
const usually = fc.oneof(
  fc.constant(
    happening("starts up", (cluster) => {
      for (const _ of [1, 2, 3]) {
        cluster.finishStopping();
        cluster.reconcile();
      }
      cluster.fate(running());
    }),
  ),
  fc.constantFrom(0, 1).map((code) =>
    happening(`runs, exits ${code} and cools down`, (cluster) => {
      cluster.fate(running());
      endsNow(cluster, code);
      cluster.reconcile();
      cluster.now += 600_000;
      for (const _ of [1, 2]) cluster.reconcile();
    }),
  ),
);

/** A random life of a Safety agent. */
export const history = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: usually },
    { weight: 5, arbitrary: reconciles },
    { weight: 3, arbitrary: drifts },
    { weight: 4, arbitrary: clusterDoes },
    { weight: 2, arbitrary: peopleDo },
  ),
  { maxLength: 60, size: "max" },
);
