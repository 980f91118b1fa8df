import { writeFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { auditRules, followTrail, type Trail } from "./audit-trail.ts";
import { type FaultPlan, planFaults } from "./fault-plan.ts";
import { differences, readFinalState } from "./final-state.ts";
import type { History, Violation } from "./history.ts";
import { judge } from "./invariants/invariants.ts";
import { observe, type Observer } from "./observer.ts";
import { personIn } from "./person.ts";
import { type ReplicaOptions, type Replicas, startReplicas } from "./replicas.ts";
import { playEnd, playRound, prepare, type Stage } from "./rounds.ts";
import { PLANTED, type Size, STRANGER } from "./scenario.ts";
import { openNamespace } from "../cluster/in-cluster.ts";
import { inTheatre, type Theatre } from "./theatre.ts";
import { NotReached } from "../until.ts";

export interface ChaosOptions {
  readonly seed: number;
  readonly faults: number;
  readonly kills: number;
  /** Replicas of the operator; with more than one the leader is frozen in each round until another leads. */
  readonly replicas: number;
  readonly size: Size;
  /** Whether faults may be among them that stall what they meet for half a minute or more. */
  readonly allowLong: boolean;
  /** How long nothing must be written before all counts as done, and how long nothing must be written from then on. */
  readonly settleMs: number;
  readonly quietMs: number;
  readonly log: (line: string) => void;
}

export interface Outcome {
  readonly asked: Pick<ChaosOptions, "seed" | "faults" | "kills" | "replicas">;
  readonly rounds: number;
  readonly seconds: number;
  readonly faults: ReadonlyMap<string, number>;
  /** How much was looked at. */
  readonly seen: {
    readonly changes: number;
    readonly writes: number;
    readonly tries: number;
    readonly objects: number;
  };
  readonly violations: readonly Violation[];
}

/** A namespace, the operators that work in it, and who watches. */
interface World extends Stage {
  readonly replicas: Replicas;
  readonly observer: Observer;
}

/** Where nothing is spoilt, and where things are. */
const NAMESPACES = ["calm", "chaos"] as const;
const [CALM, CHAOS] = NAMESPACES;

/** More rounds than any number of faults needs. */
const MOST_ROUNDS = 500;

/** Plays the scenario in two namespaces side by side, one with faults and one without, and holds both to the invariants. */
export async function runChaos(options: ChaosOptions): Promise<Outcome> {
  const start = performance.now();
  const work = async (theatre: Theatre): Promise<Outcome> => {
    // Spoilt requests come faster than kills: without a share of their own few kills would be among so many faults.
    const plan = planFaults({
      seed: options.seed,
      most: Math.max(0, options.faults - options.kills),
      allowLong: options.allowLong,
    });
    const kills = { seed: options.seed, most: options.kills, plan };
    const worlds: readonly [World, World] = [
      await open(theatre, options, { namespace: CALM, count: 1 }),
      await open(theatre, options, { namespace: CHAOS, count: options.replicas, faults: { plan, kills } }),
    ];
    const played = await play(worlds, plan, options);
    const trail = followTrail(theatre.folder);
    const { convergedAt } = played.violations.length > 0 ? {} : await settle(trail, options);
    const states = await Promise.all(worlds.map(({ person }) => readFinalState(person)));
    const histories = await Promise.all(worlds.map((world) => historyOf(trail, world, convergedAt)));
    const ends = await Promise.all(worlds.map(({ replicas }) => replicas.stop()));
    await Promise.all(worlds.map(({ observer }) => observer.stop()));
    const [expected = new Map(), found = new Map()] = states;
    const violations = [
      ...played.violations,
      ...ends.flat().map((what) => ({ invariant: "no-crash", about: "the operator", what })),
      ...histories.flatMap(judge),
      ...differences(expected, found).map((what) => ({ invariant: "final-state", about: "the end", what })),
    ];
    const file = process.env["CHAOS_TRAIL"];
    if (file !== undefined) await writeFile(file, JSON.stringify({ histories, violations }));
    const sum = (count: (history: History) => number): number =>
      histories.reduce((total, history) => total + count(history), 0);
    return {
      asked: options,
      rounds: played.rounds,
      seconds: (performance.now() - start) / 1000,
      faults: plan.counts,
      seen: {
        changes: sum(({ changes }) => changes.length),
        writes: sum(({ writes }) => writes.length),
        tries: sum(({ tries }) => tries.length),
        objects: found.size,
      },
      violations,
    };
  };
  return await inTheatre(3, work, auditRules);
}

async function open(theatre: Theatre, { size }: ChaosOptions, replicas: ReplicaOptions): Promise<World> {
  const { namespace } = replicas;
  await openNamespace(theatre.client, namespace);
  const stage = { person: personIn(namespace, theatre.client), cluster: theatre.cluster, size };
  const observer = await observe(theatre.client, namespace);
  await prepare(stage);
  return { ...stage, observer, replicas: await startReplicas(theatre, replicas) };
}

/** Rounds until all faults have happened, then the end without any. What was never reached is a violation. */
async function play(
  worlds: readonly World[],
  plan: FaultPlan,
  { faults, log }: ChaosOptions,
): Promise<{ readonly rounds: number; readonly violations: readonly Violation[] }> {
  let rounds = 0;
  try {
    while (rounds === 0 || (plan.total() < faults && rounds < MOST_ROUNDS)) {
      rounds += 1;
      const occurrence = (Math.floor(Date.now() / 60_000) - 5) * 60_000;
      await Promise.all(
        worlds
          .map((world) => playRound(world, rounds, occurrence))
          .concat(worlds.map(({ replicas }) => replicas.passTheLead())),
      );
      log(`chaos: round ${rounds} is over, after ${plan.total()} of ${faults} faults`);
    }
    for (const { replicas } of worlds) replicas.spare();
    await Promise.all(worlds.map((world) => playEnd(world, rounds)));
    return { rounds, violations: [] };
  } catch (error) {
    if (!(error instanceof NotReached)) throw error;
    return { rounds, violations: [{ invariant: "convergence", about: `round ${rounds}`, what: error.message }] };
  }
}

/** Who still writes by then is to be seen writing: that is what the invariant of quiescence finds. */
const LATEST_SETTLE_MS = 300_000;

/** Waits until nobody has written for a while, then for as long as nothing may be written. */
async function settle(
  trail: Trail,
  { settleMs, quietMs, log }: ChaosOptions,
): Promise<{ readonly convergedAt: number }> {
  const latest = Date.now() + LATEST_SETTLE_MS;
  while (Date.now() < latest && Date.now() - (await trail.lastWriteIn(NAMESPACES)) < settleMs) await sleep(500);
  const convergedAt = Date.now();
  log(`chaos: all is done; whether it stays quiet shows within ${quietMs / 1000} s`);
  await sleep(quietMs);
  return { convergedAt };
}

async function historyOf(trail: Trail, world: World, convergedAt: number | undefined): Promise<History> {
  const { person, observer, replicas } = world;
  return {
    changes: await observer.changes(),
    writes: await trail.writesIn(person.namespace),
    tries: replicas
      .calls()
      // Forty different questions at each start have this one path.
      .filter(({ path }) => !path.includes("/selfsubjectaccessreviews"))
      .map(({ at, method, path, code }) => ({
        at,
        key: `${method} ${path.split("?", 1)[0]}`,
        failed: code === undefined || code >= 400,
      })),
    logs: await replicas.logs(),
    secrets: [PLANTED],
    strangers: [STRANGER],
    ...(convergedAt === undefined ? {} : { convergedAt }),
  };
}
