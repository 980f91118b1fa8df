import { Registry } from "prom-client";
import { describe, expect, it } from "vitest";
import { aCondition, aFleet, anAgent, noonPlus } from "../../../test/builders.ts";
import { aRun, hasBegun, waitsFor } from "../../../test/run-builders.ts";
import { toldCaches, type ToldCaches } from "../../../test/told-caches.ts";
import type { Stored } from "../../kube/types.ts";
import { createMetricsPage, families } from "./page.ts";

/** What one scrape shows of a metric: its series, as they stand on the page. */
type Scrape = (name: string) => Promise<readonly string[]>;

function anOperator(
  isLeader: () => boolean = () => true,
  secondsSinceEvaluation: (uid: string) => number | undefined = () => undefined,
): ToldCaches & { readonly series: Scrape } {
  const told = toldCaches();
  const page = createMetricsPage({
    registry: new Registry(),
    caches: [told.caches],
    isLeader,
    secondsSinceEvaluation,
    version: "1.2.3",
  });
  return {
    ...told,
    async series(name) {
      const text = await page.metrics();
      return text.split("\n").filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
    },
  };
}

const drifting = anAgent({
  name: "sentinel",
  fleet: "demo",
  spec: { model: "o3", tool: "codex" },
  status: {
    conditions: [aCondition("Ready"), aCondition("Drifted", "True", "Moderate")],
    drift: { level: "Moderate", scorePercent: 21, lastEvaluationTime: noonPlus(0) },
    correction: { level: "Moderate", action: "Reload", total: 7 },
    restart: { failuresInWindow: 2 },
    lastRunTime: noonPlus(-60),
    active: [{ kind: "Pod", name: "sentinel-1" }],
  },
});

describe("the metrics of an agent", () => {
  it("say what it is, its conditions, its drift and when it did what", async () => {
    const { put, series } = anOperator();
    put("agents", drifting);
    const me = 'namespace="default",agent="sentinel"';
    expect(await series("darkfactory_agent_info")).toEqual([
      `darkfactory_agent_info{${me},fleet="demo",layer="Safety",tool="codex",model="o3"} 1`,
    ]);
    expect(await series("darkfactory_agent_condition")).toEqual([
      `darkfactory_agent_condition{${me},condition="Ready"} 1`,
      `darkfactory_agent_condition{${me},condition="Stalled"} 0`,
      `darkfactory_agent_condition{${me},condition="Drifted"} 1`,
      `darkfactory_agent_condition{${me},condition="Paused"} 0`,
      `darkfactory_agent_condition{${me},condition="RateLimited"} 0`,
    ]);
    expect(await series("darkfactory_agent_drift_ratio")).toEqual([`darkfactory_agent_drift_ratio{${me}} 0.21`]);
    expect(await series("darkfactory_agent_drift_level")).toEqual([`darkfactory_agent_drift_level{${me}} 2`]);
    expect(await series("darkfactory_agent_corrections_total")).toEqual([
      `darkfactory_agent_corrections_total{${me}} 7`,
    ]);
    expect(await series("darkfactory_agent_restart_failures")).toEqual([`darkfactory_agent_restart_failures{${me}} 2`]);
    expect(await series("darkfactory_agent_last_run_timestamp_seconds")).toEqual([
      `darkfactory_agent_last_run_timestamp_seconds{${me}} ${Date.parse(noonPlus(-60)) / 1000}`,
    ]);
  });

  it("have no ratio where there were too few samples, and go with the agent", async () => {
    const { put, gone, series } = anOperator();
    const fresh = anAgent({ status: { drift: { level: "Normal" } } });
    put("agents", fresh);
    expect(await series("darkfactory_agent_drift_ratio")).toEqual([]);
    expect(await series("darkfactory_agent_drift_level")).toHaveLength(1);
    gone("agents", fresh);
    expect(await series("darkfactory_agent_drift_level")).toEqual([]);
    expect(await series("darkfactory_agent_info")).toEqual([]);
  });

  it("say how long ago it was evaluated, as long as it runs (D11, D12)", async () => {
    let age: number | undefined = 12;
    const { put, series } = anOperator(undefined, (uid) => (uid === drifting.metadata.uid ? age : undefined));
    put("agents", drifting);
    const name = "darkfactory_agent_evaluation_age_seconds";
    expect(await series(name)).toEqual([`${name}{namespace="default",agent="sentinel"} 12`]);
    age = undefined;
    expect(await series(name)).toEqual([]);
  });

  it("of a replica that stands by are none: a sum over replicas counts no agent twice (O1)", async () => {
    const standby = anOperator(() => false);
    standby.put("agents", drifting);
    expect(await standby.series("darkfactory_agent_info")).toEqual([]);
    expect(await standby.series("darkfactory_fleet_agents")).toEqual([]);
    expect(await standby.series("darkfactory_build_info")).toEqual([
      `darkfactory_build_info{version="1.2.3",node_version="${process.version}"} 1`,
    ]);
  });

  it("are bounded: beyond a thousand agents those in trouble keep theirs, and the fleet still counts all", async () => {
    const { put, series } = anOperator();
    const status = { conditions: [aCondition("Ready")] };
    for (let n = 0; n < 1001; n += 1) put("agents", anAgent({ name: `agent-${n}`, fleet: "demo", status }));
    put("agents", anAgent({ name: "zz-troubled", fleet: "demo" }));
    expect(await series("darkfactory_agents_without_series")).toEqual(["darkfactory_agents_without_series 2"]);
    const info = await series("darkfactory_agent_info");
    expect(info).toHaveLength(1000);
    expect(info.join("\n")).toContain("zz-troubled");
    expect(await series("darkfactory_fleet_agents_ready")).toEqual([
      'darkfactory_fleet_agents_ready{namespace="default",fleet="demo",layer="Safety"} 1001',
    ]);
  });
});

describe("the metrics of a fleet", () => {
  it("count its agents by level, and those that were not measured as Unknown (D4, D9)", async () => {
    const { put, series } = anOperator();
    put("agents", drifting);
    put("agents", anAgent({ name: "stale", fleet: "demo", status: staleAt("Critical") }));
    put("agents", anAgent({ name: "alone" }));
    expect(await series("darkfactory_fleet_agents")).toEqual([
      'darkfactory_fleet_agents{namespace="default",fleet="demo",layer="Safety",level="Moderate"} 1',
      'darkfactory_fleet_agents{namespace="default",fleet="demo",layer="Safety",level="Unknown"} 1',
      'darkfactory_fleet_agents{namespace="default",fleet="",layer="Safety",level="Unknown"} 1',
    ]);
    expect(await series("darkfactory_fleet_agents_running")).toContain(
      'darkfactory_fleet_agents_running{namespace="default",fleet="demo",layer="Safety"} 1',
    );
  });

  it("show the storm guard (C6)", async () => {
    const { put, series } = anOperator();
    put("agentfleets", aFleet({ name: "demo", status: { conditions: [aCondition("StormGuard")] } }));
    expect((await series("darkfactory_fleet_condition")).filter((line) => line.endsWith(" 1"))).toEqual([
      'darkfactory_fleet_condition{namespace="default",fleet="demo",condition="StormGuard"} 1',
    ]);
  });
});

describe("the metrics of runs", () => {
  const growth = anAgent({ name: "reviewer", fleet: "demo", spec: { layer: "Growth", tool: "claude" } });
  const waiting = aRun({ name: "r-1", status: waitsFor("Queued") });
  const active = aRun({ name: "r-2", status: hasBegun() });
  const ended = aRun({
    name: "r-2",
    status: {
      conditions: [aCondition("Started"), aCondition("Failed", "True", "RateLimited")],
      exit: { class: "RateLimited" },
      signals: { rateLimits: 3 },
      usage: { inputTokens: 100, outputTokens: 7, costMicroUSD: 1_500_000 },
    },
  });

  it("say how many wait, for what, and how many are active (R2, R3)", async () => {
    const { put, series } = anOperator();
    put("agents", growth);
    put("agentruns", waiting);
    put("agentruns", active);
    put("agentruns", aRun({ name: "r-3" }));
    expect(await series("darkfactory_runs_waiting")).toEqual([
      'darkfactory_runs_waiting{namespace="default",fleet="demo",reason="Queued"} 1',
      'darkfactory_runs_waiting{namespace="default",fleet="demo",reason="Pending"} 1',
    ]);
    expect(await series("darkfactory_runs_active")).toEqual([
      'darkfactory_runs_active{namespace="default",fleet="demo"} 1',
    ]);
  });

  it("count each end once, with its class, rate limits, tokens and cost (R4, S3)", async () => {
    const { put, series } = anOperator();
    put("agents", growth);
    put("agentruns", active);
    put("agentruns", at(101, ended));
    put("agentruns", at(102, ended));
    expect(await series("darkfactory_runs_ended_total")).toEqual([
      'darkfactory_runs_ended_total{namespace="default",fleet="demo",class="RateLimited"} 1',
    ]);
    expect(await series("darkfactory_rate_limits_total")).toEqual([
      'darkfactory_rate_limits_total{namespace="default",fleet="demo",tool="claude"} 3',
    ]);
    expect(await series("darkfactory_tokens_total")).toEqual([
      'darkfactory_tokens_total{namespace="default",fleet="demo",direction="input"} 100',
      'darkfactory_tokens_total{namespace="default",fleet="demo",direction="output"} 7',
    ]);
    expect(await series("darkfactory_cost_usd_total")).toEqual([
      'darkfactory_cost_usd_total{namespace="default",fleet="demo"} 1.5',
    ]);
  });

  it("do not count what had ended before this process looked", async () => {
    const { put, series } = anOperator();
    put("agentruns", ended);
    expect(await series("darkfactory_runs_ended_total")).toEqual([]);
  });
});

it("a correction counts by its level and action, however many one update brings (C8)", async () => {
  const { put, series } = anOperator();
  const corrected = (totalSoFar: number) =>
    anAgent({ fleet: "demo", status: { correction: { level: "Severe", action: "Restart", total: totalSoFar } } });
  put("agents", corrected(1));
  put("agents", at(101, corrected(3)));
  put("agents", at(102, corrected(3)));
  expect(await series("darkfactory_corrections_total")).toEqual([
    'darkfactory_corrections_total{namespace="default",fleet="demo",level="Severe",action="Restart"} 2',
  ]);
});

it("escapes what a label's value may hold", async () => {
  const { put, series } = anOperator();
  put("agents", anAgent({ spec: { model: 'a"b\\c\nd' } }));
  expect((await series("darkfactory_agent_info"))[0]).toContain('model="a\\"b\\\\c\\nd"');
});

it("names and labels follow Prometheus' rules: counters end in _total, labels are few", () => {
  for (const { name, type, labels } of families) {
    expect(name, name).toMatch(/^darkfactory_[a-z_]+$/);
    expect(name.endsWith("_total"), name).toBe(type === "counter");
    expect(labels.length, name).toBeLessThanOrEqual(6);
  }
  expect(new Set(families.map(({ name }) => name)).size).toBe(families.length);
});

/** The object at a later version: only then a cache takes it for changed. */
function at<T extends Stored>(version: number, object: T): T {
  return { ...object, metadata: { ...object.metadata, resourceVersion: String(version) } };
}

function staleAt(level: "Critical") {
  return { conditions: [aCondition("Drifted", "Unknown", "StaleEvidence")], drift: { level, scorePercent: 90 } };
}
