import { setImmediate } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, test } from "vitest";
import { KubeError, TransportError } from "../kube/errors.ts";
import { createFakeClock } from "./fake-clock.ts";
import { createLeaderElection } from "./leader.ts";
import { alwaysLeading, NotLeaderError } from "./leadership.ts";
import { recordingLogger } from "./testing.ts";

interface Lease {
  metadata: { resourceVersion: string };
  spec: { holderIdentity: string; leaseDurationSeconds: number; leaseTransitions: number; renewTime: string };
}

/** One Lease with the API server's optimistic locking, and faults on demand that a real one will not produce at a given step. */
function leaseServer() {
  let lease: Lease | undefined;
  let version = 0;
  const server = {
    get lease() {
      return lease;
    },
    /** Requests as "METHOD". */
    requests: [] as string[],
    /** The signals that came with requests, as far as anybody still holds them. */
    signals: [] as WeakRef<AbortSignal>[],
    down: false,
    /** Answers are held back while set; the request has acted. */
    silent: false as boolean | "for-ever",
    /** Lets the answers that were held back arrive, even to those who have given up on them. */
    answerLate: [] as (() => void)[],
    raw(method: string, path: string, body?: unknown, options?: { signal?: AbortSignal }): Promise<unknown> {
      server.requests.push(method);
      if (options?.signal !== undefined) server.signals.push(new WeakRef(options.signal));
      if (server.down) return Promise.reject(new TransportError("unsent", { method, path }, "connect ECONNREFUSED"));
      const answer = act(method, path, body as Lease);
      if (!server.silent) return answer;
      answer.catch(() => undefined);
      return new Promise((resolve, reject) => {
        server.answerLate.push(() => resolve(answer));
        if (server.silent === "for-ever") return;
        options?.signal?.addEventListener("abort", () =>
          reject(new TransportError("aborted", { method, path }, "aborted")),
        );
      });
    },
  };
  async function act(method: string, path: string, body: Lease): Promise<Lease> {
    const fail = (code: number, reason: string): never => {
      throw new KubeError({
        message: reason,
        code,
        reason,
        details: undefined,
        retryAfterSeconds: undefined,
        method,
        path,
      });
    };
    if (method === "GET") return lease ?? fail(404, "NotFound");
    if (method === "POST" && lease !== undefined) return fail(409, "AlreadyExists");
    if (method === "PUT" && body.metadata.resourceVersion !== lease?.metadata.resourceVersion)
      return fail(409, "Conflict");
    lease = { ...body, metadata: { ...body.metadata, resourceVersion: String(++version) } };
    return lease;
  }
  return server;
}

type Server = ReturnType<typeof leaseServer>;

/** A candidate on a machine of its own: its clock runs only when the test says so. */
function candidate(server: Server, identity: string, clock = createFakeClock()) {
  const events: string[] = [];
  const { logger, lines } = recordingLogger();
  const election = createLeaderElection({
    client: { raw: (method, path, body, options) => server.raw(method, path, body, options) },
    lease: { namespace: "ns", name: "darkfactory" },
    clock,
    logger,
    identity,
    random: () => 0,
    onLost: (reason) => events.push(`lost: ${reason}`),
    onChange: (isLeader) => events.push(isLeader ? "leads" : "leads no more"),
  });
  void election.campaign();
  return { election, clock, events, lines };
}

describe("a leader election", () => {
  test("makes the first candidate the leader, and the second wait as long as the first renews", async () => {
    const server = leaseServer();
    const a = candidate(server, "a");
    await a.clock.advanceAndSettle(0);
    const b = candidate(server, "b");
    for (let seconds = 0; seconds < 120; seconds += 2) {
      await a.clock.advanceAndSettle(2_000);
      await b.clock.advanceAndSettle(2_000);
    }
    expect([a.election.isLeader(), b.election.isLeader()]).toEqual([true, false]);
    expect(server.lease?.spec).toMatchObject({ holderIdentity: "a", leaseDurationSeconds: 15, leaseTransitions: 0 });
    expect(await a.election.campaign()).toBe(true);
  });

  test("renews with one request each 2 s", async () => {
    const server = leaseServer();
    const a = candidate(server, "a");
    await a.clock.advanceAndSettle(0);
    server.requests.length = 0;
    await a.clock.advanceAndSettle(10_000);
    expect(server.requests).toEqual(["PUT", "PUT", "PUT", "PUT", "PUT"]);
  });

  test("leaves nothing of a renewal in memory: a leader renews for months", async () => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    const server = leaseServer();
    const a = candidate(server, "a");
    await a.clock.advanceAndSettle(0);
    await a.clock.advanceAndSettle(200_000);
    expect(server.requests.length).toBeGreaterThan(100);
    expect(server.signals.length).toBeGreaterThan(100);
    await setImmediate();
    collect();
    expect(server.signals.filter((signal) => signal.deref() !== undefined).length).toBeLessThan(10);
  });

  test("hands over at the next try when the leader releases", async () => {
    const server = leaseServer();
    const a = candidate(server, "a");
    await a.clock.advanceAndSettle(0);
    const b = candidate(server, "b");
    await b.clock.advanceAndSettle(0);
    await a.election.stop();
    expect(server.lease?.spec).toMatchObject({ holderIdentity: "", leaseDurationSeconds: 1 });
    expect(a.election.isLeader()).toBe(false);
    expect(() => a.election.fence()).toThrow(NotLeaderError);
    await b.clock.advanceAndSettle(2_000);
    expect(b.election.isLeader()).toBe(true);
    expect(server.lease?.spec).toMatchObject({ holderIdentity: "b", leaseTransitions: 1 });
    expect(a.events).toEqual(["leads", "leads no more"]);
  });

  test("takes over 15 s after the last change that it saw, by its own clock only", async () => {
    const server = leaseServer();
    const a = candidate(server, "a", createFakeClock(Date.UTC(2030, 0, 1)));
    await a.clock.advanceAndSettle(0);
    const b = candidate(server, "b", createFakeClock(Date.UTC(2020, 0, 1)));
    await b.clock.advanceAndSettle(14_000);
    expect(b.election.isLeader()).toBe(false);
    await b.clock.advanceAndSettle(2_000);
    expect(b.election.isLeader()).toBe(true);
  });

  test("never has two leaders at once, and none for 25 s at most, whatever pauses each process makes", async () => {
    const server = leaseServer();
    let second = 0;
    /** A process that starts anew when it has lost its lease. Born at a second of the world's time. */
    const start = (name: string) => ({ name, born: second, ...candidate(server, name) });
    const processes = [start("a"), start("b")];
    let terms = 0;
    let without = 0;
    for (; second < 1_000; second++) {
      for (const [index, it] of processes.entries()) {
        // Each is frozen for 40 s now and then, at different times.
        const phase = (second + index * 65) % 130;
        if (phase >= 30 && phase < 70) continue;
        // Once thawed, a process sees the whole pause at once.
        it.clock.stall((second - it.born) * 1_000 - it.clock.monotonic());
        await it.clock.advanceAndSettle(0);
        if (it.events.at(-1)?.startsWith("lost") === true) {
          terms++;
          processes[index] = start(it.name);
        }
      }
      const leading = processes.filter((it) => {
        const until = it.election.deadline();
        return until !== undefined && (second - it.born) * 1_000 < until;
      });
      expect(leading.length, `at ${second} s`).toBeLessThan(2);
      without = leading.length === 0 ? without + 1 : 0;
      expect(without, `at ${second} s`).toBeLessThan(25);
    }
    expect(terms).toBeGreaterThan(5);
  });
});

describe("a leader that cannot renew", () => {
  test("stops writing 10 s after its last renewal began, and says so once", async () => {
    const server = leaseServer();
    const a = candidate(server, "a");
    await a.clock.advanceAndSettle(0);
    await a.clock.advanceAndSettle(2_000);
    server.down = true;
    await a.clock.advanceAndSettle(9_999);
    a.election.fence();
    expect(a.election.deadline()).toBe(12_000);
    await a.clock.advanceAndSettle(1);
    expect(() => a.election.fence()).toThrow(NotLeaderError);
    await a.clock.advanceAndSettle(2_000);
    expect(a.events).toEqual(["leads", "leads no more", "lost: the leader's lease was not renewed in time"]);
    expect(a.lines.filter(({ level }) => level === "warn")).toHaveLength(1);
  });

  test("is fenced although its loop has not run: a process that was frozen writes nothing (O1)", async () => {
    const server = leaseServer();
    const a = candidate(server, "a");
    await a.clock.advanceAndSettle(0);
    a.election.fence();
    // The time has passed, yet no timer of this process has fired.
    a.clock.stall(10_000);
    expect(() => a.election.fence()).toThrow("nothing is written");
    expect(a.events).toEqual(["leads"]);
  });

  test("loses its leadership when no answer comes at all", async () => {
    const server = leaseServer();
    const a = candidate(server, "a");
    await a.clock.advanceAndSettle(0);
    server.silent = true;
    await a.clock.advanceAndSettle(10_000);
    expect(a.events.at(-1)).toBe("lost: the leader's lease was not renewed in time");
  });

  test("does not come back by an answer that was under way", async () => {
    const server = leaseServer();
    const a = candidate(server, "a");
    await a.clock.advanceAndSettle(0);
    server.down = true;
    await a.clock.advanceAndSettle(7_000);
    server.down = false;
    server.silent = "for-ever";
    await a.clock.advanceAndSettle(3_000);
    expect(a.events.at(-1)).toMatch("lost");
    server.silent = false;
    for (const answer of server.answerLate) answer();
    await a.clock.advanceAndSettle(0);
    expect(a.election.isLeader()).toBe(false);
    await a.clock.advanceAndSettle(60_000);
    expect(a.election.isLeader()).toBe(false);
    expect(a.events).toHaveLength(3);
  });

  test("counts from when a renewal was sent, not from its answer: the others may have seen it then", async () => {
    const server = leaseServer();
    const a = candidate(server, "a");
    await a.clock.advanceAndSettle(0);
    server.silent = "for-ever";
    await a.clock.advanceAndSettle(5_000);
    server.silent = false;
    for (const answer of server.answerLate) answer();
    await a.clock.advanceAndSettle(0);
    expect(a.election.deadline()).toBe(12_000);
  });

  test("stays leader through a renewal that failed and one that collided with its own lost answer", async () => {
    const server = leaseServer();
    const a = candidate(server, "a");
    await a.clock.advanceAndSettle(0);
    server.down = true;
    await a.clock.advanceAndSettle(4_000);
    server.down = false;
    await a.clock.advanceAndSettle(2_000);
    expect(a.election.deadline()).toBe(16_000);
    expect(a.events).toEqual(["leads"]);
  });
});

describe("a candidate that is stopped", () => {
  test("before it leads gets false, and touches the lease no more", async () => {
    const server = leaseServer();
    server.down = true;
    const a = candidate(server, "a");
    await a.clock.advanceAndSettle(5_000);
    await a.election.stop();
    expect(await a.election.campaign()).toBe(false);
    server.requests.length = 0;
    await a.clock.advanceAndSettle(60_000);
    expect(server.requests).toEqual([]);
    expect(a.clock.pending).toBe(0);
  });

  test("leaves a lease alone that another process has taken meanwhile", async () => {
    const server = leaseServer();
    const a = candidate(server, "a");
    await a.clock.advanceAndSettle(0);
    await server.raw("PUT", "", { ...server.lease, spec: { ...server.lease?.spec, holderIdentity: "b" } });
    await a.election.stop();
    expect(server.lease?.spec.holderIdentity).toBe("b");
  });
});

test("an election that is switched off leads at once and is never fenced", async () => {
  const election = alwaysLeading();
  expect(await election.campaign()).toBe(true);
  expect(election.isLeader()).toBe(true);
  election.fence();
  await election.stop();
});
