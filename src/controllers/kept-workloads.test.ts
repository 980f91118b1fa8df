import { describe, expect, it } from "vitest";
import {
  anAgent,
  aPodOf,
  evicted,
  exited,
  NOON,
  pending,
  running,
  seenOf,
  stopping,
  unschedulable,
  waitingFor,
} from "../../test/builders.ts";
import { aJobOf, aRun, hasBegun, jobComplete, jobFailed, seenOfRun } from "../../test/run-builders.ts";
import { decide as decideAgent } from "./agent/decide.ts";
import { decide as decideRun } from "./agent-run/decide.ts";
import { keptJob, keptPod } from "./kept-workloads.ts";

const later = NOON + 3_600_000;

describe("what a cache keeps of a workload", () => {
  const agent = anAgent();
  const onNode = (pod: ReturnType<typeof aPodOf>) => ({ ...pod, spec: { ...pod.spec, nodeName: "node-1" } });
  const edited = (pod: ReturnType<typeof aPodOf>) => ({
    ...pod,
    metadata: { ...pod.metadata, generation: 2 },
    spec: { ...pod.spec, containers: pod.spec.containers.map((each) => ({ ...each, image: "other:1" })) },
  });
  const fates = [pending(), running(), exited(0), exited(3), evicted(), waitingFor("ErrImagePull"), unschedulable()];
  const pods = [...fates, stopping()].map((fate) => aPodOf(agent, 1, fate));

  it.each([...pods, ...pods.map(onNode), ...pods.map(edited)].map((pod) => ({ pod, phase: pod.status?.phase })))(
    "of a Pod is enough to decide on its agent, $phase",
    ({ pod }) => {
      const decided = decideAgent(seenOf(agent, [keptPod(pod)]), later);
      expect(decided).toEqual(decideAgent(seenOf(agent, [pod]), later));
    },
  );

  it("of a Pod is its image, node, metadata and what is decided by of its status, and no more", () => {
    const pod = onNode(aPodOf(agent, 1, running()));
    const [container] = pod.spec.containers;
    const [status] = pod.status?.containerStatuses ?? [];
    const more = { imageID: "sha256:1", started: true, lastState: {} };
    const asStored = {
      ...pod,
      status: {
        ...pod.status,
        hostIP: "192.0.2.1",
        podIPs: [{ ip: "192.0.2.2" }],
        conditions: [
          { type: "ContainersReady", status: "True", lastProbeTime: null },
          { type: "Ready", status: "True", lastProbeTime: null, lastTransitionTime: "2026-03-01T12:00:00Z" },
        ],
        containerStatuses: [{ name: "agent", ...status, ...more }],
      },
    };
    expect(keptPod(asStored)).toEqual({
      ...pod,
      spec: { nodeName: "node-1", containers: [{ name: container?.name, image: container?.image }] },
      status: { ...pod.status, conditions: [{ type: "Ready", status: "True" }], containerStatuses: [status] },
    });
  });

  const run = aRun({ status: hasBegun() });
  it.each([{}, { startTime: "2026-03-01T12:00:00Z", active: 1 }, jobComplete(), jobFailed()])(
    "of a Job is enough to decide on its run, %o",
    (status) => {
      const job = aJobOf(run, status);
      expect(decideRun(seenOfRun(run, { job: keptJob(job) }), later)).toEqual(
        decideRun(seenOfRun(run, { job }), later),
      );
    },
  );

  it("of a Job that has ended, which is kept as history, is no template", () => {
    const job = aJobOf(run, jobComplete());
    const { template } = keptJob(job).spec;
    expect(Object.keys(template)).toEqual(["spec"]);
    expect(Object.keys(template.spec)).toEqual(["containers"]);
    expect(keptJob(aJobOf(run)).spec.template).toEqual(aJobOf(run).spec.template);
  });
});
