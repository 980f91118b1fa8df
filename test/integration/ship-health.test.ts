import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { nextConditions, standingConditions, type Standing } from "../../src/controllers/conditions.ts";
import type { AgentPlan } from "../../src/controllers/agent/decide.ts";
import { anAgent, aCondition, aFleet, evicted, exited, NOON, noonPlus, running, waitingFor } from "../builders.ts";
import { aRun, hasBegun, over, waitsFor } from "../run-builders.ts";
import { ModelCluster } from "../model-cluster.ts";
import { run } from "../cluster/run.ts";
import { type Judged, kstatus } from "../ship/kstatus.ts";

const script = join(import.meta.dirname, "..", "..", "deploy", "argocd", "health.lua");

/** As Argo CD runs it: with the object, and of Lua's library the least. Prints the health of each object on a line. */
const harness = (literals: readonly string[]) => `
local code = io.open(${JSON.stringify(script)}):read("a")
for _, obj in ipairs({ ${literals.join(",\n")} }) do
  local health = load(code, "health", "t", { obj = obj, ipairs = ipairs })()
  print(health.status)
end
`;

type Any = Judged & { readonly kind?: string | undefined; readonly spec?: unknown };

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "health-"));
});
afterAll(async () => await rm(folder, { recursive: true }));

/** What Argo CD would show of each. */
async function argoHealth(objects: readonly Any[]): Promise<readonly string[]> {
  const file = join(folder, "harness.lua");
  await writeFile(file, harness(objects.map(luaOf)));
  const { code, stdout, stderr } = await run("lua5.4", [file]);
  if (code !== 0) throw new Error(stderr);
  return stdout.trim().split("\n");
}

function luaOf(value: unknown): string {
  if (Array.isArray(value)) return `{${value.map(luaOf).join(",")}}`;
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
    return `{${entries.map(([name, inner]) => `[${JSON.stringify(name)}]=${luaOf(inner)}`).join(",")}}`;
  }
  return JSON.stringify(value ?? null).replace(/^null$/, "nil");
}

const ready = (status: "True" | "False" | "Unknown") => aCondition("Ready", status);
const agentWith = (...conditions: readonly ReturnType<typeof aCondition>[]): Any => anAgent({ status: { conditions } });

describe("what Flux, Helm and Argo CD make of an object", () => {
  // what it is, the object, kstatus, Argo CD's health
  it.each<readonly [string, Any, string, string]>([
    [
      "just created: the CRD's default",
      { ...anAgent(), status: { observedGeneration: -1 } },
      "InProgress",
      "Progressing",
    ],
    [
      "changed since",
      anAgent({ generation: 2, status: { observedGeneration: 1, conditions: [ready("True")] } }),
      "InProgress",
      "Progressing",
    ],
    ["ready", agentWith(ready("True")), "Current", "Healthy"],
    ["ready and drifting", agentWith(ready("True"), aCondition("Drifted", "True", "Severe")), "Current", "Healthy"],
    ["in trouble that may pass", agentWith(ready("False")), "InProgress", "Degraded"],
    ["at work", agentWith(ready("False"), aCondition("Reconciling")), "InProgress", "Progressing"],
    ["stalled", agentWith(ready("False"), aCondition("Stalled")), "Failed", "Degraded"],
    ["paused", agentWith(ready("True"), aCondition("Paused")), "Current", "Suspended"],
    [
      "suspended",
      anAgent({ spec: { suspend: true }, status: { conditions: [ready("True")] } }),
      "Current",
      "Suspended",
    ],
    ["a fleet that is ready", aFleet({ status: { conditions: [ready("True")] } }), "Current", "Healthy"],
    [
      "a fleet with entries that cannot be applied",
      aFleet({ status: { conditions: [ready("False"), aCondition("Stalled")] } }),
      "Failed",
      "Degraded",
    ],
    ["a run that waits", aRun({ status: waitsFor("Queued") }), "Current", "Progressing"],
    ["a run that runs", aRun({ status: hasBegun() }), "Current", "Progressing"],
    ["a run that is complete", aRun({ status: over() }), "Current", "Healthy"],
    ["a run that failed", aRun({ status: over("AgentError") }), "Current", "Degraded"],
  ])("%s", async (_, object, byKstatus, byArgo) => {
    expect(kstatus(object)).toBe(byKstatus);
    expect(await argoHealth([object])).toEqual([byArgo]);
  });

  it("whatever stood before: stalled is Failed, at work is InProgress, ready is Current", () => {
    const standings: readonly Standing[] = [
      { ready: "True", reason: "Running", message: "" },
      { ready: "False", reason: "AgentError", message: "" },
      { ready: "False", reason: "Progressing", message: "", also: "Reconciling" },
      { ready: "False", reason: "InvalidSpec", message: "", also: "Stalled" },
    ];
    const expected = ["Current", "InProgress", "InProgress", "Failed"];
    const others = [aCondition("Drifted", "True", "Severe"), aCondition("Paused")];
    for (const before of standings) {
      const old = [...others, ...nextConditions([], standingConditions(before), 1, noonPlus(0))];
      const judged = standings.map((standing) =>
        kstatus({
          metadata: { generation: 2 },
          status: {
            observedGeneration: 2,
            conditions: nextConditions(old, standingConditions(standing), 2, noonPlus(1)),
          },
        }),
      );
      expect(judged).toEqual(expected);
    }
  });
});

const PODS = [
  running(),
  waitingFor("ImagePullBackOff"),
  waitingFor("InvalidImageName"),
  evicted(),
  exited(0, 0),
  exited(1, 0),
];
const refusal = { reason: "PodRefused", message: "spec: Invalid", needsHuman: true } as const;

describe("every status that the Agent controller writes", () => {
  it("is one that GitOps tools judge rightly: never ready and waiting, never at work and stalled (kstatus)", async () => {
    const written: Any[] = [];
    fc.assert(
      fc.property(fc.array(fc.nat({ max: PODS.length + 3 }), { maxLength: 12 }), (steps) => {
        const cluster = new ModelCluster({ planned: (_, plan) => void written.push(judged(cluster, plan)) });
        for (const step of steps) {
          const fate = PODS[step];
          if (fate !== undefined) cluster.fate(fate);
          else if (step === PODS.length) cluster.fleetSuspended = !cluster.fleetSuspended;
          else cluster.now = NOON + step * 3_600_000;
          cluster.reconcile(step === PODS.length + 2 ? { refuses: refusal } : {});
        }
      }),
      { numRuns: 200 },
    );
    const outcomes = new Set(written.map((object) => kstatus(object)));
    expect([...outcomes].sort()).toEqual(["Current", "Failed", "InProgress"]);
    for (const object of written) {
      const isTrue = (type: string) =>
        object.status?.conditions?.some((each) => each.type === type && each.status === "True") === true;
      expect([isTrue("Ready"), isTrue("Stalled"), isTrue("Reconciling")].filter(Boolean).length).toBeLessThanOrEqual(1);
      expect(kstatus(object)).toBe(isTrue("Ready") ? "Current" : isTrue("Stalled") ? "Failed" : "InProgress");
    }
    const distinct = [
      ...new Map(written.map((object) => [JSON.stringify(object.status?.conditions), object])).values(),
    ];
    const healths = await argoHealth(distinct);
    distinct.forEach((object, index) => {
      const fits = { Current: ["Healthy", "Suspended"], Failed: ["Degraded"], InProgress: ["Progressing", "Degraded"] };
      const judgement = kstatus(object) as keyof typeof fits;
      expect(fits[judgement], JSON.stringify(object.status)).toContain(healths[index]);
    });
  });
});

function judged({ agent }: ModelCluster, { status }: AgentPlan): Any {
  return { ...agent, status };
}
