import * as fc from "fast-check";
import * as yaml from "js-yaml";
import { describe, expect, expectTypeOf, it } from "vitest";
import { core, fleet, growth, manifest, run } from "../../../test/broken-manifests.ts";
import { parseAgent, parseAgentSpec, type Agent, type AgentSpec, type AgentStatus } from "./agent.ts";
import { parseAgentFleet } from "./agent-fleet.ts";
import { parseAgentRun } from "./agent-run.ts";

const agent = (spec: unknown, status?: unknown) => ({ ...manifest({ kind: "Agent", name: "a", spec }), status });
const valueOf = <T>(parsed: { ok: true; value: T } | { ok: false; problems: unknown }): T => {
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.value;
};

describe("parsing an Agent", () => {
  it("fills in what holds where nothing is said", () => {
    expect(valueOf(parseAgent(agent(growth))).spec).toEqual({
      ...growth,
      timeZone: "Etc/UTC",
      concurrencyPolicy: "Forbid",
      suspend: false,
      runLimits: { activeDeadlineSeconds: 3600, retries: 0, keepSucceeded: 3, keepFailed: 3 },
      restart: { cooldownSeconds: 60, maxRestarts: 10, windowSeconds: 43_200 },
    });
  });

  it("keeps metadata as it came, with the type that the caller knows", () => {
    const metadata = { name: "a", uid: "u-1", resourceVersion: "7", creationTimestamp: "2026-03-01T12:00:00Z" };
    const parsed = parseAgent({ ...agent(growth), metadata });
    expect(valueOf(parsed).metadata).toBe(metadata);
    expectTypeOf(valueOf(parsed).metadata.uid).toEqualTypeOf<string>();
  });

  it("takes null for absent where a list, an object or a value is expected", () => {
    const nulls = {
      ...growth,
      env: null,
      envFrom: null,
      restart: { cooldownSeconds: null },
      task: null,
      suspend: null,
    };
    expect(valueOf(parseAgent(agent(nulls)))).toEqual(valueOf(parseAgent(agent(growth))));
  });

  it("keeps the nulls of a podTemplate, which remove what they meet", () => {
    const podTemplate = { spec: { securityContext: null, volumes: [{ name: "tmp", emptyDir: null }] } };
    expect(valueOf(parseAgent(agent({ ...growth, podTemplate }))).spec.podTemplate).toEqual(podTemplate);
  });

  it("leaves out fields that it does not know, such as those of a newer version", () => {
    const spec = { ...growth, madeUp: 1, restart: { cooldownSeconds: 1, madeUp: 2 } };
    expect(JSON.stringify(valueOf(parseAgent(agent(spec, { observedGeneration: 3, madeUp: 3 }))))).not.toContain(
      "madeUp",
    );
  });

  it("reads a status, and says where one is wrong", () => {
    expect(valueOf(parseAgent(agent(growth, { observedGeneration: -1 }))).status).toEqual({ observedGeneration: -1 });
    expect(parseAgent(agent(growth, { starts: "12" }))).toMatchObject({
      ok: false,
      problems: [{ field: "status.starts" }],
    });
  });

  it("gives every problem of an object at once, each with its field", () => {
    const parsed = parseAgent({ metadata: {}, spec: { tool: "vim", restart: { cooldownSeconds: 0 } } });
    expect(parsed.ok ? [] : parsed.problems.map(({ field }) => field)).toEqual([
      "metadata.name",
      "spec.layer",
      "spec.tool",
      "spec.restart.cooldownSeconds",
    ]);
  });

  it.each([
    ["nothing", undefined, ""],
    ["text", "agent", ""],
    ["a list", [], ""],
    ["no metadata", { spec: growth }, "metadata"],
    ["metadata that is a list", { metadata: [], spec: growth }, "metadata"],
    ["no spec", { metadata: { name: "a" } }, "spec"],
    ["a spec that is a list", { metadata: { name: "a" }, spec: [] }, "spec"],
  ])("answers %s with a problem, not an exception", (_, raw, field) => {
    expect(parseAgent(raw)).toMatchObject({ ok: false, problems: [{ field }] });
  });

  it("shows YAML's y and no as what they are to Kubernetes: text here, and never a name", () => {
    const read = yaml.load("name: no\ntask: y\nsuspend: no", { schema: yaml.YAML11_SCHEMA });
    expect(read).toEqual({ name: false, task: true, suspend: false });
    expect(parseAgent(agent({ ...growth, ...(read as object) }))).toMatchObject({
      ok: false,
      problems: [{ field: "spec.task", message: expect.stringContaining("must be of type string") as string }],
    });
  });
});

describe("parsing is safe against whatever stands in an object", () => {
  it.each([
    "spec",
    "spec.restart",
    "spec.podTemplate.spec",
    "spec.podTemplate.spec.affinity",
    "spec.resources.limits",
    "status",
    "status.drift",
  ])("a __proto__ key in %s reaches no prototype", (path) => {
    const poisoned = JSON.parse(
      '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}',
    ) as object;
    const raw = path.split(".").reduceRight<unknown>((inner, key) => ({ [key]: inner }), poisoned);
    const { spec = {}, status } = raw as { spec?: object; status?: object };
    const parsed = parseAgent(agent({ ...spec, ...growth, ...own(spec) }, status));
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
    expect(JSON.stringify(parsed)).not.toContain("__proto__");
    expect(parsed.ok ? (parsed.value.spec as Record<string, unknown>)["polluted"] : undefined).toBeUndefined();
  });

  it("any JSON at all gets an answer", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (spec, status) => {
        for (const parse of [parseAgent, parseAgentFleet, parseAgentRun]) {
          const parsed = parse({ metadata: { name: "a" }, spec, status });
          expect(parsed.ok || parsed.problems.length > 0).toBe(true);
        }
      }),
    );
  });
});

describe("a parsed object parsed again", () => {
  it.each([
    ["Agent", parseAgent, agent(core)],
    ["AgentFleet", parseAgentFleet, manifest({ kind: "AgentFleet", name: "a", spec: fleet })],
    ["AgentRun", parseAgentRun, manifest({ kind: "AgentRun", name: "a", spec: run })],
  ])("is the same: %s", (_, parse, raw) => {
    const once = valueOf<unknown>((parse as typeof parseAgent)(raw as unknown));
    expect(valueOf((parse as typeof parseAgent)(once))).toEqual(once);
  });
});

describe("a fleet's merged entry (F5)", () => {
  it("is checked by the rules of an Agent, under the path that the caller names", () => {
    expect(parseAgentSpec({ layer: "Core", tool: "text" }, "spec.agents[3]")).toEqual({
      ok: false,
      problems: [
        { field: "spec.agents[3].schedule", message: "schedule is required when layer is Core" },
        {
          field: "spec.agents[3].command",
          message: "command is required when tool is text: it is the program to run",
        },
      ],
    });
  });

  it("stands under spec unless told otherwise", () => {
    expect(parseAgentSpec({ ...growth, layer: "Safety", schedule: "@daily" })).toEqual({
      ok: false,
      problems: [{ field: "spec.schedule", message: "schedule is only for layer Core: remove it" }],
    });
  });
});

describe("the types", () => {
  it("say that defaults are there, and that an absent field is absent, never undefined", () => {
    expectTypeOf<AgentSpec["restart"]["cooldownSeconds"]>().toEqualTypeOf<number>();
    expectTypeOf<Agent["metadata"]["uid"]>().toEqualTypeOf<string | undefined>();
    // @ts-expect-error an optional field cannot be set to undefined
    const status: AgentStatus = { starts: undefined };
    // @ts-expect-error what a cache holds is never changed
    status.starts = 1;
  });
});

/** The own fields of one level below, so that a poisoned child is not replaced by the valid spec's. */
function own(spec: object): object {
  return Object.fromEntries(Object.entries(spec).filter(([key]) => key !== "__proto__" && key !== "constructor"));
}
