import { describe, expect, it } from "vitest";
import { controlledBy, controllerOf, label, managedBy, managedSelector } from "./labels.ts";

describe("who owns an object", () => {
  const owner = controlledBy("Agent", { name: "sentinel", uid: "1" });

  it("is its controller, whoever else owns it too", () => {
    const other = { ...owner, name: "other", controller: false };
    expect(controllerOf({ metadata: { ownerReferences: [other, owner] } })).toEqual(owner);
  });

  it.each([
    ["no owner at all", {}],
    ["owners that do not control it", { ownerReferences: [{ ...owner, controller: false }] }],
  ])("is nobody for an object with %s", (_, metadata) => {
    expect(controllerOf({ metadata })).toBeUndefined();
  });

  it("is said so that deleting the owner in the foreground waits for the child (F6)", () => {
    expect(owner).toEqual({
      apiVersion: "darkfactory.dev/v1alpha1",
      kind: "Agent",
      name: "sentinel",
      uid: "1",
      controller: true,
      blockOwnerDeletion: true,
    });
  });
});

it("selects what darkfactory made by the label that it gives", () => {
  expect(managedSelector).toBe(`${label.managedBy}=${managedBy}`);
});
