import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { exitClasses } from "../../src/api/v1alpha1/exit.ts";

const root = join(import.meta.dirname, "..", "..");

/** The folders of the controllers that the operator starts. */
const started = [
  ...readFileSync(join(root, "src", "operator.ts"), "utf8").matchAll(/controllers\/([a-z-]+)\/controller/g),
];

/** Where they write reasons of conditions, of invalid entries and of events. */
const sources = [
  ...globSync("src/controllers/*.ts", { cwd: root }),
  ...started.flatMap(([, folder = ""]) => globSync(`src/controllers/${folder}/*.ts`, { cwd: root })),
  "src/workloads/pod-state.ts",
  "src/workloads/verdict.ts",
  "src/nightwatch/judgement.ts",
  "src/nightwatch/pause.ts",
  "src/nightwatch/storm.ts",
].filter((path) => !path.endsWith(".test.ts"));

/** CamelCase words in the same files that nobody will ever read as a reason, by what they are. */
const otherWords = new Set(
  Object.values({
    conditions: "Ready Reconciling Stalled Drifted Paused RateLimited StormGuard Started Complete Failed True False",
    kinds: "Agent AgentFleet AgentRun Pod Job",
    valuesOfSpec: "Safety Core Growth Schedule OnDemand Replacement Forbid Replace Allow",
    corrections: "None Warn Reload Restart Pause",
    levels: "Normal Minor Moderate Severe Critical",
    events: "Warning Reconcile Apply Run Resume AllowCorrections HoldCorrections",
    whyAPodIsDeleted: "NextStart Superseded SpecChanged EditedByHand RestartRequested DeletedByHand",
    statesOfAPod: "Starting Blocked Ending Ended Succeeded",
    wordsOfKubernetes:
      "Background Foreground NamespaceTerminating PodScheduled Completed DeadlineExceeded DisruptionTarget FailureTarget " +
      "SuccessCriteriaMet",
  }).flatMap((words) => words.split(" ")),
);

it("every reason that the operator can write stands in docs/conditions.md", () => {
  const missing = wordsInSource()
    .filter((word) => !otherWords.has(word))
    .filter((word) => !documentedWords().has(word));
  // A word that is no reason belongs into otherWords above.
  expect(missing).toEqual([]);
});

it("every class of exit, which is the reason between two starts, stands in docs/conditions.md", () => {
  expect(exitClasses.filter((name) => !documentedWords().has(name))).toEqual([]);
});

it("every reason in the tables of docs/conditions.md is one that the operator can write", () => {
  const written = new Set<string>([...wordsInSource(), ...exitClasses]);
  const rows = [...conditionsPage().matchAll(/^\| `([A-Z][A-Za-z]+)` +\|/gm)].map(([, word = ""]) => word);
  expect(rows.length).toBeGreaterThan(30);
  expect(rows.filter((word) => !written.has(word))).toEqual([]);
});

function conditionsPage(): string {
  return readFileSync(join(root, "docs", "conditions.md"), "utf8");
}

function documentedWords(): ReadonlySet<string> {
  return new Set([...conditionsPage().matchAll(/`([A-Z][A-Za-z]+)`/g)].map(([, word = ""]) => word));
}

/** Every string of one CamelCase word in the sources: a superset of the reasons, so that none slips through. */
function wordsInSource(): readonly string[] {
  const words = sources.flatMap((path) =>
    [...readFileSync(join(root, path), "utf8").matchAll(/"([A-Z][A-Za-z]+)"/g)].map(([, word = ""]) => word),
  );
  return [...new Set(words)].sort();
}
