import { describe, expect, it } from "vitest";
import {
  anAgent,
  aPodOf,
  exited,
  noonPlus,
  pending,
  type PodFate,
  running,
  stopping,
  unschedulable,
  waitingFor,
} from "../../test/builders.ts";
import { podState } from "./pod-state.ts";

const stateOf = (fate: PodFate) => podState(aPodOf(anAgent(), 1, fate));

const unready = (containerStatuses: NonNullable<PodFate["status"]>["containerStatuses"] = []): PodFate => ({
  status: { phase: "Running", conditions: [{ type: "Ready", status: "False" }], containerStatuses },
});

describe("what a Pod is doing", () => {
  it.each<[string, PodFate, object]>([
    ["is up", running(), { state: "Running", since: noonPlus(-300) }],
    [
      "is up, since nobody knows when",
      { status: { phase: "Running", conditions: [{ type: "Ready", status: "True" }] } },
      { state: "Running" },
    ],
    ["was just created", {}, { state: "Starting", message: "waits for a node" }],
    ["waits for a node", pending(), { state: "Starting", message: "waits for a node" }],
    ["creates its container", waitingFor("ContainerCreating"), { state: "Starting", message: "waits for a node" }],
    ["is not ready", unready([{ name: "agent", ready: false }]), { state: "NotReady", message: "not ready: agent" }],
    ["is not ready by a readiness gate", unready(), { state: "NotReady", message: "not ready: its conditions say so" }],
    [
      "ended",
      exited(0),
      { state: "Ended", end: { class: "Success", code: 0, reason: "Completed", time: noonPlus(0) } },
    ],
    ["is being deleted", stopping(), { state: "Stopping" }],
    ["is being deleted and has ended", stopping(exited(1)), { state: "Stopping" }],
    [
      "fits no node (R6)",
      unschedulable("0/3 nodes are available"),
      { state: "Blocked", reason: "Unschedulable", message: "0/3 nodes are available", needsHuman: false },
    ],
    [
      "pulls in vain (R6)",
      waitingFor("ImagePullBackOff", "not found"),
      {
        state: "Blocked",
        reason: "ImagePullFailed",
        message: "container agent: ImagePullBackOff: not found",
        needsHuman: false,
      },
    ],
    [
      "pulls in vain for a first container (R6)",
      {
        status: {
          phase: "Pending",
          initContainerStatuses: [{ name: "clone", state: { waiting: { reason: "ErrImagePull" } } }],
          containerStatuses: [{ name: "agent", state: { waiting: { reason: "PodInitializing" } } }],
        },
      },
      { state: "Blocked", reason: "ImagePullFailed", message: "container clone: ErrImagePull", needsHuman: false },
    ],
  ])("it %s", (_, fate, state) => {
    expect(stateOf(fate)).toEqual(state);
  });

  it.each([
    ["ErrImagePull", "ImagePullFailed", false],
    ["ImagePullBackOff", "ImagePullFailed", false],
    ["RegistryUnavailable", "ImagePullFailed", false],
    ["SignatureValidationFailed", "ImagePullFailed", false],
    ["ErrImageNeverPull", "ImagePullFailed", true],
    ["InvalidImageName", "InvalidImage", true],
    ["CreateContainerConfigError", "InvalidConfig", true],
    ["CreateContainerError", "StartFailed", false],
  ])("tells a passing %s from one that a human must mend", (waiting, reason, needsHuman) => {
    expect(stateOf(waitingFor(waiting))).toMatchObject({ state: "Blocked", reason, needsHuman });
  });

  it("names the node that a Pod starts on", () => {
    const pod = aPodOf(anAgent(), 1, pending(), (made) => ({ ...made, spec: { ...made.spec, nodeName: "n1" } }));
    expect(podState(pod)).toEqual({ state: "Starting", message: "starts on node n1" });
  });
});

describe("a Pod between its container's end and its own", () => {
  it.each([0, 1])("is ending after exit %i: what it ended as is not final, and it is no trouble (L3)", (code) => {
    expect(stateOf(unready(exited(code).status?.containerStatuses))).toEqual({ state: "Ending" });
  });
});
