import { describe, expect, it } from "vitest";
import { anAgent, aPodOf, evicted, exited, noonPlus, pending, running } from "../../test/builders.ts";
import type { PodStatus } from "../kube/types-core.ts";
import { classifyEnd, hasEnded, isDisruption } from "./pod-end.ts";

const endOf = (status: PodStatus) => classifyEnd(aPodOf(anAgent(), 1, { status }));

const disrupted = (status: "True" | "False"): PodStatus => ({
  ...exited(143).status,
  conditions: [{ type: "DisruptionTarget", status, reason: "EvictionByEvictionAPI" }],
});

const initFailed: PodStatus = {
  phase: "Failed",
  initContainerStatuses: [
    { name: "fetch", state: { terminated: { exitCode: 0, reason: "Completed" } } },
    { name: "clone", state: { terminated: { exitCode: 128, reason: "Error", finishedAt: noonPlus(-1) } } },
  ],
  containerStatuses: [{ name: "agent", state: { waiting: { reason: "PodInitializing" } } }],
};

const checkoutFailed = (exitCode: number, reason: string, message?: string): PodStatus => ({
  phase: "Failed",
  initContainerStatuses: [
    {
      name: "workspace-git",
      state: {
        terminated: { exitCode, reason, finishedAt: noonPlus(-1), ...(message === undefined ? {} : { message }) },
      },
    },
  ],
  containerStatuses: [{ name: "agent", state: { waiting: { reason: "PodInitializing" } } }],
});

describe("the end of a Pod", () => {
  it.each<[string, PodStatus, ReturnType<typeof classifyEnd>]>([
    ["exit 0", exited(0).status ?? {}, { class: "Success", code: 0, reason: "Completed", time: noonPlus(0) }],
    ["exit 1", exited(1).status ?? {}, { class: "AgentError", code: 1, reason: "Error", time: noonPlus(0) }],
    [
      "memory ran out",
      exited(137, 0, "OOMKilled").status ?? {},
      { class: "OutOfMemory", code: 137, reason: "OOMKilled", time: noonPlus(0) },
    ],
    [
      "no such command",
      exited(128, 0, "StartError").status ?? {},
      { class: "ConfigError", code: 128, reason: "StartError", time: noonPlus(0) },
    ],
    [
      "nobody saw how",
      exited(137, 0, "ContainerStatusUnknown").status ?? {},
      { class: "Unknown", code: 137, reason: "ContainerStatusUnknown", time: noonPlus(0) },
    ],
    [
      "exit 0, though a program that it had started used too much memory",
      exited(0, 0, "OOMKilled").status ?? {},
      { class: "Success", code: 0, reason: "OOMKilled", time: noonPlus(0) },
    ],
    [
      "its workspace could not be checked out",
      checkoutFailed(128, "Error", "fatal: no such ref\n"),
      {
        class: "ConfigError",
        code: 128,
        reason: "WorkspaceFailed",
        message: "fatal: no such ref",
        time: noonPlus(-1),
      },
    ],
    [
      "its workspace took more memory than it may have",
      checkoutFailed(137, "OOMKilled"),
      {
        class: "OutOfMemory",
        code: 137,
        reason: "OOMKilled",
        message: "the checkout of workspace.git needs more memory than spec.resources allows",
        time: noonPlus(-1),
      },
    ],
    ["an init container failed", initFailed, { class: "AgentError", code: 128, reason: "Error", time: noonPlus(-1) }],
    [
      "its deadline passed",
      { ...exited(143).status, phase: "Failed", reason: "DeadlineExceeded" },
      { class: "Timeout", code: 143, reason: "DeadlineExceeded", time: noonPlus(0) },
    ],
    ["eviction by its node", evicted().status ?? {}, { class: "Evicted", reason: "Evicted" }],
    [
      "eviction by the API",
      disrupted("True"),
      { class: "Evicted", code: 143, reason: "EvictionByEvictionAPI", time: noonPlus(0) },
    ],
    [
      "an eviction that was called off",
      disrupted("False"),
      { class: "AgentError", code: 143, reason: "Error", time: noonPlus(0) },
    ],
    [
      "its node had no such device left",
      { phase: "Failed", reason: "OutOfexample.com/gpu" },
      { class: "Evicted", reason: "OutOfexample.com/gpu" },
    ],
    ["success without a word of its container", { phase: "Succeeded" }, { class: "Success", reason: "Completed" }],
    ["failure without a word", { phase: "Failed" }, { class: "Unknown", reason: "NoContainerStatus" }],
  ])("%s (R4)", (_, status, end) => {
    expect(endOf(status)).toEqual(end);
  });

  it("is the cluster's own doing only when it was evicted (L3, R4)", () => {
    expect(isDisruption(endOf(evicted().status ?? {}))).toBe(true);
    expect(isDisruption(endOf(exited(1).status ?? {}))).toBe(false);
  });

  it.each([
    ["pending", pending(), false],
    ["running", running(), false],
    ["succeeded", exited(0), true],
    ["failed", exited(1), true],
    ["without a status", {}, false],
  ])("has come for a Pod that is %s: %#", (_, fate, ended) => {
    expect(hasEnded(aPodOf(anAgent(), 1, fate))).toBe(ended);
  });
});
