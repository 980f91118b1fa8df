import { isDeepStrictEqual } from "node:util";
import { setTimeout as sleep } from "node:timers/promises";
import { help, parseRequest, UsageError, type Request } from "./arguments.ts";
import { NameTaken } from "./claim.ts";
import { openCluster, startCluster, type Cluster } from "./cluster.ts";
import { ClusterFailure, logToStderr as log } from "./failure.ts";
import { clustersDirectory } from "./paths.ts";
import { prepareFor } from "./prepare.ts";
import { isAlive, starters } from "./processes.ts";
import { listNames, readRecord, type Nodes } from "./record.ts";
import { describeClusters, endedComponents } from "./status.ts";
import { sweep, tearDown } from "./tear-down.ts";
import { withLock } from "./lock.ts";

/** Runs one command and gives its exit code: 0 done, 1 failed, 2 not understood. */
async function main(args: readonly string[]): Promise<number> {
  try {
    await execute(parseRequest(args));
    return 0;
  } catch (error) {
    if (error instanceof UsageError) {
      log(`cluster: ${error.message}`);
      return 2;
    }
    if (!(error instanceof ClusterFailure)) throw error;
    log(`cluster: ${error.message}`);
    return 1;
  }
}

async function execute(request: Request): Promise<void> {
  switch (request.command) {
    case "help":
      return void process.stdout.write(`${help}\n`);
    case "up":
      return request.detach ? upDetached(request.name, request.nodes) : upUntilEnd(request.name, request.nodes);
    case "down":
      return down([request.name]);
    case "down-all":
      return down(await listNames());
    case "status":
      return void process.stdout.write(await describeClusters());
    case "env":
      return void process.stdout.write(shellCommands(await openCluster(request.name)));
    case "kill":
      return (await openCluster(request.name)).kill(request.component);
    case "restart":
      return (await openCluster(request.name)).restart(request.component);
    case "prepare":
      return prepareFor(request.for, log, whenToEnd().aborted);
  }
}

async function upDetached(name: string, nodes: Nodes): Promise<void> {
  try {
    const { aborted } = whenToEnd();
    tellHowToUse(await startCluster({ name, nodes, log, detached: true, aborted }));
  } catch (error) {
    if (!(error instanceof NameTaken) || !(await isUpDetached(name, nodes))) throw error;
    log(`cluster ${name} is up already`);
  }
}

async function isUpDetached(name: string, nodes: Nodes): Promise<boolean> {
  const record = await readRecord(name);
  if (!record || record.owner || !isDeepStrictEqual(record.nodes, nodes)) return false;
  return (await endedComponents(name)).length === 0;
}

async function upUntilEnd(name: string, nodes: Nodes): Promise<void> {
  const { aborted } = whenToEnd();
  let cluster: Cluster;
  try {
    cluster = await startCluster({ name, nodes, log, aborted });
  } catch (error) {
    if (aborted.aborted) return;
    throw error;
  }
  tellHowToUse(cluster);
  log("Ctrl-C ends it");
  while (!aborted.aborted && (await cluster.exists())) await sleep(200);
  await cluster.stop();
  log(`cluster ${name} is down`);
}

/** Aborts on SIGINT, SIGTERM, SIGHUP, and when the process that started this one is gone. */
function whenToEnd(): { readonly aborted: AbortSignal } {
  const controller = new AbortController();
  const end = (): void => controller.abort(new ClusterFailure("was told to end"));
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, end);
  const watched = starters();
  setInterval(() => {
    if (!watched.every(isAlive)) end();
  }, 500).unref();
  return { aborted: controller.signal };
}

function tellHowToUse({ name, server }: Cluster): void {
  const which = name === "default" ? "" : ` --name ${name}`;
  log(`cluster ${name} is up at ${server}; to use it in a shell: eval "$(npm run --silent cluster -- env${which})"`);
}

async function down(names: readonly string[]): Promise<void> {
  const present = new Set(await listNames());
  for (const name of names) {
    await tearDown(name);
    log(present.has(name) ? `cluster ${name} is down` : `no cluster is called ${name}`);
  }
  for (const name of await withLock(clustersDirectory, sweep))
    log(`removed cluster ${name}, which nobody owned any more`);
}

function shellCommands({ kubeconfig, binDir }: Cluster): string {
  return `export KUBECONFIG=${quote(kubeconfig)}\nexport PATH=${quote(binDir)}:"$PATH"\n`;
}

/** For a POSIX shell. */
function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

process.exitCode = await main(process.argv.slice(2));
