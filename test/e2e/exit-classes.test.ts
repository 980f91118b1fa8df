import { beforeAll, describe, expect, it } from "vitest";
import type { AgentSpecInput } from "../../src/api/v1alpha1/agent.ts";
import type { AgentRun, AgentRunStatus } from "../../src/api/v1alpha1/agent-run.ts";
import { jobResource, podResource } from "../../src/kube/types-core.ts";
import { agentContainerStatus } from "../../src/workloads/agent-container.ts";
import { anOperatedNamespace } from "../integration/operator-support.ts";
import { apply, eventually, mustKubectl } from "../integration/support.ts";
import { growthIn } from "./growth.ts";

interface Case {
  readonly what: string;
  readonly task?: string;
  readonly spec?: Partial<AgentSpecInput>;
  /** What the run shows while it cannot start. Its time is up then, however long the kubelet took to say so. */
  readonly shows?: string;
  readonly exit: NonNullable<AgentRunStatus["exit"]>;
}

const small = { limits: { memory: "32Mi" } };
const within = (activeDeadlineSeconds: number) => ({ runLimits: { activeDeadlineSeconds } });
const missing = { secretKeyRef: { name: "missing", key: "token" } };

const cases: Readonly<Record<string, Case>> = {
  zero: { what: "exit code 0", task: "true", exit: { class: "Success", code: 0, reason: "Completed" } },
  three: { what: "exit code 3", task: "exit 3", exit: { class: "AgentError", code: 3, reason: "Error" } },
  "no-command": {
    what: "a command that is not in the image",
    spec: { command: ["/no/such/program"] },
    exit: { class: "ConfigError", code: 128, reason: "StartError" },
  },
  memory: {
    what: "more memory than its limit",
    task: "exec dd if=/dev/zero of=/dev/null bs=256M count=1",
    spec: { resources: small },
    exit: { class: "OutOfMemory", code: 137, reason: "OOMKilled" },
  },
  "memory-of-child": {
    what: "more memory than its limit in a program that its shell started",
    task: "dd if=/dev/zero of=/dev/null bs=256M count=1; exit 7",
    spec: { resources: small },
    // 7 with cgroups of version 1; version 2 ends the whole container, with 137.
    exit: { class: "OutOfMemory", code: expect.any(Number), reason: "OOMKilled" },
  },
  deadline: {
    what: "more time than its limit, stopping when asked to",
    task: "trap 'exit 5' TERM; sleep 600 & wait",
    spec: within(3),
    exit: { class: "Timeout", reason: "DeadlineExceeded" },
  },
  "deadline-deaf": {
    what: "more time than its limit, not listening",
    task: "sleep 600",
    spec: { ...within(3), podTemplate: { spec: { terminationGracePeriodSeconds: 1 } } },
    exit: { class: "Timeout", reason: "DeadlineExceeded" },
  },
  image: {
    what: "an image that cannot be pulled, until its time is up",
    spec: { image: "darkfactory.test/none:1" },
    shows: "ImagePullFailed",
    exit: { class: "ImageError", reason: "ImagePullFailed" },
  },
  "image-name": {
    what: "an image whose name is none, until its time is up",
    spec: { image: "Darkfactory.test/None:1" },
    shows: "InvalidImage",
    exit: { class: "ImageError", reason: "InvalidImage" },
  },
  secret: {
    what: "a Secret that is missing, until its time is up",
    spec: { env: [{ name: "TOKEN", valueFrom: missing }] },
    shows: "InvalidConfig",
    exit: { class: "ConfigError", reason: "InvalidConfig" },
  },
  unschedulable: {
    what: "no node that takes it, until its time is up",
    spec: { podTemplate: { spec: { nodeSelector: { "example.com/moon": "yes" } } } },
    shows: "Unschedulable",
    exit: { class: "Timeout", reason: "DeadlineExceeded" },
  },
};

/**
 * Waits to be told by a ConfigMap, which only a Pod that starts later sees; stopped before, it fails. It takes its time to
 * stop, as an agent does that has work to put away: the operator must mark a Pod that was deleted before it has failed.
 */
const untilReleased = {
  task: '[ "$RELEASED" = yes ] && exit 0; trap "sleep 10; exit 9" TERM; sleep 600 & wait',
  spec: {
    env: [{ name: "RELEASED", valueFrom: { configMapKeyRef: { name: "gate", key: "released", optional: true } } }],
  },
};
const taken = ["evicted", "deleted", "job-deleted"];

describe("on a real node", () => {
  const operated = anOperatedNamespace();
  const { namespace } = operated;
  const growth = growthIn(operated);
  const firstPods = new Map<string, string>();
  beforeAll(async () => {
    const all = [
      ...Object.entries(cases).map(([name, { task = "true", spec }]) => ({ name, task, spec })),
      ...taken.map((name) => ({ name, ...untilReleased })),
    ];
    await Promise.all(
      all.map(async ({ name, task, spec }) => {
        await growth.agent(name, task, spec);
        await growth.request(`${name}-1`, name);
      }),
    );
  });

  /** The one Pod of a run, once it runs. */
  const runningPod = (run: string): Promise<string> =>
    eventually(
      async () => {
        const pods = await growth.podsOf(run);
        expect(pods.map(({ status }) => status?.phase)).toEqual(["Running"]);
        return pods[0]!.metadata.name;
      },
      { timeoutMs: 120_000 },
    );

  /**
   * containerd hears of a container's end and of its lack of memory from two sources; when the end comes first, the
   * kubelet reports "Error" for good. Such a run shows nothing of R4, so another one is asked for.
   */
  const outOfMemory = async (name: string, attempt = 1): Promise<AgentRun> => {
    const ended = await growth.ended(`${name}-${attempt}`);
    const states = (await growth.podsOf(`${name}-${attempt}`)).map(
      (pod) => agentContainerStatus(pod)?.state?.terminated,
    );
    if (attempt === 5 || states.some((state) => state?.reason === "OOMKilled")) return ended;
    await growth.request(`${name}-${attempt + 1}`, name);
    return await outOfMemory(name, attempt + 1);
  };

  it("a run whose Pods or Job are taken away while they run is set up", async () => {
    for (const name of taken) firstPods.set(name, await runningPod(`${name}-1`));
    await apply({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "gate", namespace },
      data: { released: "yes" },
    });
    const pod = firstPods.get("evicted");
    const input = JSON.stringify({ apiVersion: "policy/v1", kind: "Eviction", metadata: { name: pod, namespace } });
    await mustKubectl(["create", "--raw", `/api/v1/namespaces/${namespace}/pods/${pod}/eviction`, "-f", "-"], {
      input,
    });
    await operated.remove(podResource, firstPods.get("deleted") ?? "");
    await operated.remove(jobResource, "job-deleted-1");
  });

  it.each(Object.entries(cases).map(([name, each]) => ({ name, ...each })))(
    "a run that ends by $what is of class $exit.class (R4)",
    async ({ name, shows, exit }) => {
      if (shows !== undefined) {
        await growth.shows(`${name}-1`, shows);
        await operated.patch(jobResource, `${name}-1`, { spec: { activeDeadlineSeconds: 1 } });
      }
      const { status } = exit.class === "OutOfMemory" ? await outOfMemory(name) : await growth.ended(`${name}-1`);
      expect(status?.exit).toMatchObject(exit);
      const end = status?.conditions?.filter(({ type }) => type === "Complete" || type === "Failed");
      expect(end).toMatchObject([
        { type: exit.class === "Success" ? "Complete" : "Failed", status: "True", reason: exit.class },
      ]);
    },
  );

  it.each(["evicted", "deleted"])(
    "a run whose Pod was %s goes on with another one, which does not count (R4)",
    async (name) => {
      const { status } = await growth.ended(`${name}-1`);
      expect(status?.exit).toMatchObject({ class: "Success", code: 0 });
      expect(status?.podName).not.toBe(firstPods.get(name));
    },
  );

  it("a run whose Job was deleted is cancelled, and gets no second one", async () => {
    const { status } = await growth.ended("job-deleted-1");
    expect(status?.exit).toEqual({ class: "Cancelled", reason: "JobDeleted" });
    expect(await operated.find(jobResource, "job-deleted-1")).toBeUndefined();
    await eventually(async () => expect(await growth.podsOf("job-deleted-1")).toEqual([]));
  });

  it("a run that cannot start says why while it waits (R6)", async () => {
    const failed = async (name: string) =>
      (await growth.run(`${name}-1`)).status?.conditions?.find(({ type }) => type === "Started");
    expect(await failed("secret")).toMatchObject({ message: expect.stringContaining('secret "missing" not found') });
    expect(await failed("image")).toMatchObject({ message: expect.stringContaining("darkfactory.test/none:1") });
    expect(await failed("unschedulable")).toMatchObject({ reason: "Unschedulable" });
  });
});
