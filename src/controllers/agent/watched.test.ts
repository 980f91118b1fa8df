import { expect, it } from "vitest";
import { anAgent, aPodOf, exited, running } from "../../../test/builders.ts";
import { aJobOf, aJobPod, aRun, growthAgent } from "../../../test/run-builders.ts";
import { toldCaches } from "../../../test/told-caches.ts";
import { watchedAgentOf } from "./watched.ts";

const sentinel = anAgent();
const reviewer = growthAgent();
const job = aJobOf(aRun());

it.each([
  ["a Safety agent's Pod that runs", aPodOf(sentinel, 1, running()), sentinel.metadata.uid],
  ["a Safety agent's Pod that failed: the next one is due", aPodOf(sentinel, 1, exited(1)), sentinel.metadata.uid],
  ["a Pod of an earlier agent of that name", aPodOf(anAgent({ uid: "old" }), 1), undefined],
  ["a run's Pod that runs", aJobPod(job, 1, running()), reviewer.metadata.uid],
  ["a run's Pod that failed, kept as history", aJobPod(job, 1, exited(1)), undefined],
])("whose health %s is (S6)", (_, pod, uid) => {
  const { caches, put } = toldCaches();
  put("agents", sentinel);
  put("agents", reviewer);
  expect(watchedAgentOf(caches)(pod)?.uid).toBe(uid);
});
