import { describe, expect, it } from "vitest";
import { exited, noonPlus, running, stopping } from "../../../test/builders.ts";
import {
  aJobOf,
  aJobPod,
  aRun,
  hasBegun,
  jobComplete,
  jobFailed,
  over,
  seenOfRun,
} from "../../../test/run-builders.ts";
import type { KubeClient } from "../../kube/client.ts";
import { KubeError } from "../../kube/errors.ts";
import type { KubeObject, Stored } from "../../kube/types.ts";
import { confirmed, needsConfirmation } from "./confirm.ts";
import type { Observed } from "./observed.ts";

const run = aRun({ status: hasBegun() });
const running1 = aJobOf(run);
const complete = aJobOf(run, jobComplete());
const failed = aJobOf(run, { ...jobFailed(), failed: 2 });

describe("an end is concluded from the caches alone", () => {
  it.each<[string, boolean, Partial<Observed>]>([
    ["not where a run has started and no Job is there", false, {}],
    ["where the run has not started yet", true, { run: aRun() }],
    ["where its end is recorded already", true, { run: aRun({ status: over() }) }],
    [
      "where the run itself is being deleted",
      true,
      { run: aRun({ status: hasBegun(), deletionTimestamp: noonPlus(0) }) },
    ],
    ["where its Job goes on", true, { job: running1, pods: [aJobPod(running1)] }],
    ["where its Job ended, and its Pod", true, { job: complete, pods: [aJobPod(complete, 1, exited(0))] }],
    ["not where the Job ended and its Pod seems to run", false, { job: complete, pods: [aJobPod(complete)] }],
    [
      "not where the Job ended and its Pod seems to stop",
      false,
      { job: complete, pods: [aJobPod(complete, 1, stopping())] },
    ],
    [
      "not where the Job counted more ends than there are Pods",
      false,
      { job: failed, pods: [aJobPod(failed, 1, exited(1))] },
    ],
    ["where the Job is somebody else's", true, { job: aJobOf(aRun({ uid: "x" }), jobComplete()) }],
  ])("%s", (_, expected, more) => {
    expect(needsConfirmation(seenOfRun(more.run ?? run, more))).toBe(!expected);
  });
});

describe("what the API server has now", () => {
  const gone = new KubeError({
    code: 404,
    reason: "NotFound",
    message: "not found",
    details: undefined,
    retryAfterSeconds: undefined,
    method: "GET",
    path: "/",
  });
  const { signal } = new AbortController();

  /** Answers as a server that has this Job and these Pods. */
  function serverWith(job: Stored | undefined, pods: readonly Stored[] = []): Pick<KubeClient, "get" | "list"> {
    return {
      get: <T extends KubeObject>() => (job === undefined ? Promise.reject(gone) : Promise.resolve(job as Stored<T>)),
      list: async function* <T extends KubeObject>() {
        yield await Promise.resolve({ items: pods as readonly Stored<T>[], resourceVersion: "1" });
      },
    };
  }

  it("is the Job that the cache did not show, with its Pods, the oldest first", async () => {
    const pods = [aJobPod(running1, 2, running()), aJobPod(running1, 1, exited(1))];
    const seen = await confirmed(serverWith(running1, pods), seenOfRun(run), signal);
    expect(seen.job?.metadata.uid).toBe(running1.metadata.uid);
    expect(seen.pods.map(({ metadata }) => metadata.name)).toEqual(["review-1-pod1", "review-1-pod2"]);
  });

  it("is no Job where there is none, or only somebody else's", async () => {
    expect((await confirmed(serverWith(undefined), seenOfRun(run), signal)).job).toBeUndefined();
    const foreign = aJobOf(aRun({ uid: "another" }));
    expect((await confirmed(serverWith(foreign), seenOfRun(run), signal)).job).toBeUndefined();
  });

  it("is no Pod of another Job, whatever its labels say", async () => {
    const stranger = aJobPod(aJobOf(aRun({ name: "review-2" })), 1, exited(0));
    const seen = seenOfRun(run, { job: complete });
    expect((await confirmed(serverWith(complete, [stranger]), seen, signal)).pods).toEqual([]);
  });

  it("is not guessed at where the server gives no answer", async () => {
    const silent = { ...serverWith(undefined), get: () => Promise.reject(new Error("no answer")) };
    await expect(confirmed(silent, seenOfRun(run), signal)).rejects.toThrow("no answer");
  });
});
