import { describe, expect, it } from "vitest";
import { evicted, exited, noonPlus, type PodFate } from "../../../test/builders.ts";
import { aJobOf, aJobPod, aRun } from "../../../test/run-builders.ts";
import type { PodStatus } from "../../kube/types-core.ts";
import { type Exit, exitOf } from "./exit.ts";

const job = aJobOf(aRun());
const podsWith = (...fates: readonly PodFate[]) => fates.map((fate, n) => aJobPod(job, n + 1, fate));
const ended = (status: PodStatus): PodFate => ({ status: { phase: "Failed", ...status } });
const failed = { succeeded: false, reason: "BackoffLimitExceeded" };
const deadline = { succeeded: false, reason: "DeadlineExceeded" };
const cannotStart = exited(128, 0, "StartError");
const checkoutFailed = ended({
  initContainerStatuses: [{ name: "workspace-git", state: { terminated: { exitCode: 128, reason: "Error" } } }],
});

describe("the exit of a run (R4)", () => {
  it.each<[string, Parameters<typeof exitOf>[0], readonly PodFate[], string | undefined, Exit]>([
    // case                              Job       Pods                        Started was       exit
    ["exit code 1", failed, [exited(1)], "JobCreated", { class: "AgentError", code: 1, reason: "Error" }],
    [
      "exit code 137 by SIGKILL",
      failed,
      [exited(137)],
      "JobCreated",
      { class: "AgentError", code: 137, reason: "Error" },
    ],
    [
      "memory above its limit",
      failed,
      [exited(137, 0, "OOMKilled")],
      "JobCreated",
      { class: "OutOfMemory", code: 137, reason: "OOMKilled" },
    ],
    [
      "a command that does not exist",
      failed,
      [cannotStart],
      "JobCreated",
      { class: "ConfigError", code: 128, reason: "StartError" },
    ],
    [
      "a checkout that failed",
      failed,
      [checkoutFailed],
      "JobCreated",
      { class: "ConfigError", code: 128, reason: "WorkspaceFailed" },
    ],
    ["a node that went, as the last end", failed, [evicted()], "JobCreated", { class: "Evicted", reason: "Evicted" }],
    [
      "the Pod's own deadline",
      failed,
      [ended({ reason: "DeadlineExceeded" })],
      "JobCreated",
      { class: "Timeout", reason: "DeadlineExceeded" },
    ],
    ["the run's deadline, Pod gone", deadline, [], "JobCreated", { class: "Timeout", reason: "DeadlineExceeded" }],
    [
      "the run's deadline, Pod killed",
      deadline,
      [exited(143)],
      "JobCreated",
      { class: "Timeout", code: 143, reason: "DeadlineExceeded" },
    ],
    [
      "the run's deadline, memory before",
      deadline,
      [exited(137, 0, "OOMKilled")],
      "JobCreated",
      { class: "Timeout", code: 137, reason: "DeadlineExceeded" },
    ],
    [
      "the run's deadline, no image",
      deadline,
      [],
      "ImagePullFailed",
      { class: "ImageError", reason: "ImagePullFailed" },
    ],
    [
      "the run's deadline, bad image name",
      deadline,
      [],
      "InvalidImage",
      { class: "ImageError", reason: "InvalidImage" },
    ],
    ["the run's deadline, no Secret", deadline, [], "InvalidConfig", { class: "ConfigError", reason: "InvalidConfig" }],
    ["the run's deadline, no node", deadline, [], "Unschedulable", { class: "Timeout", reason: "DeadlineExceeded" }],
    ["no trace of any Pod", failed, [], "JobCreated", { class: "Unknown", reason: "BackoffLimitExceeded" }],
    [
      "no trace of any Pod, nor of a start",
      failed,
      [],
      undefined,
      { class: "Unknown", reason: "BackoffLimitExceeded" },
    ],
    [
      "a Pod whose end nobody knows",
      failed,
      [exited(137, 0, "ContainerStatusUnknown")],
      "JobCreated",
      { class: "Unknown", code: 137, reason: "ContainerStatusUnknown" },
    ],
    [
      "the last of several failures",
      failed,
      [exited(1, -60), exited(2, -30)],
      "JobCreated",
      { class: "AgentError", code: 2, reason: "Error" },
    ],
    [
      "the last by time, not by list",
      failed,
      [exited(2, -30), exited(1, -60)],
      "JobCreated",
      { class: "AgentError", code: 2, reason: "Error" },
    ],
    [
      "a failure after an eviction",
      failed,
      [evicted(), exited(1, -30)],
      "JobCreated",
      { class: "AgentError", code: 1, reason: "Error" },
    ],
  ])("of %s", (_, job, fates, startedReason, expected) => {
    expect(exitOf(job, podsWith(...fates), startedReason)).toEqual(expected);
  });

  const complete = { succeeded: true, reason: "CompletionsReached" };
  it.each([
    ["its Pod's success", [exited(0)], { class: "Success", code: 0, reason: "Completed" }],
    [
      "success after failures, whatever ended later",
      [exited(0, -30), exited(1, 0)],
      { class: "Success", code: 0, reason: "Completed" },
    ],
    ["success whose Pod is gone", [], { class: "Success", reason: "Completed" }],
    [
      "success of which only the phase is known",
      [{ status: { phase: "Succeeded", startTime: noonPlus(-9) } } as const],
      { class: "Success", reason: "Completed" },
    ],
  ])("of a Job that is complete is %s", (_, fates, expected) => {
    expect(exitOf(complete, podsWith(...fates), "JobCreated")).toEqual(expected);
  });
});
