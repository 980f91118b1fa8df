import { describe, expect, it } from "vitest";
import { collectionPath, objectPath, parseRequest } from "./resource-path.ts";
import type { ResourceType } from "./types.ts";

const AGENT: ResourceType = {
  group: "darkfactory.dev",
  version: "v1alpha1",
  kind: "Agent",
  plural: "agents",
  namespaced: true,
};
const POD: ResourceType = { group: "", version: "v1", kind: "Pod", plural: "pods", namespaced: true };
const NODE: ResourceType = { group: "", version: "v1", kind: "Node", plural: "nodes", namespaced: false };
const NAMESPACE: ResourceType = { ...NODE, kind: "Namespace", plural: "namespaces" };

describe("a resource's path", () => {
  it.each([
    [collectionPath(AGENT, undefined), "/apis/darkfactory.dev/v1alpha1/agents"],
    [collectionPath(AGENT, "x"), "/apis/darkfactory.dev/v1alpha1/namespaces/x/agents"],
    [objectPath(POD, { namespace: "x", name: "p" }, "log"), "/api/v1/namespaces/x/pods/p/log"],
    [objectPath(NODE, { name: "n" }), "/api/v1/nodes/n"],
    [objectPath(POD, { namespace: "x", name: "a/../b?c" }), "/api/v1/namespaces/x/pods/a%2F..%2Fb%3Fc"],
  ])("is %s", (path, expected) => {
    expect(path).toBe(expected);
  });

  it.each(["", ".", ".."])("refuses the name %j, which would lead elsewhere", (name) => {
    expect(() => objectPath(POD, { namespace: "x", name })).toThrow(TypeError);
    expect(() => collectionPath(POD, name)).toThrow(TypeError);
  });

  it("of a namespaced object needs its namespace", () => {
    expect(() => objectPath(POD, { name: "p" })).toThrow("a namespaced object needs its namespace");
  });
});

describe("a request read back", () => {
  it.each([
    ["GET", collectionPath(AGENT, "x"), { verb: "list", group: "darkfactory.dev", resource: "agents", namespace: "x" }],
    ["GET", `${collectionPath(POD, undefined)}?watch=true`, { verb: "watch", group: "", resource: "pods" }],
    ["GET", objectPath(POD, { namespace: "x", name: "p" }, "log"), { verb: "get", name: "p", subresource: "log" }],
    ["POST", collectionPath(POD, "x"), { verb: "create", resource: "pods" }],
    ["PATCH", objectPath(AGENT, { namespace: "x", name: "a" }, "status"), { verb: "patch", subresource: "status" }],
    ["DELETE", objectPath(NAMESPACE, { name: "x" }), { verb: "delete", resource: "namespaces", name: "x" }],
    [
      "GET",
      `${objectPath(NAMESPACE, { name: "x" })}/status`,
      { resource: "namespaces", name: "x", subresource: "status" },
    ],
    ["GET", "/readyz", { resource: undefined }],
  ])("of %s %s names its parts", (method, path, expected) => {
    expect(parseRequest(method, path)).toMatchObject(expected);
  });
});
