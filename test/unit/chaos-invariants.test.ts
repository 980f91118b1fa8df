import { describe, expect, it } from "vitest";
import type { Change, History, ObservedKind, Try, Write } from "../chaos/history.ts";
import { invariants, judge } from "../chaos/invariants/invariants.ts";

const NOW = Date.parse("2026-03-01T12:00:00Z");

const empty: History = { changes: [], writes: [], tries: [], logs: [], secrets: ["s3cr3t"], strangers: ["stranger"] };

let version = 0;

/** One event of a watch about an object of which only what matters is said. */
function change(type: Change["type"], kind: ObservedKind, object: ObjectParts): Change {
  const { name = "a", uid = `uid-${name}`, metadata, ...rest } = object;
  const standing = { namespace: "n", resourceVersion: String(++version), creationTimestamp: "2026-03-01T12:00:00Z" };
  return { type, kind, object: { ...rest, metadata: { ...standing, name, uid, ...metadata } } };
}

interface ObjectParts {
  readonly name?: string;
  readonly uid?: string;
  readonly metadata?: object;
  readonly spec?: object;
  readonly status?: object;
  readonly note?: string;
}

const owned = (kind: string, name: string, uid = `uid-${name}`) => ({
  ownerReferences: [{ apiVersion: "darkfactory.dev/v1alpha1", kind, name, uid, controller: true }],
});

const write = (parts: Partial<Write>): Write => ({
  at: NOW,
  by: "operator",
  verb: "patch",
  resource: "agents",
  name: "a",
  code: 200,
  dryRun: false,
  ...parts,
});

/** Two versions of one object, the second written by somebody. */
function changed(by: Write["by"], kind: ObservedKind, before: ObjectParts, after: ObjectParts): Partial<History> {
  const changes = [change("ADDED", kind, before), change("MODIFIED", kind, after)];
  return { changes, writes: [write({ by, version: changes[1]?.object.metadata.resourceVersion ?? "" })] };
}

const ended = (reason: string) => ({
  conditions: [{ type: "Complete", status: "True", reason }],
  exit: { class: reason },
});
const times = (count: number, everyMs: number): readonly Try[] =>
  Array.from({ length: count }, (_, n) => ({ at: NOW + n * everyMs, key: "PATCH /agents/a", failed: true }));
const asStranger = (fieldsV1: object) => ({ managedFields: [{ manager: "stranger", fieldsV1 }] });
const annotated = (value: string) => ({
  ...asStranger({ "f:metadata": { "f:annotations": { "f:kept": {} } } }),
  annotations: { kept: value },
});

/** An agent that fires each minute, seen once: four occurrences from 12:00:30 on, of which two or three ran. */
const minutely = (minutes: readonly number[], skipped: number): readonly Change[] => [
  ...minutes.map((minute) =>
    change("ADDED", "AgentRun", {
      name: `a-${minute}`,
      metadata: owned("Agent", "a"),
      spec: { scheduledTime: `2026-03-01T12:0${minute}:00Z` },
    }),
  ),
  change("ADDED", "Agent", {
    status: {
      timetable: { schedule: "* * * * *", timeZone: "Etc/UTC", since: "2026-03-01T12:00:30Z" },
      lastScheduleTime: "2026-03-01T12:04:00Z",
      skippedRuns: { total: skipped },
    },
  }),
];

const broken: readonly (readonly [string, string, Partial<History>])[] = [
  [
    "one-child",
    "two Pods of one agent",
    {
      changes: [
        change("ADDED", "Pod", { name: "a-1", metadata: owned("Agent", "a") }),
        change("ADDED", "Pod", { name: "a-2", metadata: owned("Agent", "a") }),
      ],
    },
  ],
  [
    "one-child",
    "the Pod of an agent that was made anew beside that of the agent before",
    {
      changes: [
        change("ADDED", "Pod", { name: "a-2", metadata: owned("Agent", "a", "old") }),
        change("ADDED", "Pod", { name: "a-1", metadata: owned("Agent", "a", "new") }),
      ],
    },
  ],
  [
    "one-start",
    "a run's Job that is made again after it went",
    {
      changes: [
        change("ADDED", "Job", { name: "r", uid: "first", metadata: owned("AgentRun", "r") }),
        change("DELETED", "Job", { name: "r", uid: "first", metadata: owned("AgentRun", "r") }),
        change("ADDED", "Job", { name: "r", uid: "second", metadata: owned("AgentRun", "r") }),
      ],
    },
  ],
  [
    "one-start",
    "an occurrence that fires under two names, one after the other",
    {
      changes: ["r-1", "r-2"].flatMap((name) =>
        (["ADDED", "DELETED"] as const).map((type) =>
          change(type, "AgentRun", {
            name,
            metadata: owned("Agent", "a"),
            spec: { scheduledTime: "2026-03-01T12:00:00Z" },
          }),
        ),
      ),
    },
  ],
  ["no-lost-occurrence", "a minute that neither ran nor was skipped", { changes: minutely([1, 4], 1) }],
  ["no-lost-occurrence", "a minute that ran and was counted as skipped", { changes: minutely([1, 2, 4], 2) }],
  [
    "one-controller",
    "a Pod of ours that nobody controls",
    {
      changes: [change("ADDED", "Pod", { metadata: { labels: { "app.kubernetes.io/managed-by": "darkfactory" } } })],
    },
  ],
  [
    "no-orphan",
    "a Job whose run is gone",
    { changes: [change("ADDED", "Job", { metadata: owned("AgentRun", "gone") })] },
  ],
  [
    "finalizers-gone",
    "an agent that never goes",
    {
      changes: [
        change("ADDED", "Agent", { metadata: { deletionTimestamp: "2026-03-01T12:00:00Z", finalizers: ["x/y"] } }),
      ],
    },
  ],
  [
    "status-forward",
    "starts that go back",
    changed("operator", "Agent", { status: { starts: 2 } }, { status: { starts: 1 } }),
  ],
  [
    "status-forward",
    "a counter that is lost",
    changed("operator", "Agent", { status: { correction: { total: 1 } } }, { status: {} }),
  ],
  [
    "status-forward",
    "an occurrence that is offered again",
    changed(
      "operator",
      "Agent",
      { status: { lastScheduleTime: "2026-03-01T12:01:00Z" } },
      { status: { lastScheduleTime: "2026-03-01T12:00:00Z" } },
    ),
  ],
  [
    "status-forward",
    "a status of a generation to come",
    { changes: [change("ADDED", "Agent", { metadata: { generation: 1 }, status: { observedGeneration: 2 } })] },
  ],
  [
    "terminal-final",
    "a run that ended otherwise afterwards",
    changed("operator", "AgentRun", { status: ended("Success") }, { status: ended("Timeout") }),
  ],
  [
    "terminal-final",
    "a run that is revived",
    changed("operator", "AgentRun", { status: ended("Success") }, { status: { conditions: [] } }),
  ],
  ["quiescence", "a status written for nothing", { writes: [write({ at: NOW + 1 })], convergedAt: NOW }],
  [
    "fencing",
    "an old leader that writes after another took the lease",
    {
      writes: [
        write({ resource: "leases", replica: "a", lease: { doneAt: NOW, isHeld: true } }),
        write({ resource: "leases", replica: "b", lease: { doneAt: NOW + 20_000, isHeld: true } }),
        write({ at: NOW + 20_001, replica: "a" }),
      ],
    },
  ],
  ["bounded-retries", "a hot loop", { tries: times(100, 10) }],
  [
    "foreign-fields",
    "somebody else's annotation that is overwritten",
    changed("operator", "Agent", { metadata: annotated("theirs") }, { metadata: annotated("ours") }),
  ],
  [
    "foreign-fields",
    "somebody else's item of a list that is taken away",
    changed(
      "operator",
      "Agent",
      {
        metadata: asStranger({ "f:spec": { "f:env": { 'k:{"name":"X"}': { "f:value": {} } } } }),
        spec: { env: [{ name: "X", value: "1" }] },
      },
      { metadata: owned("AgentFleet", "f"), spec: { env: [] } },
    ),
  ],
  [
    "foreign-fields",
    "a spec that a person wrote",
    changed("operator", "AgentFleet", { spec: { suspend: false } }, { spec: { suspend: true } }),
  ],
  ["no-secret", "a log line", { logs: [{ where: "operator 1", text: "token s3cr3t is refused" }] }],
  ["no-secret", "an event's note", { changes: [change("ADDED", "Event", { note: "s3cr3t" })] }],
  ["no-secret", "a status", { changes: [change("ADDED", "Agent", { status: { pause: { message: "s3cr3t" } } })] }],
];

const sound: readonly (readonly [string, Partial<History>])[] = [
  [
    "a Pod after the one before has gone",
    {
      changes: [
        change("ADDED", "Agent", { name: "a" }),
        change("ADDED", "Pod", { name: "a-1", metadata: owned("Agent", "a") }),
        change("DELETED", "Pod", { name: "a-1", metadata: owned("Agent", "a") }),
        change("ADDED", "Pod", { name: "a-2", metadata: owned("Agent", "a") }),
      ],
    },
  ],
  [
    "the same run of two agents, one after the other under one name",
    {
      changes: ["old", "new"].flatMap((uid) => [
        change("ADDED", "Agent", { name: "a", uid }),
        change("ADDED", "AgentRun", { name: "r", uid: `run-${uid}`, metadata: owned("Agent", "a", uid), spec: {} }),
        ...(uid === "old"
          ? [
              change("DELETED", "AgentRun", {
                name: "r",
                uid: `run-${uid}`,
                metadata: owned("Agent", "a", uid),
                spec: {},
              }),
              change("DELETED", "Agent", { name: "a", uid }),
            ]
          : []),
      ]),
    },
  ],
  ["minutes that ran, and one that was skipped", { changes: minutely([1, 2, 4], 1) }],
  [
    "a status that a person puts back",
    changed("person", "Agent", { status: { starts: 2 } }, { status: { starts: 1 } }),
  ],
  [
    "a person who changes a spec",
    changed("person", "AgentFleet", { spec: { suspend: false } }, { spec: { suspend: true } }),
  ],
  [
    "a fleet that changes its own agent beside a stranger's field",
    changed(
      "operator",
      "Agent",
      { metadata: annotated("theirs"), spec: { task: "old" } },
      { metadata: { ...annotated("theirs"), ...owned("AgentFleet", "f") }, spec: { task: "new" } },
    ),
  ],
  [
    "the lease, a dry run, and what Kubernetes writes while all is quiet",
    {
      writes: [
        write({ at: NOW + 1, resource: "leases" }),
        write({ at: NOW + 1, verb: "create", resource: "pods", dryRun: true }),
        write({ at: NOW + 1, by: "kubernetes" }),
        write({ at: NOW - 1 }),
      ],
      convergedAt: NOW,
    },
  ],
  [
    "a leader that writes while it holds the lease, and the next one after it was released",
    {
      writes: [
        write({ resource: "leases", replica: "a", lease: { doneAt: NOW, isHeld: true } }),
        write({ at: NOW + 1, replica: "a" }),
        write({ resource: "leases", replica: "a", lease: { doneAt: NOW + 2, isHeld: false } }),
        write({ resource: "leases", replica: "b", lease: { doneAt: NOW + 3, isHeld: true } }),
        write({ at: NOW + 4, replica: "b" }),
      ],
    },
  ],
  ["tries that grow apart", { tries: times(50, 250) }],
];

describe("the checker", () => {
  it.each(broken)("sees %s violated by %s", (id, _what, history) => {
    expect(judge({ ...empty, ...history }).map(({ invariant }) => invariant)).toContain(id);
  });

  it.each(sound)("finds nothing wrong with %s", (_what, history) => {
    const found = judge({ ...empty, ...history }).filter(({ invariant }) => invariant !== "no-orphan");
    expect(found).toEqual([]);
  });

  it("has every invariant violated by one of these histories", () => {
    expect(invariants.map(({ id }) => id).filter((id) => !broken.some(([violated]) => violated === id))).toEqual([]);
  });

  it("names no secret that it finds", () => {
    const found = judge({ ...empty, logs: [{ where: "operator 1", text: "s3cr3t" }] });
    expect(found).toEqual([{ invariant: "no-secret", about: "operator 1", what: "holds secret number 1" }]);
  });
});
