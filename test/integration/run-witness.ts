import { expect, onTestFinished } from "vitest";
import { agentRunResource } from "../../src/api/v1alpha1/agent-run.ts";
import type { KubeClient } from "../../src/kube/client.ts";
import { type Job, jobResource } from "../../src/kube/types-core.ts";
import { compareResourceVersions } from "../../src/kube/resource-version.ts";
import type { KubeObject, ResourceType, Stored } from "../../src/kube/types.ts";
import { jobEnd } from "../../src/controllers/agent-run/run-state.ts";
import { eventually } from "./support.ts";

/** What became of runs and Jobs, in the API server's own order. */
export interface RunWitness {
  /** namespace/name of each run and each Job that was ever created: twice, where it was created twice. */
  readonly runs: readonly string[];
  readonly jobs: readonly string[];
  /** Names of Jobs in the order in which they were created. */
  readonly order: () => readonly string[];
  /** The most Jobs that had not ended at one time. */
  readonly mostAtOnce: () => number;
  /** Waits until all that stands at the API server now was seen here too: its events come when they come. */
  readonly caughtUp: () => Promise<void>;
}

type OnEnd = (cleanUp: () => Promise<void>) => void;

/** Watches a namespace, or all where none is given, from now until `onEnd`'s callback is called: the end of the test. */
export async function watchRuns(
  client: KubeClient,
  namespace?: string,
  onEnd: OnEnd = onTestFinished,
): Promise<RunWitness> {
  const runs: string[] = [];
  const jobs: string[] = [];
  const going = new Set<string>();
  let most = 0;
  const nameOf = ({ metadata }: Stored) => `${metadata.namespace}/${metadata.name}`;
  const scope = namespace === undefined ? {} : { namespace };
  const from = { client, scope, onEnd };
  const ofRuns = await follow(from, agentRunResource, (type, run) => {
    if (type === "ADDED") runs.push(nameOf(run));
  });
  const ofJobs = await follow<Job>(from, jobResource, (type, job) => {
    if (type === "ADDED") jobs.push(nameOf(job));
    if (type === "DELETED" || jobEnd(job) !== undefined) going.delete(job.metadata.uid);
    else going.add(job.metadata.uid);
    most = Math.max(most, going.size);
  });
  return {
    runs,
    jobs,
    order: () => jobs.map((name) => name.split("/")[1] ?? ""),
    mostAtOnce: () => most,
    caughtUp: async () => void (await Promise.all([ofRuns, ofJobs].map((caughtUp) => caughtUp()))),
  };
}

/** Tells of every change from now on; gives what waits until all that a list shows was told. */
async function follow<T extends KubeObject>(
  from: { readonly client: KubeClient; readonly scope: { readonly namespace?: string }; readonly onEnd: OnEnd },
  type: ResourceType<T>,
  tell: (type: "ADDED" | "MODIFIED" | "DELETED", object: Stored<T>) => void,
): Promise<() => Promise<void>> {
  const { client, scope, onEnd } = from;
  const list = async () => {
    const pages = await Array.fromAsync(client.list(type, scope));
    const items = pages.flatMap((page) => page.items.map(({ metadata }) => metadata));
    const versions = new Map(items.map(({ uid, resourceVersion }) => [uid, resourceVersion]));
    return { versions, resourceVersion: pages.at(-1)?.resourceVersion ?? "" };
  };
  const { versions: seen, resourceVersion } = await list();
  const gone = new Set<string>();
  const end = new AbortController();
  const opened = Promise.withResolvers<void>();
  const watching = (async () => {
    const options = { ...scope, resourceVersion, signal: end.signal, onOpen: () => opened.resolve() };
    for await (const event of client.watch(type, options)) {
      if (event.type === "BOOKMARK") continue;
      const { metadata } = event.object;
      if (event.type === "DELETED") gone.add(metadata.uid);
      seen.set(metadata.uid, metadata.resourceVersion);
      tell(event.type, event.object);
    }
  })();
  await Promise.race([opened.promise, watching]);
  onEnd(async () => {
    end.abort();
    await watching;
  });
  return async () => {
    const now = await list();
    await eventually(() => {
      const behind = [...now.versions].filter(
        ([uid, version]) => compareResourceVersions(seen.get(uid) ?? "", version) < 0,
      );
      const left = [...seen].filter(
        ([uid, version]) =>
          !now.versions.has(uid) && !gone.has(uid) && compareResourceVersions(version, now.resourceVersion) <= 0,
      );
      expect([...behind, ...left]).toEqual([]);
    });
  };
}
