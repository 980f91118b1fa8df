import { beforeAll, describe, expect, it } from "vitest";
import type { AgentManifest } from "../../src/api/v1alpha1/agent.ts";
import type { AgentFleetManifest } from "../../src/api/v1alpha1/agent-fleet.ts";
import type { AgentRunManifest } from "../../src/api/v1alpha1/agent-run.ts";
import { aNamespace, apply, mustKubectl } from "./support.ts";

/**
 * Not a layer's usual spec: suspended, and each row's status is written by this test as the operator would. No operator
 * watches this namespace.
 */
const namespace = aNamespace();
const apiVersion = "darkfactory.dev/v1alpha1";
const DAY_MS = 86_400_000;

/** Half a day past whole days, so that a slow test still reads the same age. */
const daysAgo = (days: number) => new Date(Date.now() - (days + 0.5) * DAY_MS).toISOString();
const inDays = (days: number) => new Date(Date.now() + days * DAY_MS).toISOString();
const nextRun = inDays(1);

const condition = (type: string, status: "True" | "False", reason: string, message: string) => ({
  type,
  status,
  reason,
  message,
  observedGeneration: 1,
  lastTransitionTime: daysAgo(1),
});

const sentinel: AgentManifest = {
  apiVersion,
  kind: "Agent",
  metadata: { name: "security-sentinel", namespace, labels: { "darkfactory.dev/fleet": "demo" } },
  spec: { layer: "Safety", tool: "text", command: ["true"], suspend: true },
  status: {
    observedGeneration: 1,
    conditions: [condition("Ready", "True", "Running", "start 12 runs")],
    drift: { level: "Moderate", scorePercent: 21 },
    correction: { level: "Moderate", action: "Reload", total: 7 },
    lastRunTime: daysAgo(9),
  },
};

const sync: AgentManifest = {
  apiVersion,
  kind: "Agent",
  metadata: { name: "upstream-sync", namespace },
  spec: { layer: "Core", tool: "codex", schedule: "0 3 * * *", suspend: true },
  status: {
    observedGeneration: 1,
    conditions: [condition("Ready", "False", "InvalidSchedule", "0 25 * * *: hour 25")],
    drift: { level: "Normal" },
    correction: { action: "None", total: 0 },
    nextRunTime: nextRun,
  },
};

const fleet: AgentFleetManifest = {
  apiVersion,
  kind: "AgentFleet",
  metadata: { name: "demo", namespace },
  spec: { suspend: true },
  status: {
    observedGeneration: 1,
    conditions: [condition("Ready", "True", "Reconciled", "all agents are ready")],
    agents: { total: 3, ready: 3, running: 1, drifted: 1, paused: 0 },
    level: "Moderate",
  },
};

const review: AgentRunManifest = {
  apiVersion,
  kind: "AgentRun",
  metadata: { name: "review-42", namespace },
  spec: { agentRef: { name: "code-reviewer" }, task: "Review PR 42" },
  status: {
    observedGeneration: 1,
    startTime: daysAgo(9),
    exit: { class: "Success", code: 0 },
    display: { state: "Complete", duration: "4m12s" },
  },
};

const waiting: AgentRunManifest = {
  apiVersion,
  kind: "AgentRun",
  metadata: { name: "waiting", namespace },
  spec: { agentRef: { name: "code-reviewer" }, trigger: "Handoff" },
  status: { observedGeneration: 1, display: { state: "ConcurrencyLimit" } },
};

const objects = [sentinel, sync, fleet, review, waiting];

beforeAll(async () => {
  await apply(...objects);
  for (const object of objects) {
    await mustKubectl(["apply", "--server-side", "--subresource=status", "--field-manager=columns", "-f", "-"], {
      input: JSON.stringify(object),
    });
  }
});

describe("kubectl get", () => {
  it("shows agents as api.md does, one cell for what matters", async () => {
    expect(await rows("get", "agents.darkfactory.dev")).toEqual([
      ["NAME", "READY", "LAYER", "LEVEL", "DRIFT", "ACTION", "LAST RUN", "AGE"],
      ["security-sentinel", "True", "Safety", "Moderate", "21", "Reload", "9d", "now"],
      ["upstream-sync", "False", "Core", "Normal", "", "None", "", "now"],
    ]);
  });

  it("shows an agent's fleet, tool, next run and reason on demand, and a time to come as it is", async () => {
    const [header, first, second] = await rows("get", "agents.darkfactory.dev", "-o", "wide");
    const wide = ["FLEET", "TOOL", "NEXT RUN", "CORRECTIONS", "REASON", "MESSAGE"];
    expect(header?.slice(8)).toEqual(wide);
    expect(first?.slice(8)).toEqual(["demo", "text", "", "7", "Running", "start 12 runs"]);
    expect(second?.slice(8)).toEqual(["", "codex", nextRun, "0", "InvalidSchedule", "0 25 * * *: hour 25"]);
  });

  it("shows fleets as api.md does", async () => {
    expect(await rows("get", "agentfleets.darkfactory.dev")).toEqual([
      ["NAME", "READY", "AGENTS", "RUNNING", "DRIFTED", "PAUSED", "LEVEL", "AGE"],
      ["demo", "True", "3", "1", "1", "0", "Moderate", "now"],
    ]);
  });

  it("shows runs as api.md does, the waiting one with its reason", async () => {
    expect(await rows("get", "agentruns.darkfactory.dev")).toEqual([
      ["NAME", "AGENT", "TRIGGER", "STATUS", "EXIT", "STARTED", "DURATION", "AGE"],
      ["review-42", "code-reviewer", "OnDemand", "Complete", "Success", "9d", "4m12s", "now"],
      ["waiting", "code-reviewer", "Handoff", "ConcurrencyLimit", "", "", "", "now"],
    ]);
  });

  it.each([
    ["dfa", 2],
    ["dffleet", 1],
    ["dfrun", 2],
    ["darkfactory", 5],
  ])("knows the name %s", async (name, count) => {
    expect(await names("get", name)).toHaveLength(count);
  });

  it.each([
    ["spec.layer=Core", ["upstream-sync"]],
    ["status.drift.level=Moderate", ["security-sentinel"]],
    ["spec.layer=Growth", []],
  ])("selects agents by %s", async (selector, expected) => {
    expect(await names("get", "agents.darkfactory.dev", "--field-selector", selector)).toEqual(expected);
  });
});

it("a just-created agent has observed generation -1, so that nothing takes it for done", async () => {
  const fresh = { ...sentinel, metadata: { name: "fresh", namespace } };
  const created = await mustKubectl(["create", "--dry-run=server", "-o", "jsonpath={.status}", "-f", "-"], {
    input: JSON.stringify(fresh),
  });
  expect(JSON.parse(created)).toEqual({ observedGeneration: -1 });
});

it("the API server fills in what concerns every agent, and leaves the rest as it was written", async () => {
  const written = {
    ...sentinel,
    metadata: { name: "fresh", namespace },
    spec: { ...sentinel.spec, restart: { cooldownSeconds: 5 } },
  };
  const { suspend: _, ...spec } = written.spec;
  const created = await mustKubectl(["create", "--dry-run=server", "-o", "jsonpath={.spec}", "-f", "-"], {
    input: JSON.stringify({ ...written, spec }),
  });
  expect(JSON.parse(created)).toEqual({
    ...spec,
    suspend: false,
    restart: { cooldownSeconds: 5, maxRestarts: 10, windowSeconds: 43_200 },
  });
});

it("the API server fills in nothing in a fleet's entries and defaults, where it would override the merge (F3)", async () => {
  const defaults = {
    restart: { cooldownSeconds: 5 },
    runLimits: {},
    nightwatch: { thresholds: {}, activeHours: { start: "09:00", end: "17:00" } },
  };
  const agents = [{ name: "a", layer: "Growth", restart: { maxRestarts: 1 }, nightwatch: {} }];
  const created = await mustKubectl(["create", "--dry-run=server", "-o", "jsonpath={.spec}", "-f", "-"], {
    input: JSON.stringify({ ...fleet, metadata: { name: "fresh", namespace }, spec: { defaults, agents } }),
  });
  expect(JSON.parse(created)).toMatchObject({ defaults, agents });
  expect((JSON.parse(created) as { defaults: unknown }).defaults).toEqual(defaults);
  expect((JSON.parse(created) as { agents: unknown }).agents).toEqual(agents);
});

/** The table that kubectl prints, cell by cell; the age of what was just made reads "now". */
async function rows(...args: readonly string[]): Promise<readonly (readonly string[])[]> {
  const text = await mustKubectl(["--namespace", namespace, ...args]);
  expect(text).not.toContain("<invalid>");
  const [header = "", ...lines] = text.trimEnd().split("\n");
  const starts = [...header.matchAll(/\S+(?: \S+)*/g)].map(({ index }) => index);
  const cells = (line: string) => starts.map((start, n) => line.slice(start, starts[n + 1]).trim());
  const titles = cells(header);
  return [titles, ...lines.map((line) => cells(line).map((cell, n) => (titles[n] === "AGE" ? age(cell) : cell)))];
}

function age(cell: string): string {
  return /^\d+(s|m|m\d+s)$/.test(cell) ? "now" : cell;
}

async function names(...args: readonly string[]): Promise<readonly string[]> {
  const text = await mustKubectl(["--namespace", namespace, ...args, "-o", "name"]);
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => line.slice(line.indexOf("/") + 1));
}
