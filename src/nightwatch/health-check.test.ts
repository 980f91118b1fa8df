import { describe, expect, it } from "vitest";
import {
  anAgent,
  aPodOf,
  evicted,
  exited,
  NOON,
  noonPlus,
  pending,
  type PodFate,
  running,
  stopping,
  unschedulable,
  waitingFor,
} from "../../test/builders.ts";
import type { ContainerStatus } from "../kube/types-core.ts";
import { type Health, healthOf } from "./health-check.ts";

const notReady = (startedAt: string | undefined, more: readonly ContainerStatus[] = []): PodFate => ({
  status: {
    phase: "Running",
    startTime: noonPlus(-300),
    conditions: [{ type: "Ready", status: "False" }],
    containerStatuses: [
      { name: "agent", ready: false, state: { running: startedAt === undefined ? {} : { startedAt } } },
      ...more,
    ],
  },
});

const restartingSidecar: ContainerStatus = {
  name: "proxy",
  ready: false,
  restartCount: 3,
  state: { waiting: { reason: "CrashLoopBackOff" } },
};

/** The agent's container has ended, another container of its Pod goes on. */
const ending = (exitCode: number, reason: string): PodFate => ({
  status: {
    phase: "Running",
    containerStatuses: [{ name: "agent", state: { terminated: { exitCode, reason } } }],
  },
});

const pulling = (): PodFate => ({
  status: { ...waitingFor("ContainerCreating").status, startTime: noonPlus(-3000) },
});

describe("a health check (S6)", () => {
  it.each<[string, Health | undefined, PodFate]>([
    ["runs and is ready", "healthy", running()],
    ["waits with an error reason", "unhealthy", waitingFor("ImagePullBackOff")],
    ["cannot be configured", "unhealthy", waitingFor("CreateContainerConfigError")],
    ["was OOM-killed", "unhealthy", exited(137, 0, "OOMKilled")],
    ["was OOM-killed while its sidecar goes on", "unhealthy", ending(137, "OOMKilled")],
    ["failed and is about to be started again", "unhealthy", exited(1)],
    ["has a container that is being restarted", "unhealthy", notReady(noonPlus(-10), [restartingSidecar])],
    ["is not ready a second past its start-up grace", "unhealthy", notReady(noonPlus(-61))],
    ["has turned not ready long after its start", "unhealthy", notReady(noonPlus(-3600))],
    ["is not ready, and only the Pod says since when", "unhealthy", notReady(undefined)],
    ["is not ready at the end of its start-up grace", undefined, notReady(noonPlus(-60))],
    ["has no node yet", undefined, pending()],
    ["finds no node, the cluster's ill health", undefined, unschedulable()],
    ["still gets its image, however long that takes", undefined, pulling()],
    ["finished a pass", undefined, exited(0)],
    ["finished a pass while its sidecar goes on", undefined, ending(0, "Completed")],
    ["was evicted", undefined, evicted()],
    ["is being deleted", undefined, stopping()],
    ["is being deleted and not ready", undefined, stopping(notReady(noonPlus(-3600)))],
  ])("of a Pod that %s finds it %s", (_, expected, fate) => {
    expect(healthOf(aPodOf(anAgent(), 1, fate), NOON)).toBe(expected);
  });

  it("counts an init container that is being restarted", () => {
    const fate: PodFate = { status: { phase: "Pending", initContainerStatuses: [restartingSidecar] } };
    expect(healthOf(aPodOf(anAgent(), 1, fate), NOON)).toBe("unhealthy");
  });
});
