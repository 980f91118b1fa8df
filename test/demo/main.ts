import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { type Cluster, startCluster } from "../cluster/cluster.ts";
import { ClusterFailure, logToStderr as log } from "../cluster/failure.ts";
import { installCrds } from "../cluster/for-tests.ts";
import { ACTING, type OperatorProcess, startOperator } from "../operator-process.ts";
import { areAllReady, hasCompleteRun, isReady, leaveTables, showTables, wasCorrected } from "./table.ts";

const HELP = `Starts a real Kubernetes on this machine and the operator, applies examples/fleet.yaml, and shows the agents live.
Once they are ready it runs the Growth agent (examples/run.yaml). Agents of the demo's own: a Core agent that fires each
minute, one that drifts and is reloaded, and one that drifts so far that it is paused.

Usage: npm run demo [-- --once]

  --once   end by itself, with exit code 0, once all agents were Ready, the Growth agent's run is Complete, the Core
           agent has fired, and the two that drift were corrected (or 1 after three minutes)
  --help   show this`;

/** How long --once waits; a cold machine starts all Pods within a minute, and the next full minute is one away at most. */
const ONCE_MS = 180_000;

const examples = join(import.meta.dirname, "..", "..", "examples");
const [fleet, run] = [join(examples, "fleet.yaml"), join(examples, "run.yaml")];
/** The Growth agent that run.yaml runs, and the Core agent that fires each minute. */
const [growthAgent, coreAgent] = ["code-reviewer", "heartbeat"];
/** Agents that drift, and what is done about it. */
const corrections = { "flaky-monitor": "Reload", "broken-courier": "Pause" } as const;
const ownFiles = ["heartbeat", "drift"].map((name) => join(import.meta.dirname, `${name}.yaml`));

/** Gives the exit code: 0 done, 1 failed, 2 not understood. */
async function main(args: readonly string[]): Promise<number> {
  const request = parse(args);
  if ("wrong" in request) {
    log(`demo: ${request.wrong}`);
    return 2;
  }
  if (request.help) {
    process.stdout.write(`${HELP}\n`);
    return 0;
  }
  const { signal, stop } = untilInterrupted();
  let cluster: Cluster | undefined;
  let operator: OperatorProcess | undefined;
  try {
    log("demo: starting a real Kubernetes with one node (a few seconds)");
    cluster = await startCluster({ name: `demo-${process.pid}`, nodes: "real", log, aborted: signal });
    await installCrds({ ...cluster, kubectl: join(cluster.binDir, "kubectl") });
    operator = startOperator({
      kubeconfig: cluster.kubeconfig,
      logFile: join(cluster.directory, "logs", "operator.log"),
    });
    // Resolved or rejected before the next line waits for it: an early end is said with the operator's own words.
    await operator.logged(ACTING);
    log(
      "demo: the operator runs; kubectl apply -f examples/fleet.yaml -f test/demo/heartbeat.yaml -f test/demo/drift.yaml",
    );
    await mustSucceed(cluster, ["apply", ...[fleet, ...ownFiles].flatMap((file) => ["-f", file])]);
    return await show(cluster, operator, { once: request.once, signal });
  } catch (error) {
    if (signal.aborted) return 0;
    if (!(error instanceof ClusterFailure)) throw error;
    log(`demo: ${error.message}`);
    return 1;
  } finally {
    log("demo: cleaning up");
    stop();
    await operator?.stop();
    await cluster?.stop();
  }
}

async function mustSucceed(cluster: Cluster, args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await cluster.kubectl(args);
  if (code !== 0) throw new ClusterFailure(`kubectl ${args.join(" ")} failed: ${stderr.trim()}`);
  return stdout;
}

/** Shows agents and runs until all has happened that should (once) or until Ctrl-C. */
async function show(
  cluster: Cluster,
  operator: OperatorProcess,
  { once, signal }: { readonly once: boolean; readonly signal: AbortSignal },
): Promise<number> {
  const deadline = performance.now() + ONCE_MS;
  if (!once) log(`demo: Ctrl-C ends it. In another shell: export KUBECONFIG=${cluster.kubeconfig}`);
  let ended: number | NodeJS.Signals | undefined;
  void operator.ended.then((how) => (ended = how));
  let isRequested = false;
  while (!signal.aborted) {
    if (ended !== undefined) {
      throw new ClusterFailure(`the operator ended (${ended}): ${operator.logTail().slice(-5).join(" | ")}`);
    }
    // The fleet first: once it is ready, the table that is read after it has a row for each of its agents.
    const { stdout: fleets } = await cluster.kubectl(["get", "agentfleets", "--no-headers"]);
    const { stdout: agents } = await cluster.kubectl(["get", "agents"]);
    const { stdout: runs } = await cluster.kubectl(["get", "agentruns"]);
    showTables(agents, runs);
    if (!isRequested && isReady(fleets) && areAllReady(agents)) {
      isRequested = true;
      leaveTables();
      log("\ndemo: all agents are ready; kubectl create -f examples/run.yaml");
      await mustSucceed(cluster, ["create", "-f", run]);
    }
    const haveRun = [growthAgent, coreAgent].every((agent) => hasCompleteRun(runs, agent));
    const areCorrected = Object.entries(corrections).every(([agent, action]) => wasCorrected(agents, agent, action));
    if (once && isRequested && haveRun && areCorrected) {
      await conclude(cluster);
      return 0;
    }
    if (once && performance.now() > deadline) {
      const { stdout: details } = await cluster.kubectl(["describe", "agents,agentruns,pods"]);
      log(`${details}\n${operator.logTail().slice(-20).join("\n")}`);
      throw new ClusterFailure(`not all has happened within ${ONCE_MS / 1000} s; what the agents say stands above`);
    }
    await sleep(500, undefined, { signal }).catch(() => undefined);
  }
  return 0;
}

/** What is there at the end, and what the agents said. */
async function conclude(cluster: Cluster): Promise<void> {
  process.stdout.write(`\n${await mustSucceed(cluster, ["get", "agentfleets,pods"])}`);
  const columns = "AGENT:.regarding.name,REASON:.reason,ACTION:.action,NOTE:.note";
  const ofCorrections = [
    "events.events.k8s.io",
    "--field-selector=reportingController=darkfactory.dev/operator",
    `--output=custom-columns=${columns}`,
  ];
  process.stdout.write(`\n${await mustSucceed(cluster, ["get", ...ofCorrections])}`);
  // A run of the next minute may just be starting, and has no log yet.
  const ofRuns = ["--selector=darkfactory.dev/run", "--prefix", "--tail=5", "--ignore-errors"];
  process.stdout.write(`\n${await mustSucceed(cluster, ["logs", ...ofRuns])}`);
}

function parse(
  args: readonly string[],
): { readonly once: boolean; readonly help: boolean } | { readonly wrong: string } {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { once: { type: "boolean" }, help: { type: "boolean" } },
    });
    return { once: values.once ?? false, help: values.help ?? false };
  } catch (error) {
    const [line] = (error instanceof Error ? error.message : String(error)).split("\n");
    return { wrong: `${line} (--help shows all flags)` };
  }
}

/** Ctrl-C asks for a clean end; it goes on to be heard, so that a second one cannot cut the cleaning short. */
function untilInterrupted(): { readonly signal: AbortSignal; readonly stop: () => void } {
  const controller = new AbortController();
  const end = (): void => controller.abort(new ClusterFailure("was interrupted"));
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, end);
  return { signal: controller.signal, stop: end };
}

process.exitCode = await main(process.argv.slice(2));
