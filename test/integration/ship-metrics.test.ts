import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as yaml from "js-yaml";
import { afterAll, beforeAll, describe, expect, inject, it, vi } from "vitest";
import { agentFleetResource } from "../../src/api/v1alpha1/agent-fleet.ts";
import { families } from "../../src/controllers/metrics/page.ts";
import { run } from "../cluster/run.ts";
import { ACTING, aFreeAddress, type OperatorProcess, startOperator } from "../operator-process.ts";
import { queries } from "../ship/dashboard.ts";
import { aFleet, handsIn, simulated } from "./operator-support.ts";
import { runHands } from "./run-support.ts";
import { aNamespace, eventually } from "./support.ts";

// Two programs start and two runs end, one after another; of queries there are many.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

const rulesFile = join(import.meta.dirname, "..", "..", "charts", "darkfactory", "files", "alerts.yaml");

/** Panels that stay empty here: nothing of what they show happens to the agents of this test. */
const EMPTY = new Set([
  "Drift score",
  "Level of each agent",
  "Corrections",
  "Tokens",
  "Cost",
  "Lateness of schedules",
  "Active and waiting",
]);

const namespace = aNamespace();
const here = handsIn(namespace);
let operator: OperatorProcess;
let prometheus: ChildProcess;
let folder: string;
let page: string;
let server: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "metrics-"));
  const metrics = await aFreeAddress();
  page = `http://${metrics}/metrics`;
  const { kubeconfig } = inject("cluster");
  operator = startOperator({ kubeconfig, args: ["--namespaces", namespace, "--metrics-address", metrics] });
  await operator.logged(ACTING);
  server = await startPrometheus(metrics);
  const runs = runHands(here);
  await here.apply(
    agentFleetResource,
    aFleet("demo", {
      agents: [
        { name: "guard", layer: "Safety", podTemplate: simulated({ run: "1h" }) },
        { name: "reviewer", layer: "Growth", podTemplate: simulated({ run: "1s" }) },
      ],
    }) as never,
  );
  await here.runningPod("guard");
  await eventually(() => here.agent("reviewer"));
  // Two ends of runs, so that a counter is seen to grow.
  for (const name of ["first", "second"]) {
    await runs.start("reviewer", name);
    await runs.completes(name);
    await eventually(async () => expect(await valuesOf("sum(darkfactory_runs_ended_total)")).not.toEqual([]));
  }
});

afterAll(async () => {
  await operator?.stop();
  if (prometheus !== undefined) {
    const ended = once(prometheus, "exit");
    prometheus.kill();
    // Until then it writes into the folder.
    await ended;
  }
  await rm(folder, { recursive: true, force: true });
});

/** A real Prometheus that scrapes the operator each second; its address. */
async function startPrometheus(target: string): Promise<string> {
  const address = await aFreeAddress();
  const config = {
    global: { scrape_interval: "1s", evaluation_interval: "1s" },
    rule_files: [rulesFile],
    scrape_configs: [{ job_name: "darkfactory", honor_labels: true, static_configs: [{ targets: [target] }] }],
  };
  await writeFile(join(folder, "prometheus.json"), JSON.stringify(config));
  const args = ["--config.file", join(folder, "prometheus.json"), "--storage.tsdb.path", join(folder, "data")];
  prometheus = spawn("prometheus", [...args, "--web.listen-address", address], { stdio: "ignore" });
  await once(prometheus, "spawn");
  await eventually(async () => expect((await fetch(`http://${address}/-/ready`)).status).toBe(200));
  return `http://${address}`;
}

async function valuesOf(expr: string): Promise<readonly unknown[]> {
  const answer = await fetch(`${server}/api/v1/query?${new URLSearchParams({ query: expr }).toString()}`);
  const body = (await answer.json()) as { status: string; error?: string; data?: { result: readonly unknown[] } };
  if (body.status !== "success") throw new Error(`${expr}: ${body.error}`);
  return body.data?.result ?? [];
}

describe("the metrics of a running operator", () => {
  it("are what Prometheus' own linter accepts", async () => {
    const text = await (await fetch(page)).text();
    const { code, stdout, stderr } = await run("promtool", ["check", "metrics"], { input: text });
    // Names that others chose: Node's and client-go's.
    const ours = `${stdout}${stderr}`.split("\n").filter((line) => line.startsWith("darkfactory_"));
    expect(ours).toEqual([]);
    expect(code, stderr).toBeOneOf([0, 3]);
    const documented = families.map(({ name }) => name);
    const shown = [...text.matchAll(/^# TYPE (darkfactory_\S+)/gm)].map(([, name]) => name);
    expect(new Set(shown)).toEqual(new Set(documented));
  });

  it("answer every query of the dashboard", async () => {
    for (const { panel, expr } of queries) {
      const filled = expr
        .replaceAll("$namespace", namespace)
        .replaceAll("$fleet", ".*")
        .replaceAll("$__rate_interval", "1m");
      if (EMPTY.has(panel)) await valuesOf(filled);
      else await eventually(async () => expect(await valuesOf(filled), `${panel}: ${filled}`).not.toEqual([]));
    }
  });

  it("name nothing in the dashboard and the alerts that is not there", async () => {
    const text = await (await fetch(page)).text();
    const known = new Set([...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name));
    const rules = yaml.load(await readFile(rulesFile, "utf8")) as { groups: { rules: { expr: string }[] }[] };
    const alerts = rules.groups.flatMap((group) => group.rules.map(({ expr }) => expr));
    const names = [...queries.map(({ expr }) => expr), ...alerts].flatMap((expr) =>
      [
        ...expr.matchAll(
          /\b(?:darkfactory|controller_runtime|workqueue|rest_client|leader_election|nodejs|process)_\w+/g,
        ),
      ].map(([name]) => name),
    );
    expect(names.length).toBeGreaterThan(30);
    expect([...new Set(names)].filter((name) => !known.has(name))).toEqual([]);
  });

  it("raise no alert about a fleet that is well", async () => {
    // A scrape that comes late is a pending alert until the next: what is wrong with a fleet stays.
    await eventually(async () => expect(await valuesOf('ALERTS{alertname=~"Darkfactory.*"}')).toEqual([]));
    expect(await valuesOf('ALERTS{alertname=~"Darkfactory.*",alertstate="firing"}')).toEqual([]);
  });
});
