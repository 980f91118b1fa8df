import { describe, expect, it } from "vitest";
import { checkChange } from "../../src/api/v1alpha1/check.ts";
import { kinds } from "../../src/api/v1alpha1/kinds.ts";
import { parseAgent } from "../../src/api/v1alpha1/agent.ts";
import { parseAgentFleet } from "../../src/api/v1alpha1/agent-fleet.ts";
import { parseAgentRun } from "../../src/api/v1alpha1/agent-run.ts";
import type { Problem } from "../../src/api/v1alpha1/problems.ts";
import { fieldsOf } from "../../src/api/reference.ts";
import { KubeError } from "../../src/kube/errors.ts";
import type { Stored } from "../../src/kube/types.ts";
import { brokenChanges, brokenManifests, manifest, soundManifests, type KindName } from "../broken-manifests.ts";
import { handsIn } from "./operator-support.ts";
import { aNamespace, kubectl, sampleOf } from "./support.ts";

const namespace = aNamespace();
const { client } = handsIn(namespace);
const parse = { Agent: parseAgent, AgentFleet: parseAgentFleet, AgentRun: parseAgentRun } as const;

describe("a manifest that breaks one rule", () => {
  it.concurrent.each(titled(brokenManifests))(
    "is refused by the API server and by our parser alike: %s with %s",
    async (_kind, _what, broken) => {
      const { field, message } = broken;
      const theirs = await refusal(send(manifest(broken)));
      expect(theirs).toEqual([{ field, message: expect.stringMatching(ending(message)) as string }]);

      const ours = parse[broken.kind](manifest(broken));
      expect(ours.ok).toBe(false);
      for (const problem of ours.ok ? [] : ours.problems) {
        expect(problem.field).toBe(field);
        expect(theirs[0]?.message).toMatch(ending(problem.message));
      }
    },
  );
});

describe("what a person reads in kubectl", () => {
  it.each(
    titled(kinds.flatMap(({ resource: { kind } }) => sampleOf(brokenManifests.filter((row) => row.kind === kind)))),
  )("is what the API server finds wrong: %s with %s", async (_kind, _what, broken) => {
    const { code, stderr } = await create(manifest(broken));
    expect(code).not.toBe(0);
    expect(inKubectl(stderr)).toEqual(await refusal(send(manifest(broken))));
  });
});

describe("a change that breaks one rule", () => {
  it.each(titled(brokenChanges))(
    "is refused by the API server and by our rules alike: %s with %s",
    async (_kind, _what, broken) => {
      const { kind, field, message, before, spec } = broken;
      const name = `changed-${kind.toLowerCase()}`;
      await send(manifest({ kind, name, spec: before }), STORE);

      const theirs = await refusal(replace(manifest({ kind, name, spec })));
      expect(theirs).toEqual([{ field, message: expect.stringMatching(ending(message)) as string }]);
      expect(oursOnChange(kind, before, spec)).toEqual([{ field, message }]);
    },
  );

  it("may be anything else, such as another order and another task", async () => {
    const agents = (task: string) => [
      { name: "a", layer: "Growth", task },
      { name: "b", layer: "Safety" },
    ];
    const fleet = (list: unknown) => manifest({ kind: "AgentFleet", name: "reordered", spec: { agents: list } });
    await send(fleet(agents("one")), STORE);
    await replace(fleet(agents("two").toReversed()));
    expect(oursOnChange("AgentFleet", { agents: agents("one") }, { agents: agents("two").toReversed() })).toEqual([]);
  });
});

describe("a manifest at the edge of a rule", () => {
  it.concurrent.each(titled(soundManifests))(
    "passes the API server and our parser alike: %s with %s",
    async (_kind, _what, sound) => {
      await send(manifest(sound));
      expect(parse[sound.kind](manifest(sound))).toMatchObject({ ok: true });
    },
  );

  it("makes kubectl say nothing, not even a warning", async () => {
    const items = soundManifests.map(manifest);
    const { code, stdout, stderr } = await create({ apiVersion: "v1", kind: "List", items });
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout.trim().split("\n")).toHaveLength(items.length);
  });
});

it("every rule of every kind is broken by one of these manifests", () => {
  const tried = new Set([...brokenManifests, ...brokenChanges].map(({ message }) => message));
  const rules = kinds.flatMap((kind) =>
    fieldsOf(kind).flatMap(({ schema }) => (schema["x-kubernetes-validations"] ?? []).map(({ message }) => message)),
  );
  expect(rules.length).toBeGreaterThan(20);
  expect(rules.filter((message) => !tried.has(message))).toEqual([]);
});

describe("what the operator need not see", () => {
  it("a field that does not exist is named by kubectl", async () => {
    const spec = { layer: "Growth", tool: "text", command: ["true"], shedule: "@daily" };
    const { code, stderr } = await create(manifest({ kind: "Agent", spec }));
    expect(code).not.toBe(0);
    expect(stderr).toContain('unknown field "spec.shedule"');
  });

  it.each(["layer", "schedule", "task"])(
    "a fleet's defaults have no field %s, which each agent says for itself",
    async (field) => {
      const { code, stderr } = await create(manifest({ kind: "AgentFleet", spec: { defaults: { [field]: "Core" } } }));
      expect(code).not.toBe(0);
      expect(stderr).toContain(`unknown field "spec.defaults.${field}"`);
    },
  );
});

it("a fleet may list 1,000 agents that use every rule, and no more", async () => {
  const agents = Array.from({ length: 1000 }, (_, n) => ({
    name: `agent-${n}`,
    layer: "Core",
    schedule: "*/5 0-6,12-18 1,15 jan-jun mon-fri",
    timeZone: "America/Argentina/Buenos_Aires",
    env: [{ name: "A", valueFrom: { secretKeyRef: { name: "s", key: "k" } } }],
    envFrom: [{ secretRef: { name: "s" } }],
    nightwatch: {
      thresholds: { minorPercent: 1, moderatePercent: 2, severePercent: 3, criticalPercent: 4 },
      weights: { errorRatePercent: 100, commandSuccessRatePercent: 0, healthScorePercent: 0 },
    },
  }));
  const large = (list: unknown) => manifest({ kind: "AgentFleet", name: "large", spec: { agents: list } });
  expect((await create(large(agents))).stderr).toBe("");
  expect((await create(large([...agents, { name: "one-more", layer: "Growth" }]))).stderr).toContain(
    "spec.agents: Too many: 1001: must have at most 1000 items",
  );
});

/** Rows for a table of tests, with the words for their titles in front. */
function titled<Row extends { readonly kind: string; readonly what: string }>(rows: readonly Row[]) {
  return rows.map((row) => [row.kind, row.what, row] as const);
}

function create(object: object) {
  return kubectl(["--namespace", namespace, "create", "--dry-run=server", "-f", "-"], {
    input: JSON.stringify(object),
  });
}

/** As kubectl create --dry-run=server and replace ask: of a field that it does not know, the server is to complain. */
const DRY = "dryRun=All&fieldValidation=Strict";
const STORE = "fieldValidation=Strict";

type Manifest = ReturnType<typeof manifest>;

const collection = ({ kind }: Manifest): string =>
  `/apis/darkfactory.dev/v1alpha1/namespaces/${namespace}/${kind.toLowerCase()}s`;

/** Without kubectl: each of its starts costs more processor time than all that the server does about a manifest. */
function send(object: Manifest, how = DRY): Promise<unknown> {
  return client().raw("POST", `${collection(object)}?${how}`, object);
}

async function replace(object: Manifest): Promise<unknown> {
  const path = `${collection(object)}/${object.metadata.name}`;
  const { metadata } = (await client().raw("GET", path)) as Stored;
  return await client().raw("PUT", `${path}?${DRY}`, { ...object, metadata });
}

/** What the API server finds wrong, one entry a field, as kubectl shows it: each complaint once. */
async function refusal(asked: Promise<unknown>): Promise<readonly Problem[]> {
  const error = await asked.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof KubeError)) throw error ?? new Error("the API server took it");
  const found = (error.details?.causes ?? []).map(({ field = "", message = "" }) => ({ field, message }));
  const shown = found.filter(({ field }) => field !== "<nil>");
  return [...new Map(shown.map((problem) => [JSON.stringify(problem), problem])).values()];
}

/** The same of what kubectl prints to a person. */
function inKubectl(stderr: string): readonly Problem[] {
  const list = /is invalid: \n?(?:\* )?([^]*)/.exec(stderr)?.[1] ?? "";
  return list
    .trim()
    .split("\n* ")
    .filter((line) => !line.startsWith("<nil>:"))
    .map((line) => ({ field: line.slice(0, line.indexOf(": ")), message: line.slice(line.indexOf(": ") + 2) }));
}

function oursOnChange(kind: KindName, before: unknown, after: unknown): readonly Problem[] {
  const schema = kinds.find(({ resource }) => resource.kind === kind)?.spec;
  return schema === undefined ? [] : checkChange(schema, schema.parse(before), schema.parse(after), "spec");
}

/** Matches texts that end like this. */
function ending(text: string): RegExp {
  return new RegExp(`${text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&")}$`);
}
