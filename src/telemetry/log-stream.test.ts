import { describe, expect, it } from "vitest";
import type { ContainerStatus, Pod } from "../kube/types-core.ts";
import type { Stored } from "../kube/types.ts";
import { stored } from "../runtime/testing.ts";
import { streamOf } from "./log-stream.ts";

const pod = (...containerStatuses: readonly ContainerStatus[]): Stored<Pod> => ({
  ...stored({ name: "sentinel-1" }),
  spec: { containers: [] },
  status: { phase: "Running", containerStatuses },
});

describe("the log of a Pod's agent", () => {
  it("is one of its own for each Pod and each restart of the container (S5)", () => {
    expect(streamOf(pod({ name: "agent", restartCount: 2, state: { running: {} } }))).toEqual({
      namespace: "ns",
      pod: "sentinel-1",
      container: "sentinel-1-uid/2",
      hasEnded: false,
    });
  });

  it("has ended with the container", () => {
    expect(streamOf(pod({ name: "agent", state: { terminated: { exitCode: 0 } } }))).toMatchObject({
      container: "sentinel-1-uid/0",
      hasEnded: true,
    });
  });

  it.each([
    ["has no container yet", pod()],
    ["waits to start it", pod({ name: "agent", state: { waiting: { reason: "ContainerCreating" } } })],
    ["runs another container only", pod({ name: "sidecar", state: { running: {} } })],
    ["is not known to its node", { ...stored({ name: "sentinel-1" }), spec: { containers: [] } }],
  ])("does not exist while the Pod %s", (_, pod) => {
    expect(streamOf(pod)).toBeUndefined();
  });
});
