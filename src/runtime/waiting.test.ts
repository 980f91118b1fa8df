import { describe, expect, test } from "vitest";
import { KubeError, TransportError } from "../kube/errors.ts";
import type { ReflectorState } from "../kube/reflector-contract.ts";
import type { ResourceType } from "../kube/types.ts";
import { waitingFor, whyNotSynced, type Waiting } from "./waiting.ts";

const agents: ResourceType = {
  group: "darkfactory.dev",
  version: "v1alpha1",
  kind: "Agent",
  plural: "agents",
  namespaced: true,
};
const pods: ResourceType = { group: "", version: "v1", kind: "Pod", plural: "pods", namespaced: true };
const leases: ResourceType = { ...pods, group: "coordination.k8s.io", kind: "Lease", plural: "leases" };

const path = "/apis/darkfactory.dev/v1alpha1/agents";
const answered = (code: number, message: string): KubeError =>
  new KubeError({ message, code, reason: "", details: undefined, retryAfterSeconds: undefined, method: "GET", path });
const refused = new TransportError("unsent", { method: "GET", path }, "connect ECONNREFUSED 127.0.0.1:6443");

function failing(type: ResourceType, lastError: Error | undefined): Waiting {
  const state: ReflectorState = {
    phase: "waiting",
    lists: 1,
    watches: 0,
    relists: { expired: 0, "watch-failed": 0, safety: 0, "sink-failed": 0, "out-of-order": 0 },
    idleAborts: 0,
    failuresInARow: 1,
    lastError,
  };
  return { type, hasSynced: () => false, reflectorState: () => state };
}

describe("what a cache waits for", () => {
  test.each([
    ["nothing went wrong so far", agents, undefined, "reading agents.darkfactory.dev"],
    ["no connection", agents, refused, "the API server cannot be reached: connect ECONNREFUSED 127.0.0.1:6443"],
    [
      "403 names verb and resource",
      agents,
      answered(403, "User x cannot list"),
      "no permission to list agents.darkfactory.dev: User x cannot list",
    ],
    [
      "401 names them too",
      agents,
      answered(401, "Unauthorized"),
      "the API server does not accept our credentials, to list agents.darkfactory.dev: Unauthorized",
    ],
    [
      "404 on a kind of our own tells how to install it",
      agents,
      answered(404, "the server could not find the requested resource"),
      "agents.darkfactory.dev is not known to the API server; the CRDs are not installed: kubectl apply -f crds/",
    ],
    [
      "404 on a kind of Kubernetes",
      leases,
      answered(404, "x"),
      "the API server does not serve leases.coordination.k8s.io v1",
    ],
    ["anything else", agents, answered(500, "etcd is gone"), "cannot list agents.darkfactory.dev: 500: etcd is gone"],
  ])("%s", (_, type, error, expected) => {
    expect(whyNotSynced(failing(type, error))).toBe(expected);
  });

  test("is nothing once it is filled", () => {
    expect(whyNotSynced({ ...failing(agents, refused), hasSynced: () => true })).toBeUndefined();
  });
});

test("an API server that is down is one line for all caches", () => {
  expect(waitingFor([failing(agents, refused), failing(pods, refused)])).toHaveLength(1);
});
