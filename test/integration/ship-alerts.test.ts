import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as yaml from "js-yaml";
import { describe, expect, it } from "vitest";
import { run } from "../cluster/run.ts";
import { agentMetric, agentSeries as agent, me } from "../ship/series.ts";

const root = join(import.meta.dirname, "..", "..");
const rulesFile = join(root, "charts", "darkfactory", "files", "alerts.yaml");

interface Rule {
  readonly alert: string;
  readonly for?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

const rules = (
  yaml.load(await readFile(rulesFile, "utf8")) as { readonly groups: readonly { readonly rules: readonly Rule[] }[] }
).groups.flatMap((group) => group.rules);

/** What is scraped once a minute, in promtool's notation of values. */
type Input = Readonly<Record<string, string>>;

interface Case {
  readonly alert: string;
  /** Where it must fire, after so many minutes, with these labels, and $value as its text shows it. */
  readonly fires: Input;
  readonly after: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly value?: string;
  /** Where it must not. */
  readonly quiet: Input;
}

const operator = { 'darkfactory_build_info{instance="a",job="darkfactory"}': "1x200" };
const leads = (value: string): Input => ({
  ...operator,
  'leader_election_master_status{name="darkfactory",instance="a",job="darkfactory"}': value,
  // Another operator's, which must not count.
  'leader_election_master_status{name="other",instance="z",job="other"}': "1x200",
});
const reconciles = (errors: string): Input => ({
  ...operator,
  'controller_runtime_reconcile_errors_total{controller="agent",instance="a",job="darkfactory"}': errors,
  'controller_runtime_reconcile_total{controller="agent",instance="a",job="darkfactory"}': "0+10x200",
  'controller_runtime_reconcile_errors_total{controller="agent",instance="z",job="other"}': "0+10x200",
  'controller_runtime_reconcile_total{controller="agent",instance="z",job="other"}': "0+10x200",
});
const growth = { layer: "Growth" };
const fleet = { namespace: "prod", fleet: "demo" };

const cases: readonly Case[] = [
  {
    alert: "DarkfactoryOperatorDown",
    fires: { 'darkfactory_build_info{instance="a",job="darkfactory"}': "1x3 stale" },
    after: 15,
    quiet: operator,
  },
  { alert: "DarkfactoryNoLeader", fires: leads("0x200"), after: 6, quiet: leads("1x200") },
  {
    alert: "DarkfactoryReconcileErrors",
    fires: reconciles("0+5x200"),
    after: 30,
    labels: { controller: "agent" },
    value: "50%",
    quiet: reconciles("0x200"),
  },
  {
    alert: "DarkfactoryAgentStalled",
    fires: agent({ Ready: "0x200", Stalled: "1x200" }),
    after: 6,
    labels: { ...me, condition: "Stalled" },
    quiet: agent({ Ready: "0x200", Stalled: "0x200" }),
  },
  {
    alert: "DarkfactoryAgentNotReady",
    fires: agent({ Ready: "0x200" }, growth),
    after: 16,
    labels: { ...me, ...growth, condition: "Ready" },
    quiet: { ...agent({ Ready: "0x200", Paused: "1x200" }, growth) },
  },
  {
    alert: "DarkfactorySafetyAgentDown",
    fires: agent({ Ready: "0x200" }),
    after: 6,
    labels: { ...me, condition: "Ready" },
    quiet: agent({ Ready: "0x200" }, growth),
  },
  {
    alert: "DarkfactoryAgentDriftSevere",
    fires: { ...agent({}), [agentMetric("drift_level")]: "3x200" },
    after: 11,
    labels: me,
    quiet: { ...agent({}), [agentMetric("drift_level")]: "2x200" },
  },
  {
    alert: "DarkfactoryAgentPaused",
    fires: agent({ Paused: "1x200" }),
    after: 2,
    labels: { ...me, condition: "Paused" },
    quiet: agent({ Paused: "0x200" }),
  },
  {
    alert: "DarkfactoryCorrectionLoop",
    fires: { ...agent({}), [agentMetric("corrections_total")]: "0x30 1 2 3x100" },
    after: 60,
    labels: me,
    value: "3",
    quiet: { ...agent({}), [agentMetric("corrections_total")]: "0x30 1 2x100" },
  },
  {
    alert: "DarkfactoryMissedSchedule",
    fires: { ...agent({}), [agentMetric("next_run_timestamp_seconds")]: "60x200" },
    after: 16,
    labels: { namespace: "prod", agent: "sentinel" },
    value: "15m 0s",
    quiet: {
      ...agent({}),
      [agentMetric("next_run_timestamp_seconds")]: "60x200",
      [agentMetric("suspended")]: "1x200",
    },
  },
  {
    alert: "DarkfactoryAgentRateLimited",
    fires: agent({ RateLimited: "1x200" }),
    after: 16,
    labels: { ...me, condition: "RateLimited" },
    quiet: agent({ RateLimited: "1x5 0x200" }),
  },
  {
    alert: "DarkfactoryStormGuard",
    fires: { 'darkfactory_fleet_condition{namespace="prod",fleet="demo",condition="StormGuard"}': "1x200" },
    after: 1,
    labels: { ...fleet, condition: "StormGuard" },
    quiet: { 'darkfactory_fleet_condition{namespace="prod",fleet="demo",condition="StormGuard"}': "0x200" },
  },
  {
    alert: "DarkfactoryFleetDriftWidespread",
    fires: {
      'darkfactory_fleet_agents{namespace="prod",fleet="demo",layer="Core",level="Severe"}': "2x200",
      'darkfactory_fleet_agents{namespace="prod",fleet="demo",layer="Growth",level="Critical"}': "1x200",
      'darkfactory_fleet_agents{namespace="prod",fleet="demo",layer="Growth",level="Normal"}': "9x200",
    },
    after: 11,
    labels: fleet,
    value: "25%",
    quiet: {
      'darkfactory_fleet_agents{namespace="prod",fleet="demo",layer="Core",level="Severe"}': "2x200",
      'darkfactory_fleet_agents{namespace="prod",fleet="demo",layer="Growth",level="Normal"}': "1x200",
    },
  },
  {
    alert: "DarkfactoryRunsFailing",
    fires: {
      'darkfactory_runs_ended_total{namespace="prod",fleet="demo",class="AgentError"}': "0+3x200",
      'darkfactory_runs_ended_total{namespace="prod",fleet="demo",class="Success"}': "0+1x200",
    },
    after: 90,
    labels: fleet,
    value: "75%",
    quiet: {
      'darkfactory_runs_ended_total{namespace="prod",fleet="demo",class="AgentError"}': "0+1x200",
      'darkfactory_runs_ended_total{namespace="prod",fleet="demo",class="Success"}': "0+3x200",
    },
  },
  {
    alert: "DarkfactoryRunsWaiting",
    fires: { 'darkfactory_runs_waiting{namespace="prod",fleet="demo",reason="Queued"}': "4x200" },
    after: 61,
    labels: fleet,
    value: "4",
    quiet: { 'darkfactory_runs_waiting{namespace="prod",fleet="demo",reason="AgentSuspended"}': "4x200" },
  },
];

describe("the alerts", () => {
  it("are rules that Prometheus accepts", async () => {
    expect(await run("promtool", ["check", "rules", "--lint-fatal", rulesFile])).toMatchObject({ code: 0 });
  });

  it("each have a case below and a runbook of their name, and no runbook is without an alert", async () => {
    const names = rules.map((rule) => rule.alert).sort();
    expect(cases.map((each) => each.alert).sort()).toEqual(names);
    const pages = (await readdir(join(root, "docs", "runbooks"))).filter((page) => page !== "README.md");
    expect(pages.sort()).toEqual(names.map((name) => `${name}.md`));
    for (const page of pages) {
      const text = await readFile(join(root, "docs", "runbooks", page), "utf8");
      expect([...text.matchAll(/^## (.+)$/gm)].map(([, heading]) => heading)).toEqual([
        "Meaning",
        "Impact",
        "Diagnosis",
        "Mitigation",
      ]);
    }
  });

  it("fire when they must, with the words that they must, and not otherwise", async () => {
    const file = { rule_files: [rulesFile], evaluation_interval: "1m", tests: cases.flatMap(toTests) };
    const folder = await mkdtemp(join(tmpdir(), "alerts-"));
    try {
      const path = join(folder, "test.yaml");
      await writeFile(path, JSON.stringify(file));
      const { code, stdout, stderr } = await run("promtool", ["test", "rules", path]);
      expect(`${stdout}${stderr}`).toContain("SUCCESS");
      expect(code).toBe(0);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

function toTests({ alert, fires, after, labels = {}, value = "", quiet }: Case): readonly object[] {
  const rule = rules.find((each) => each.alert === alert);
  const annotations = Object.entries(rule?.annotations ?? {}).map(([name, text]) => {
    const withLabels = text.replace(/\{\{ \$labels\.(\w+) \}\}/g, (_, label: string) => labels[label] ?? "");
    return [name, withLabels.replace(/\{\{ \$value[^}]*\}\}/g, value)] as const;
  });
  const test = (input: Input, expected: readonly object[]) => ({
    name: alert,
    interval: "1m",
    input_series: Object.entries(input).map(([series, values]) => ({ series, values })),
    alert_rule_test: [{ eval_time: `${after}m`, alertname: alert, exp_alerts: expected }],
  });
  return [
    test(fires, [{ exp_labels: { ...labels, ...rule?.labels }, exp_annotations: Object.fromEntries(annotations) }]),
    test(quiet, []),
  ];
}
